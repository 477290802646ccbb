"""Buildings and rooms: where things happen, and what is on in them. They list events, so they live here."""

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from myapp.events import places, queries
from myapp.events.calendar_days import Week
from myapp.events.calendar_pages import timetable
from myapp.events.filters import EventFilters
from myapp.events.models import Event
from myapp.events.search import search
from myapp.events.subscribing import subscription
from myapp.venues.models import Building
from myapp.web.policies import public_page


@public_page(keep=60)
def buildings(request: HttpRequest) -> HttpResponse:
    """List all buildings; two queries."""
    return TemplateResponse(request, "events/buildings.html", {"buildings": places.list_buildings()})


@public_page(keep=60)
def building(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a building, its rooms and what is on in it; six queries."""
    building = get_object_or_404(Building, slug=slug)
    filters = EventFilters(building=slug)
    results = search(filters)
    more = filters.with_(after=results.more).link() if results.more else ""
    context = {
        "building": building,
        "map_url": places.map_url(building),
        "rooms": places.rooms_of(building),
        "days": queries.by_day(results.rows),
        "count": results.count,
        "capped": results.capped,
        "past_url": reverse("events:list") + filters.with_(archive=True).link(),
        "more_url": more and reverse("events:list") + more,
        "more_part": more and reverse("events:results") + more,
        "subscription": subscription("/events", filters.link()),
    }
    return TemplateResponse(request, "events/building.html", context)


@public_page(keep=60, reads=places.ROOM_READS)
def rooms(request: HttpRequest) -> HttpResponse:
    """List rooms by building, narrowed by seats and by a way in without steps; two queries."""
    filters = places.RoomFilters.parse(request.GET)
    listed = places.list_rooms(filters)
    context = {
        "filters": filters,
        "listed": listed,
        "count": sum(len(building.rooms) for building in listed),
        "seats": [
            (seats, filters.link(seats=0 if seats == filters.seats else seats)) for seats in places.SEATS
        ],
        "step_free_url": filters.link(step_free=not filters.step_free),
    }
    return TemplateResponse(request, "events/rooms.html", context)


@public_page(keep=60, reads=("week",))
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a room and a week of what is on in it, this one without ?week=; five queries."""
    try:
        week = Week.parse(request.GET["week"]) if "week" in request.GET else Week.this()
    except ValueError:
        raise BadRequest(_("There is no such week.")) from None
    state = places.room_of_slug(slug)
    if state is None:
        raise Http404(_("There is no such room."))
    context = {
        "room": state.room,
        "now": state.now,
        "next": state.next,
        "map_url": places.map_url(state.room.building),
        "timetable": timetable(Event.objects.public().filter(room=state.room.pk), week),
        "this_week": week == Week.this(),
        "previous": week.neighbour(-1),
        "following": week.neighbour(1),
    }
    return TemplateResponse(request, "events/room.html", context)
