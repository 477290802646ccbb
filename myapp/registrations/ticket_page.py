"""What the page of one ticket shows, whoever opens it: the person who is signed in, or somebody with a key."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.events.calendars import location
from myapp.events.models import Event
from myapp.events.rules import is_open_to_everyone
from myapp.events.times import spoken_moment, spoken_period
from myapp.registrations import rules, tokens, ways
from myapp.registrations.line import line_of
from myapp.registrations.models import Registration, State
from myapp.web.languages import language_prefix


@dataclass(frozen=True)
class Place:
    """One place of a ticket: whose it is, and what their QR holds."""

    number: int
    name: str
    token: str

    @property
    def is_guest(self) -> bool:
        """Whether it is not the person's own."""
        return self.number > 0


def ticket_context(registration: Registration) -> dict[str, object]:
    """Return the template context of "registrations/ticket.html"; one query for a registration that waits, else none.

    The registration was read by `queries.registrations_of`, or by its key.
    """
    now, event, desk = timezone.now(), registration.desk.event, registration.desk
    lets_in = registration.state == State.CONFIRMED and not event.is_cancelled and not event.is_past(now)
    return {
        "registration": registration,
        "desk": desk,
        "event": event,
        "event_path": event_path(event),
        "when": spoken_period(event),
        "where": location(event),
        "is_past": event.is_past(now),
        "places": places_of(registration) if lets_in else [],
        "guests": [] if lets_in else guests_of(registration),
        "until": spoken_moment(registration.until) if registration.until else "",
        "draw_at": spoken_moment(desk.draw_at) if desk.draw_at else "",
        "line": line_of(registration, desk) if registration.state == State.WAITING else None,
        "be_there_by": _be_there_by(event, desk.release_minutes) if lets_in else "",
        "cancel_until": spoken_moment(desk.cancel_until or event.starts_at)
        if registration.state == State.CONFIRMED and desk.can_be_cancelled(now)
        else "",
        **_ways(registration, now),
        "made_iso": timezone.localtime(now).isoformat(timespec="seconds"),
        "made_at": spoken_moment(now),
    }


def places_of(registration: Registration) -> list[Place]:
    """Return the places of a registration, the person's first. No queries."""
    names = [registration.name, *guests_of(registration)]
    made = tokens.make_all(registration)
    return [Place(number, name, token) for number, (name, token) in enumerate(zip(names, made, strict=True))]


def guests_of(registration: Registration) -> list[str]:
    """Return the names of the guests, with a number for those who have none yet. No queries."""
    return [
        name or _("Guest %(number)s") % {"number": number}
        for number, name in enumerate(registration.guests, start=1)
    ]


def event_path(event: Event) -> str:
    """Return where the event's page is for who has a ticket: the public one, or the one that asks who somebody is."""
    return language_prefix() + ("" if is_open_to_everyone(event) else "/my") + event.path


def _ways(registration: Registration, now: dt.datetime) -> dict[str, object]:
    """Where the person goes on to answer, to accept, to change, to hand on and to give back."""
    event, desk = registration.desk.event, registration.desk
    if not registration.is_live or event.is_past(now):
        return {}
    is_open = now < registration.ticket_type.closing(event)
    has_place = registration.state == State.CONFIRMED
    possible = {
        "accept": registration.state == State.OFFERED,
        "answers": desk.asks and (is_open or not has_place),
        "change": is_open and registration.ticket_type.guests > 0,
        "hand_on": rules.why_not_hand_on(registration, desk, now) is None,
        "cancel": not has_place or desk.can_be_cancelled(now),
    }
    found = {f"{name}_url": ways.way_to(registration, name) for name, is_so in possible.items() if is_so}
    return {**found, "must_answer": desk.asks and registration.answered_at is None}


def _be_there_by(event: Event, minutes: int | None) -> str:
    """When places of people who are not there may go to others; "" where they never do."""
    if minutes is None:
        return ""
    return spoken_moment(event.starts_at + dt.timedelta(minutes=minutes))
