"""The draw: who gets a place when more people enter than there are places, worked out so that everybody can do it again.

When the draw is set up a seed is made that nobody sees, and its SHA-256 is published. Everybody who enters has an alias,
given by chance and shown to them. After entering has ended, those who entered are put into the order of

    SHA-256 of  seed | alias        (as text in UTF-8, in hexadecimal, the smallest first)

and given places in that order, by the rules of the waiting list: a ticket type that has no room for the next of its own
waits from there on, and where the event has too few places left for whoever is next, what is left is kept for them. The
others join the waiting list in the same order. Then the seed is published. `verification.py` checks a draw without a line
from here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils import timezone

from myapp.registrations.models import Desk, Registration, TicketType

FORMAT = "EventMate draw 1"


class Entry(NamedTuple):
    """Somebody in the draw."""

    alias: str
    type: int
    places: int


def new_seed() -> tuple[str, str]:
    """Return a seed, and the hash of it that is published before."""
    seed = secrets.token_hex(32)
    return seed, hashlib.sha256(seed.encode()).hexdigest()


def rank(seed: str, alias: str) -> str:
    """Return what an entry's place in the order follows from."""
    return hashlib.sha256(f"{seed}|{alias}".encode()).hexdigest()


def result(
    seed: str, entries: Iterable[Entry], *, free: int | None, free_of: Mapping[int, int | None]
) -> list[tuple[Entry, bool]]:
    """Return the entries in the order of the draw, each with whether it has a place. No queries."""
    left, left_of, held_up = free, dict(free_of), set[int]()
    drawn = []
    for entry in sorted(entries, key=lambda each: rank(seed, each.alias)):
        of_type = left_of[entry.type]
        if of_type is not None and of_type < entry.places:
            held_up.add(entry.type)
        has_place = entry.type not in held_up and left is not None and left >= entry.places
        has_place = has_place or (entry.type not in held_up and left is None)
        if has_place:
            left = None if left is None else left - entry.places
            left_of[entry.type] = None if of_type is None else of_type - entry.places
        elif entry.type not in held_up:
            left = 0  # what is left is kept for this one
        drawn.append((entry, has_place))
    return drawn


def entering_ends(desk: Desk, types: Iterable[TicketType]) -> dt.datetime:
    """Return when nobody can enter any more: when the last ticket type closes, or at the draw. Reads `event`."""
    closings = [kind.closing(desk.event) for kind in types] or [desk.event.starts_at]
    return min([desk.draw_at or desk.event.starts_at, max(closings)])


def published(
    desk: Desk, types: Sequence[TicketType], drawn: Iterable[tuple[Entry, bool]], at: dt.datetime
) -> dict[str, Any]:
    """Return everything by which the draw can be checked, as it is kept and published. No queries."""
    told = list(drawn)
    return {
        "format": FORMAT,
        "event": desk.event.code,
        "seed_hash": desk.seed_hash,
        "seed": desk.seed,
        "entering_ended": entering_ends(desk, types).astimezone(dt.UTC).isoformat(),
        "drawn_at": at.astimezone(dt.UTC).isoformat(),
        "places": desk.free,
        "types": {str(kind.pk): {"name": kind.name, "places": kind.free} for kind in types},
        "entries": [entry._asdict() for entry, _has_place in sorted(told)],
        "result": [{"alias": entry.alias, "has_place": has_place} for entry, has_place in told],
    }


def before(desk: Desk, types: Sequence[TicketType], entered: int) -> dict[str, Any]:
    """Return what is published before the draw: all but the seed and what follows from it."""
    return {
        "format": FORMAT,
        "event": desk.event.code,
        "seed_hash": desk.seed_hash,
        "places": desk.free,
        "entering_ends": entering_ends(desk, types).astimezone(dt.UTC).isoformat(),
        "entered": entered,
    }


def entry_of(registration: Registration) -> Entry:
    """Return a registration as an entry of the draw."""
    return Entry(registration.alias, registration.ticket_type_id, 1 + len(registration.guests))


def has_ended(desk: Desk, types: Iterable[TicketType]) -> bool:
    """Whether entering has ended."""
    return timezone.now() >= entering_ends(desk, types)
