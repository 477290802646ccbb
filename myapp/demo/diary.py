"""Which room is taken when: the generator's own book, so that it never books a room twice."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from myapp.demo.bank import BuildingSpec, Format, RoomSpec, Wish

_GAP = dt.timedelta(minutes=15)  # people leave and come


@dataclass(frozen=True)
class PlannedRoom:
    """A room of the plan; `building` and `site` are places in the plan's lists."""

    spec: RoomSpec
    building: int
    site: int
    home: str


class Diary:
    """The rooms of the campus and when they are taken."""

    def __init__(self, sites: int, buildings: Sequence[BuildingSpec]) -> None:
        self.rooms: list[PlannedRoom] = []
        self._by_slug: dict[tuple[int, str], int] = {}
        self._by_kind: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._by_home: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        self._taken: dict[tuple[int, dt.date], list[tuple[dt.datetime, dt.datetime]]] = defaultdict(list)
        for site in range(sites):
            for place, building in enumerate(buildings):
                for room in building.rooms:
                    self._add(PlannedRoom(room, site * len(buildings) + place, site, building.short))

    def _add(self, room: PlannedRoom) -> None:
        number = len(self.rooms)
        self.rooms.append(room)
        self._by_slug[room.site, room.spec.slug] = number
        if not room.spec.on_request:
            self._by_kind[room.site, room.spec.kind].append(number)
            self._by_home[room.site, room.home, room.spec.kind].append(number)

    def book(self, period: tuple[dt.datetime, dt.datetime], candidates: Iterator[int]) -> int | None:
        """Take the first candidate that is free for the period, and return it; None where all are taken."""
        for room in candidates:
            if self.is_free(room, *period):
                for day in _days(*period):
                    self._taken[room, day].append(period)
                return room
        return None

    def is_free(self, room: int, start: dt.datetime, end: dt.datetime) -> bool:
        """Whether nothing is in the room in the period, nor in the minutes on either side of it."""
        start, end = start - _GAP, end + _GAP
        return not any(
            start < until and since < end
            for day in _days(start, end)
            for since, until in self._taken.get((room, day), ())
        )

    def candidates(
        self, chance: random.Random, site: int, kind: Format, home: str, wish: Wish
    ) -> Iterator[int]:
        """Yield the rooms that suit an event, the best first: the one it asks for, or its format's, its own house's, any."""
        if wish.room:
            yield self._by_slug[site, wish.room]
            return
        if kind.prefer and chance.random() < 0.75:
            yield from _from_anywhere(chance, [self._by_slug[site, slug] for slug in kind.prefer])
        for sort in kind.rooms:
            yield from _from_anywhere(chance, self._by_home[site, home, sort])
        for sort in kind.rooms:
            yield from _from_anywhere(chance, self._by_kind[site, sort])


def _days(start: dt.datetime, end: dt.datetime) -> Iterator[dt.date]:
    """Yield the dates that a period touches."""
    day = start.date()
    while day <= end.date():
        yield day
        day += dt.timedelta(days=1)


def _from_anywhere(chance: random.Random, rooms: list[int]) -> Iterator[int]:
    """Yield all of them, beginning somewhere: cheaper than a shuffle, and as fair."""
    first = chance.randrange(len(rooms)) if rooms else 0
    yield from rooms[first:]
    yield from rooms[:first]
