"""Strikes: when one is fair, and what having three means.

Whoever has three takes free places of events that count strikes only in the last 24 hours before the start. They may join
a waiting list at any time, and are moved up from it like everybody else: nobody is in anybody's way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.models import Status
from myapp.events.times import spoken_moment
from myapp.notify.models import Channel, Ending, Message
from myapp.registrations.models import Because, Desk, LogEntry, Registration, State, Strike

MANY = 3
LASTS = dt.timedelta(days=182)
LAST_MINUTE = dt.timedelta(hours=24)
# Less than this before they could last cancel, nobody has had a chance to.
LEAST_CHANCE = dt.timedelta(hours=2)
_FAILED = (Ending.REFUSED, Ending.BROKEN, Ending.TIRED)
_MOVED_UP = {Because.PLACE_CAME_FREE, Because.MORE_PLACES, Because.APPROVED, Because.DRAWN}


def live_strikes(user: User) -> QuerySet[Strike]:
    """Return the strikes of a person that count now."""
    return Strike.objects.filter(user=user, lifted_at=None, expires_at__gt=timezone.now())


def takes_free_places_from(user: User | None, desk: Desk) -> dt.datetime | None:
    """Return from when on somebody with three strikes may take a free place; None where they may now.

    Reads `event`. One query at most.
    """
    opens = desk.event.starts_at - LAST_MINUTE
    if user is None or not desk.strikes or timezone.now() >= opens or live_strikes(user).count() < MANY:
        return None
    return opens


def sentence(opens: dt.datetime) -> str:
    """Return what somebody with three strikes is told."""
    return _(
        "You have three strikes for not coming, so you can take a free place from %(when)s. Where all places are taken you can join the waiting list at any time."
    ) % {"when": spoken_moment(opens)}


def fair(desk: Desk, absent: Iterable[Registration]) -> list[Registration]:
    """Return those of the absent who had a fair chance to give their place back; two queries.

    Nobody had one where the event did not take place, or where what people were told of it changed within 24 hours of
    the start. And none has it who got the place less than two hours before the last moment to cancel, who was moved up
    unasked when nobody should be any more, or whom no message of ours has reached.
    """
    event = desk.event
    # What was told when it was first announced is no change: nobody had registered by then.
    changed = event.changed_at > max(event.starts_at - LAST_MINUTE, desk.created_at)
    if event.status != Status.PUBLISHED or changed:
        return []
    people = [each for each in absent if each.user_id is not None and _had_a_place(each)]
    history = _history(desk, people)
    untold = _untold(people, event.starts_at)
    return [
        each for each in people if each.pk not in untold and _had_a_chance(desk, history.get(each.alias, []))
    ]


def _had_a_place(registration: Registration) -> bool:
    """Whether the place was theirs until the event: it is still, or was given to the queue at the door without them."""
    released = registration.state == State.EXPIRED and registration.because == Because.NOT_THERE
    return released or registration.state == State.CONFIRMED


def _history(desk: Desk, people: list[Registration]) -> dict[str, list[LogEntry]]:
    """Return what the log says of each, in order."""
    told: dict[str, list[LogEntry]] = {}
    lines = LogEntry.objects.filter(desk=desk, alias__in=[each.alias for each in people])
    for line in lines.order_by("number"):
        told.setdefault(line.alias, []).append(line)
    return told


def _untold(people: list[Registration], starts_at: dt.datetime) -> set[int]:
    """Return the keys of those whom a mail about their place should have reached before the start, and did not."""
    keys = [each.pk for each in people]
    failed = Q(given_up_at=None) | Q(ending__in=_FAILED)
    unsent = Message.objects.filter(failed, about__registration__in=keys, sent_at=None, due_at__lt=starts_at)
    mails = unsent.exclude(channel=Channel.PUSH).values_list("about", flat=True)
    return {about["registration"] for about in mails}


def _had_a_chance(desk: Desk, lines: list[LogEntry]) -> bool:
    """Whether somebody had the place, and could give it back, for long enough."""
    starts_at = desk.event.starts_at
    had: LogEntry | None = None  # since when they have had the place without a break
    for line in lines:
        if line.because == Because.NOT_THERE:
            continue  # that they did not come does not take back that they had it
        if line.state not in {State.CONFIRMED, State.OFFERED, State.HELD}:
            had = None
        elif had is None:
            had = line
        if line.because == Because.HANDED_ON:
            had = line
    if had is None:
        return False
    last_moment = min(desk.cancel_until or starts_at, starts_at)
    unasked = had.state == State.CONFIRMED and had.because in _MOVED_UP
    too_late = unasked and had.at > starts_at - dt.timedelta(hours=desk.agree_hours)
    return had.at <= last_moment - LEAST_CHANCE and not too_late
