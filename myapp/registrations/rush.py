"""The press of the button, by thousands at once: who comes to the database when, and who need not.

A hot row gets slower the more transactions wait for it, so a few at a time of each event go to the database and the others
queue here, where waiting costs nothing. And a desk that has just refused somebody for being full is full for a quarter of
a second: to say so to the next takes neither a session nor a query. That answer says nothing of the person who asked, who
may hold a place already; so it always leads to one that does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.http import Http404
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events import codes
from myapp.registrations import actions, places, queries, rules
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Registration
from myapp.registrations.standing import would_wait

MOST_AT_ONCE = 4
SECONDS_OF_PATIENCE = 12.0  # less than a browser's patience with us (15 s, htmx-config)
SECONDS_FULL = 0.25
_MOST_REMEMBERED = 1000


class _Line:
    """Those of this process who want a place at one event."""

    def __init__(self) -> None:
        self.door = threading.BoundedSemaphore(MOST_AT_ONCE)  # gevent's, where gevent has patched it
        self.people = 0


_lines: dict[str, _Line] = {}
_lock = threading.Lock()
_full_until: dict[tuple[str, int], float] = {}


class Pressed(NamedTuple):
    """What became of it: the code of the registration; the registration itself where it took the longer way."""

    code: str
    registration: Registration | None = None


@contextmanager
def in_turn(event_code: str) -> Iterator[None]:
    """Wait until it is one's turn at an event; raises `RegistrationRefused` ("busy") where that takes too long."""
    with _lock:
        line = _lines.setdefault(event_code, _Line())
        line.people += 1
    try:
        if not line.door.acquire(timeout=SECONDS_OF_PATIENCE):
            raise RegistrationRefused("busy", _("Very many people are registering right now. Try again."))
        try:
            yield
        finally:
            line.door.release()
    finally:
        with _lock:
            line.people -= 1
            if not line.people:
                _lines.pop(event_code, None)


def press(slug: str, kind: int, who: Callable[[], User | None], *, wait: bool = False) -> Pressed:
    """Register whoever `who` says for a ticket type of the event, in turn; what they have already is what they get.

    One query where a place is free and nothing is unusual, two where they join the queue of a full event; `who` is asked when it is their turn, so that nobody holds a
    connection while waiting. With `wait` they join the waiting list of a full event. Raises `Http404` where there is no such
    ticket, `RegistrationRefused`; "full" may be a quarter of a second old and say nothing of the person.
    """
    code = codes.code_of(slug)
    if code is None:
        raise Http404
    if not wait:
        _must_not_be_full(code, kind)
    with in_turn(code):
        if not wait:
            _must_not_be_full(code, kind)
        user = who()
        if user is None:
            raise RegistrationRefused("sign_in", _("Sign in to register for this event."))
        taken = places.take(code, kind, user) or (places.join(code, kind, user) if wait else None)
        return Pressed(taken) if taken else _longer_way(slug, code, kind, user, wait=wait)


def _longer_way(slug: str, code: str, kind: int, user: User, *, wait: bool) -> Pressed:
    """What one statement could not do: say why not, or do it under the desk's lock. Three queries where it is full."""
    desk = queries.desk_of(slug)
    ticket_type = next((each for each in desk.types.all() if each.pk == kind), None) if desk else None
    if desk is None or ticket_type is None:
        raise Http404
    existing = queries.live_registration(desk, user)
    if existing is not None:
        return Pressed(existing.code, existing)
    refusal = rules.why_not_now(ticket_type, desk) or rules.why_not_for(user, ticket_type, desk)
    if refusal is not None:
        raise refusal
    if not wait and would_wait(desk, ticket_type):
        _remember_full(code, kind)
        raise _full()
    registration = actions.register(ticket_type, acting_user=user, wait=wait)
    return Pressed(registration.code, registration)


def _full() -> RegistrationRefused:
    return RegistrationRefused("full", _("All places are taken."))


def _must_not_be_full(code: str, kind: int) -> None:
    if _full_until.get((code, kind), 0.0) > time.monotonic():
        raise _full()


def _remember_full(code: str, kind: int) -> None:
    if len(_full_until) >= _MOST_REMEMBERED:
        _full_until.clear()
    _full_until[code, kind] = time.monotonic() + SECONDS_FULL


def forget_what_is_full() -> None:
    """Forget which desks are full; for tests, which share a process."""
    _full_until.clear()
