"""What an event's page says to everybody about registering: places, ticket types, for whom, from when until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.events.models import Event
from myapp.events.rules import is_open_to_everyone, is_out
from myapp.events.times import spoken_moment
from myapp.registrations import keys, queries, rules
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Audience, Desk, TicketType, Way
from myapp.registrations.queue import is_before_the_draw
from myapp.registrations.seats import Seats, all_seats, least
from myapp.web.languages import language_prefix


@dataclass(frozen=True)
class Offer:
    """A ticket type as everybody sees it: `refusal` says why nobody can have it at the moment."""

    type: TicketType
    seats: Seats
    for_whom: str
    when: str
    refusal: RegistrationRefused | None


def part(event: Event) -> Mapping[str, object]:
    """Return what "registrations/_desk.html" shows of an event; two queries, one where people just come."""
    desk = queries.desk_with_types(event)
    if desk is None:
        return {"desk": None}
    return panel_of(desk, desk.types.all()) | {
        "is_elsewhere": desk.way == Way.ELSEWHERE,
        "desk_host": urlsplit(desk.url).hostname or "",
        "cancel_until": spoken_moment(desk.cancel_until or event.starts_at),
    }


def panel_of(desk: Desk, kinds: Iterable[TicketType]) -> dict[str, object]:
    """Return what that and a person's own panel have in common, of a desk with its event, and its types. No queries."""
    offers = [offer_of(kind, desk) for kind in kinds]
    refusals = [offer.refusal for offer in offers if offer.refusal]
    event, prefix = desk.event, language_prefix()
    return {
        "desk": desk,
        "offers": offers,
        "seats": seats_of(desk, offers),
        "seats_move": where_seats_move(event),
        "is_draw": is_before_the_draw(desk),
        "draw_at": spoken_moment(desk.draw_at) if desk.draw_at else "",
        "desk_refusal": refusals[0] if refusals and len(refusals) == len(offers) else None,
        "register_url": f"{prefix}/my/events/{event.slug}/register/",
        "place_url": f"{prefix}/_mine/events/{event.slug}/place/",
    }


@dataclass(frozen=True)
class SeatsMove:
    """The addresses of what says how many places are left as they change, and of what says it once."""

    stream: str
    part: str


def where_seats_move(event: Event) -> SeatsMove | None:
    """Return where an open page of the event is told how many places are left; None where it is not out.

    What is not open to everyone has a key in its addresses: its page is for whoever may see the event.
    """
    prefix = language_prefix()
    if is_open_to_everyone(event):
        return SeatsMove(f"{prefix}/_live/seats/{event.code}/", f"{prefix}/_part/seats/{event.code}/")
    if not is_out(event):
        return None
    key = keys.seats_key_of(event)
    return SeatsMove(f"{prefix}/_live/seats/{key}/", f"{prefix}/r/{key}/seats/")


def offer_of(kind: TicketType, desk: Desk) -> Offer:
    """Return a ticket type as everybody sees it. No queries but for whose members it is for."""
    free = least(desk.free, kind.free)
    capacity = kind.capacity if desk.capacity is None else least(kind.capacity, desk.capacity)
    return Offer(
        type=kind,
        seats=Seats(capacity, free, kind.taken, kind.waiting),
        for_whom=for_whom(kind, desk),
        when=_when(kind, desk.event),
        refusal=rules.why_not_now(kind, desk),
    )


def seats_of(desk: Desk, offers: Iterable[Offer]) -> Seats:
    """Return the places of the whole event: what it has, or what its types have together where each is limited."""
    kinds = [offer.type for offer in offers]
    limited = bool(kinds) and all(kind.capacity is not None for kind in kinds)
    return all_seats(
        desk,
        together=sum(kind.capacity or 0 for kind in kinds) if limited else None,
        left=sum(kind.free or 0 for kind in kinds) if limited else None,
    )


def for_whom(kind: TicketType, desk: Desk) -> str:
    """Return in words who may have such a ticket; reads the type's organisation or department where it has one."""
    match kind.audience:
        case Audience.EVERYONE:
            who = _("For everyone")
        case Audience.MEMBERS:
            name = (kind.organisation or desk.event.organisation).name
            who = _("For members of %(name)s") % {"name": name}
        case Audience.DEPARTMENT:
            who = _("For people of %(name)s") % {"name": kind.department}
        case _other:
            who = _("For people of the campus")
    if not kind.years:
        return who
    years = ", ".join(str(year) for year in kind.years)
    return _("%(who)s, year of study %(years)s") % {"who": who, "years": years}


def _when(kind: TicketType, event: Event) -> str:
    """From when or until when, whichever is next; nothing where it is open until the event starts."""
    now = timezone.now()
    if kind.opens_at and now < kind.opens_at:
        return _("opens %(when)s") % {"when": spoken_moment(kind.opens_at)}
    if kind.closes_at and now < kind.closes_at < event.ends_at:
        return _("closes %(when)s") % {"when": spoken_moment(kind.closes_at)}
    return ""


def seconds_left(until: dt.datetime | None) -> int:
    """Return how many seconds there are until then; none where it is over."""
    return max(int((until - timezone.now()).total_seconds()), 0) if until else 0
