"""Feeds: one event, an organisation or any search, for calendars (.ics) and for readers (Atom)."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from myapp.events import calendars, feeds, rules
from myapp.events.filters import FEED_READS, EventFilters
from myapp.events.models import Event, Organisation
from myapp.events.search import matching
from myapp.events.subscribing import subscription
from myapp.events.views.details import event_or_way_on
from myapp.venues.models import Building
from myapp.web.addresses import whole_address
from myapp.web.languages import language_prefix
from myapp.web.policies import public_page

# For the cache in front: feeds of everything and of organisations are fetched anew when they change, those of searches are not.
KEEP = 60
# A feed holds what was on lately in any case.
READS = tuple(name for name in FEED_READS if name != "archive")


def _calendar(ics: bytes, name: str) -> HttpResponse:
    """Answer with a calendar, which phones offer to keep; not something for search engines to show."""
    headers = {"Content-Disposition": f'inline; filename="{name}.ics"', "X-Robots-Tag": "noindex"}
    return HttpResponse(ics, content_type="text/calendar; charset=utf-8", headers=headers)


def _atom(xml: bytes) -> HttpResponse:
    return HttpResponse(xml, content_type=feeds.AtomFeed.content_type, headers={"X-Robots-Tag": "noindex"})


def _name(filters: EventFilters) -> str:
    """Return what a search's feed is called; a query for each organisation or building that the search names."""
    named = ((Organisation, filters.organisation), (Building, filters.building))
    found = (model.objects.filter(slug=slug).values_list("name", flat=True) for model, slug in named if slug)
    return feeds.feed_name(filters, *(name for names in found for name in names))


@public_page(keep=KEEP)
def event_ics(_request: HttpRequest, slug: str) -> HttpResponse:
    """Offer one event, open to everyone or to whoever has the link; one query."""
    event = event_or_way_on(slug)
    if not rules.is_open_to_everyone(event):
        raise Http404
    if slug != event.slug:
        return HttpResponsePermanentRedirect(f"{language_prefix()}/events/{event.slug}.ics")
    return _calendar(calendars.event_ics(event), event.slug)


@public_page(keep=KEEP, reads=READS)
def search_ics(request: HttpRequest) -> HttpResponse:
    """Offer what matches a search, as a calendar that follows it; two queries, three more for each name in it."""
    filters = EventFilters.parse(request.GET)
    found = feeds.calendar_events(matching(filters), matching(filters.with_(archive=True)))
    address = whole_address("/events.ics") + filters.link()
    return _calendar(calendars.feed_ics(found, name=_name(filters), address=address), "events")


@public_page(keep=KEEP, reads=READS)
def subscribe(request: HttpRequest) -> HttpResponse:
    """Say how to follow a search, or everything; a query for each organisation or building in it."""
    filters = EventFilters.parse(request.GET)
    context = {
        "name": _name(filters),
        "is_narrowed": bool(filters.link()),
        "list_url": reverse("events:list") + filters.link(),
        "subscription": subscription("/events", filters.link()),
        "past_days": feeds.PAST_DAYS,
        "most_in_calendar": feeds.MOST_IN_CALENDAR,
    }
    return TemplateResponse(request, "events/subscribe.html", context)


@public_page(keep=KEEP, reads=READS)
def search_atom(request: HttpRequest) -> HttpResponse:
    """Tell what was announced or changed lately of what matches a search; one query, two more for each name in it."""
    filters = EventFilters.parse(request.GET)
    found = feeds.announced_events(matching(filters))
    page, address = (whole_address(path) + filters.link() for path in ("/events/", "/events.atom"))
    return _atom(feeds.atom(found, name=_name(filters), page=page, address=address))


@public_page(keep=KEEP)
def organisation_ics(_request: HttpRequest, slug: str) -> HttpResponse:
    """Offer what an organisation puts on, as a calendar to subscribe to; three queries."""
    organisation = get_object_or_404(Organisation, slug=slug)
    upcoming, past = (
        events.filter(organisation=organisation)
        for events in (Event.objects.upcoming(), Event.objects.past())
    )
    found = feeds.calendar_events(upcoming, past)
    address = whole_address(f"/organisations/{slug}.ics")
    return _calendar(calendars.feed_ics(found, name=organisation.name, address=address), slug)


@public_page(keep=KEEP)
def organisation_atom(_request: HttpRequest, slug: str) -> HttpResponse:
    """Tell what an organisation announced or changed lately; two queries."""
    organisation = get_object_or_404(Organisation, slug=slug)
    found = feeds.announced_events(Event.objects.upcoming().filter(organisation=organisation))
    address = whole_address(f"/organisations/{slug}.atom")
    return _atom(
        feeds.atom(found, name=organisation.name, page=whole_address(organisation.path), address=address)
    )
