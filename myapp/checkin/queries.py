"""What can be asked about the door; nothing here writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, Sum
from django.http import Http404
from django.utils.translation import gettext as _

from myapp.checkin.models import Presence
from myapp.events.models import Event
from myapp.registrations.models import Desk, Registration, State, Way
from myapp.registrations.queries import desk_of

# People come early, and a night goes on.
OPENS = dt.timedelta(hours=4)
CLOSES = dt.timedelta(hours=6)
_MOST_FOUND = 20
_MOST_WAITING = 100


def opens_at(event: Event) -> dt.datetime:
    """Return from when on people are let in."""
    return event.starts_at - OPENS


def closes_at(event: Event) -> dt.datetime:
    """Return until when people are let in; from then on devices forget what they know."""
    return event.ends_at + CLOSES


def released_from(desk: Desk) -> dt.datetime | None:
    """Return from when on the places of who is not there may go to the queue; None where never. No queries."""
    if desk.release_minutes is None:
        return None
    return desk.event.starts_at + dt.timedelta(minutes=desk.release_minutes)


def queue_of(desk: Desk) -> list[Registration]:
    """Return who waits, in order; one query. Before them in the list is who comes before them."""
    waiting = desk.registrations.filter(state=State.WAITING)
    return list(waiting.select_related("ticket_type").order_by("queue_number")[:_MOST_WAITING])


def not_there(desk: Desk) -> int:
    """Return how many confirmed places have not been seen at the door yet; one query."""
    came = Presence.objects.filter(registration=OuterRef("pk"), first_in_at__isnull=False)
    absent = desk.registrations.filter(~Exists(came), state=State.CONFIRMED)
    return absent.aggregate(places=Sum("places"))["places"] or 0


def has_come(registration: Registration) -> bool:
    """Whether anybody of a registration is in, or has been; one query."""
    return Presence.objects.filter(registration=registration, first_in_at__isnull=False).exists()


def came_with(registrations: Collection[Registration]) -> set[int]:
    """Return the keys of those registrations of which anybody is in, or has been; one query."""
    came = Presence.objects.filter(registration__in=registrations, first_in_at__isnull=False)
    return set(came.values_list("registration", flat=True))


def desk_with_door_or_404(slug: str) -> Desk:
    """Return the desk of an event that has a door, with its event and ticket types; two queries.

    Only for views that go on to ask `rules`. Raises `Http404` where people just come or register elsewhere.
    """
    desk = desk_of(slug)
    if desk is None or desk.way != Way.HERE:
        raise Http404(_("There is no door here: nobody registers for this event on this site."))
    return desk


class Found(NamedTuple):
    """One place of a registration, as a search shows it."""

    registration: Registration
    place: int
    name: str
    presence: Presence | None


def name_of_place(registration: Registration, place: int) -> str:
    """Return who has a place: the person, or a guest by name or number. No queries."""
    if place == 0:
        return registration.name
    named = registration.guests[place - 1] if place <= len(registration.guests) else ""
    return named or _("Guest %(number)s of %(name)s") % {"number": place, "name": registration.name}


def find(desk: Desk, words: str) -> list[Found]:
    """Return the places of up to twenty registrations whose code, name or guests have these words; two queries."""
    code = words.strip().lower().replace("-", "").replace(" ", "")
    registrations = (
        Registration.objects.filter(desk=desk, state=State.CONFIRMED)
        .filter(Q(code=code) | Q(name__icontains=words) | Q(guests__icontains=words))
        .select_related("ticket_type")
        .order_by("name", "pk")[:_MOST_FOUND]
    )
    found = list(registrations)
    presences = {
        (presence.registration_id, presence.place): presence
        for presence in Presence.objects.filter(registration__in=found)
    }
    return [
        Found(each, place, name_of_place(each, place), presences.get((each.pk, place)))
        for each in found
        for place in range(each.places)
    ]
