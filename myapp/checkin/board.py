"""The live board: who is in, who is expected, and how they came, for organisers to watch."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Sum
from django.db.models.functions import TruncMinute
from django.utils import timezone

from myapp.checkin.merging import Other, duplicates
from myapp.checkin.models import Device, Presence, Scan
from myapp.checkin.queries import name_of_place
from myapp.registrations.models import Desk, Registration, State

# The chart has at most this many columns; where people come for longer, a column stands for several minutes.
_COLUMNS = 60
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 360)
_TALL, _WIDE = 80, 10


class OfType(NamedTuple):
    """One ticket type: how many are in now, how many are expected."""

    name: str
    is_in: int
    expected: int


class Column(NamedTuple):
    """So many people came first within these minutes; the rest is where the column stands in the drawing."""

    at: dt.datetime
    came: int
    left: int
    top: int
    height: int


class Double(NamedTuple):
    """Somebody who was let in again without having gone out."""

    name: str
    times: list[Other]


@dataclass(frozen=True)
class Board:
    """What the board shows."""

    types: list[OfType]
    columns: list[Column]
    minutes: int
    doubles: list[Double]
    devices: list[Device]
    room: int | None

    @property
    def is_in(self) -> int:
        """How many are in."""
        return sum(kind.is_in for kind in self.types)

    @property
    def expected(self) -> int:
        """How many have a confirmed place."""
        return sum(kind.expected for kind in self.types)

    @property
    def is_full(self) -> bool:
        """Whether as many are in as the room holds."""
        return self.room is not None and self.is_in >= self.room

    @property
    def width(self) -> int:
        """How wide the drawing is."""
        return max(len(self.columns), _COLUMNS // 3) * _WIDE


def board_of(desk: Desk) -> Board:
    """Return the board of an event; five queries, six where somebody was let in twice."""
    columns, minutes = _columns(desk)
    return Board(
        types=_types(desk),
        columns=columns,
        minutes=minutes,
        doubles=_doubles(desk),
        devices=list(Device.objects.filter(desk=desk).select_related("user").order_by("door", "pk")),
        room=desk.event.room.capacity if desk.event.room else None,
    )


def _types(desk: Desk) -> list[OfType]:
    expected = dict(
        Registration.objects.filter(desk=desk, state=State.CONFIRMED)
        .values_list("ticket_type")
        .annotate(Sum("places"))
    )
    inside = dict(
        Presence.objects.filter(desk=desk, is_in=True)
        .values_list("registration__ticket_type")
        .annotate(Count("pk"))
    )
    return [OfType(kind.name, inside.get(kind.pk, 0), expected.get(kind.pk, 0)) for kind in desk.types.all()]


def _columns(desk: Desk) -> tuple[list[Column], int]:
    """Return the columns and how many minutes each stands for."""
    came = dict(
        Presence.objects.filter(desk=desk, first_in_at__isnull=False)
        .values_list(TruncMinute("first_in_at"))
        .annotate(Count("pk"))
    )
    if not came:
        return [], 1
    first, last = min(came), max(came)
    span = int((last - first).total_seconds() // 60) + 1
    step = next((each for each in _STEPS if span <= each * _COLUMNS), _STEPS[-1])
    counts = [0] * min(-(-span // step), _COLUMNS)
    for at, number in came.items():
        counts[min(int((at - first).total_seconds() // 60) // step, len(counts) - 1)] += number
    most = max(counts)
    return [
        Column(
            timezone.localtime(first + dt.timedelta(minutes=place * step)),
            number,
            place * _WIDE,
            _TALL - number * _TALL // most,
            number * _TALL // most,
        )
        for place, number in enumerate(counts)
    ], step


def _doubles(desk: Desk) -> list[Double]:
    found = duplicates(desk)
    if not found:
        return []
    doubles: dict[tuple[int, int], Double] = {}
    scans = Scan.objects.filter(nonce__in=found).select_related("registration").order_by("at")
    for scan in scans:
        name = name_of_place(scan.registration, scan.place)
        double = doubles.setdefault((scan.registration_id, scan.place), Double(name, []))
        double.times.append(Other(scan.at, scan.door))
    return list(doubles.values())
