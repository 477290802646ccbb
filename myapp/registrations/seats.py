"""How many places are left, as whoever may see the event may know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Sum

from myapp.events import rules
from myapp.registrations.models import Desk, Way

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Seats:
    """How many places there are, and how many are left; both None where there is no limit."""

    capacity: int | None
    free: int | None
    taken: int
    waiting: int

    @property
    def is_full(self) -> bool:
        """Whether somebody who comes now has to wait."""
        return self.free == 0 or self.waiting > 0


@dataclass(frozen=True, slots=True)
class Board:
    """The places of an event at a moment. `number` is that of the last line in its log, so it grows with each change.

    Where it is not `open` it is for whoever brings the key to it (keys.py), which the event's page gives to its readers.
    """

    event: int
    code: str
    number: int
    seats: Seats
    open: bool


def board_of(code: str) -> Board | None:
    """Return the board of an event by its code; None where it is not out or has none. One query."""
    return next(iter(_boards(event__code=code)), None)


def boards_of(events: Iterable[int]) -> dict[int, Board]:
    """Return the boards of those of the events that are out; one query."""
    return {board.event: board for board in _boards(pk__in=list(events))}


def _boards(**which: Any) -> list[Board]:
    desks = Desk.objects.filter(way=Way.HERE, **which).select_related("event")
    counted = desks.annotate(
        kinds=Count("types"),
        limited=Count("types__capacity"),
        together=Sum("types__capacity"),
        left=Sum(F("types__capacity") - F("types__taken")),
    ).only(
        *("capacity", "taken", "waiting", "log_size"),
        *("event__code", "event__status", "event__visibility"),
    )
    return [
        Board(desk.pk, desk.event.code, desk.log_size, _seats(desk), rules.is_open_to_everyone(desk.event))
        for desk in counted
        if rules.is_out(desk.event)
    ]


def all_seats(desk: Desk, *, together: int | None, left: int | None) -> Seats:
    """Return the places of a whole event: what the desk has, or what its types have together where each of them is limited."""
    return Seats(least(desk.capacity, together), least(desk.free, left), desk.taken, desk.waiting)


def least(*numbers: int | None) -> int | None:
    """Return the smallest of the limits that there are; None where there is none."""
    return min((number for number in numbers if number is not None), default=None)


def _seats(desk: Any) -> Seats:
    limited = desk.kinds and desk.limited == desk.kinds
    return all_seats(desk, together=desk.together if limited else None, left=desk.left if limited else None)
