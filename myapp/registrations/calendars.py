"""Registrations for the calendars of the people they belong to: the file with a ticket, and what a feed holds.

The UID is the event's own, so that who added the event before has it once. An event that is called off is CANCELLED for
everybody; what somebody has not got yet, or may still lose, is TENTATIVE.

In a person's calendar an event goes from tentative to confirmed to cancelled and back. SEQUENCE is how often the event and
all the person's registrations for it have changed, in mails, files and the feed alike, so that the newest replaces the
others whichever way it came. Each of them only grows and none is ever deleted, so the sum only grows as well, also for who
cancels and registers anew. The event's public file has the event's own, which is less: it takes nothing of this back.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.events import calendars
from myapp.events.calendars import Told
from myapp.events.models import Event, Status
from myapp.registrations import queries
from myapp.registrations.models import HandOn, Registration, State

_GONE = {Status.CANCELLED, Status.WITHDRAWN, Status.DRAFT}


def registration_ics(registration: Registration, *, path: str = "", method: str = "") -> bytes:
    """Return a calendar of the event as it stands with the person; two queries where the event's place is loaded.

    `path` is the page to come back to, the ticket's own where none is given; `method` is for mails.
    """
    event = registration.desk.event
    now = told(event, *queries.all_at(registration))
    return calendars.personal_ics(event, replace(now, path=path or now.path), method=method)


def feed(registrations: Iterable[Registration], handed_on: Iterable[HandOn] = ()) -> list[tuple[Event, Told]]:
    """Return what a feed of a person's registrations holds: each event once, in the order in which they begin. No queries.

    Of what is over, where the person had a place: nobody needs to remember what they never went to.
    """
    events: dict[int, Event] = {}
    theirs: dict[int, list[Registration]] = defaultdict(list)
    gone: dict[int, list[HandOn]] = defaultdict(list)
    for one in registrations:
        events[one.desk_id] = one.desk.event
        theirs[one.desk_id].append(one)
    for each in handed_on:
        events.setdefault(each.registration.desk_id, each.registration.desk.event)
        gone[each.registration.desk_id].append(each)
    now = timezone.now()
    return [
        (event, told(event, theirs[event.pk], gone[event.pk]))
        for event in sorted(events.values(), key=lambda event: (event.starts_at, event.pk))
        if not event.is_past(now) or _had_place(theirs[event.pk])
    ]


def _had_place(registrations: list[Registration]) -> bool:
    return any(one.state == State.CONFIRMED for one in registrations)


def told(event: Event, registrations: list[Registration], handed_on: list[HandOn]) -> Told:
    """Return how it stands between an event and a person, by all that they ever had for it and did not keep. No queries.

    The registration that is not over counts, else the last one; without any, the ticket was handed on.
    """
    sequence = event.sequence + sum(1 + one.revision for one in registrations)
    sequence += sum(1 + (each.revision or 0) for each in handed_on)
    moments = [one.changed_at for one in registrations] + [
        each.taken_at for each in handed_on if each.taken_at
    ]
    changed_at = max(event.changed_at, *moments)
    if not registrations:
        return Told("CANCELLED", sequence, changed_at, _("You have handed your ticket on."))
    current = max(registrations, key=lambda one: (one.is_live, one.pk))
    return _told(current, sequence, changed_at)


def _told(registration: Registration, sequence: int, changed_at: dt.datetime) -> Told:
    return Told(
        status=_status(registration, registration.desk.event),
        sequence=sequence,
        changed_at=changed_at,
        sentence=sentence(registration),
        path=f"/tickets/{registration.code}/",
    )


def _status(registration: Registration, event: Event) -> str:
    if event.status in _GONE or not registration.is_live:
        return "CANCELLED"
    return "CONFIRMED" if registration.state == State.CONFIRMED else "TENTATIVE"


def sentence(registration: Registration) -> str:
    """Return how it stands with a registration, in a sentence that stays true until its state changes. No queries."""
    return {
        State.HELD: _("A place is held for you; answer the questions to keep it."),
        State.ENTERED: _("You are in the draw."),
        State.PENDING: _("An organiser has yet to accept your registration."),
        State.WAITING: _("You are on the waiting list."),
        State.OFFERED: _("A place is offered to you; accept it to keep it."),
        State.CONFIRMED: _("You have a place. Your ticket:"),
        State.CANCELLED: _("Your registration is cancelled."),
        State.REFUSED: _("Your registration was not accepted."),
        State.EXPIRED: _("Your registration has run out."),
    }[State(registration.state)]
