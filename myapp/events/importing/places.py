"""Rooms and buildings of the campus in places that somebody typed: only where it is certain.

"AP&M 6402", "APM 6402" and "apm-6402" are one label; "6402" is none, since every building may have one. What two rooms
could be meant by stays text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple, TypeVar

from myapp.venues.models import Building, Room

_T = TypeVar("_T")
_FIRST_PART = re.compile(r"\s*(?:,|;|\(| – | - |\n)")


class Place(NamedTuple):
    """Where an event is: a room, a building, or neither and only words."""

    room: Room | None
    building: Building | None


NOWHERE = Place(None, None)


class Places:
    """Every room and building by what it may be called. Two queries, made once."""

    def __init__(self) -> None:
        self._rooms: dict[str, set[Room]] = {}
        self._buildings: dict[str, set[Building]] = {}
        for room in Room.objects.select_related("building"):
            building = room.building
            for name in (room.label, f"{building.name} {room.name}", f"{building.code} {room.name}"):
                self._add(self._rooms, name, room, needs_letters=True)
        for building in Building.objects.all():
            self._add(self._buildings, building.name, building)
            self._add(self._buildings, building.code, building, needs_letters=True)

    @staticmethod
    def _add(table: dict[str, set[_T]], name: str, thing: _T, *, needs_letters: bool = False) -> None:
        key = folded(name)
        # A room without its building's name is a number, and a code of one letter is a word.
        if len(key) >= 2 and not (needs_letters and key.isdigit()):
            table.setdefault(key, set()).add(thing)

    def find(self, place: str, room: str = "") -> Place:
        """Return the room or building that the words certainly mean."""
        whole = [f"{place} {room}", room, place] if room else [place]
        for text in (*whole, *(_FIRST_PART.split(part, maxsplit=1)[0] for part in whole)):
            found = self._rooms.get(folded(text), set())
            if len(found) == 1:
                (only,) = found
                return Place(only, only.building)
        for text in (place, _FIRST_PART.split(place, maxsplit=1)[0]):
            buildings = self._buildings.get(folded(text), set())
            if len(buildings) == 1:
                (building,) = buildings
                return Place(None, building)
        return NOWHERE


def folded(text: str) -> str:
    """Return letters and digits only, in lower case and without accents; "&" and "and" are nothing."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in re.sub(r"\band\b", "", plain) if character.isalnum())
