"""What can be asked about buildings and rooms, and what is on in them; nothing here writes.

Only public events are looked at. A room without one may still be taken by a class or by an event that is not for
everyone, so nothing here calls a room free.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.events.models import Event, Status
from myapp.events.queries import ROW_FIELDS, Row
from myapp.venues.models import Building, Room
from myapp.web.query_strings import query_string

ROOM_READS = ("seats", "step_free")
SEATS = (10, 30, 60, 120, 250)
# A campus has hundreds of rooms; a list of them all is what people look through by building.
MOST_ROOMS = 2000
LONGEST_IN_A_ROOM = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFilters:
    """One question to the list of rooms: at least so many seats, a way in without steps."""

    seats: int = 0
    step_free: bool = False

    @classmethod
    def parse(cls, query: QueryDict) -> Self:
        """Read a query string. Raises `BadRequest` with a sentence for what is no number of seats."""
        seats, step_free = query.get("seats", "0"), query.get("step_free", "0")
        if not (seats.isascii() and seats.isdigit() and len(seats) <= 6) or step_free not in {"0", "1"}:
            raise BadRequest(_("Seats are a number, like 30."))
        return cls(seats=int(seats), step_free=step_free == "1")

    def link(self, **changes: object) -> str:
        """Return "?…" for this question with some answers changed; "?" for none at all."""
        values = {"seats": self.seats, "step_free": self.step_free} | changes
        return "?" + query_string({name: int(value) for name, value in values.items() if value})  # type: ignore[call-overload]


class RoomState(NamedTuple):
    """A room and its public events: the one that is on now, the one that comes next."""

    room: Room
    now: Row | None
    next: Row | None


class BuildingWithRooms(NamedTuple):
    """A building and the rooms of it that a list shows."""

    building: Building
    rooms: list[RoomState]


class BuildingState(NamedTuple):
    """A building in the list: how many rooms, how many public events from now to the end of the week after."""

    building: Building
    rooms: int
    events: int


def list_buildings() -> list[BuildingState]:
    """Return all buildings by name: two queries."""
    now = timezone.now()
    counted = dict(
        Event.objects.upcoming(now)
        .filter(building__isnull=False, starts_at__lt=now + dt.timedelta(days=7))
        .order_by()
        .values_list("building")
        .annotate(Count("pk"))
    )
    buildings = Building.objects.annotate(number_of_rooms=Count("rooms")).order_by("name", "pk")
    return [
        BuildingState(building, building.number_of_rooms, counted.get(building.pk, 0))
        for building in buildings
    ]


def list_rooms(filters: RoomFilters) -> list[BuildingWithRooms]:
    """Return the rooms that match, by building, each with what is on in it: two queries."""
    rooms = Room.objects.select_related("building").order_by("building__name", "building_id", "label")
    if filters.seats:
        rooms = rooms.filter(capacity__gte=filters.seats)
    if filters.step_free:
        rooms = rooms.filter(step_free=True)
    listed: list[BuildingWithRooms] = []
    for state in _states(rooms):
        if not listed or listed[-1].building.pk != state.room.building_id:
            listed.append(BuildingWithRooms(state.room.building, []))
        listed[-1].rooms.append(state)
    return listed


def rooms_of(building: Building) -> list[RoomState]:
    """Return a building's rooms, each with what is on in it: two queries."""
    return _states(Room.objects.filter(building=building))


def _states(rooms: QuerySet[Room]) -> list[RoomState]:
    """Return rooms, each with the event that is on now and the one that begins next: two queries."""
    now = timezone.now()
    here = Event.objects.upcoming(now).filter(room=OuterRef("pk"), status=Status.PUBLISHED)
    # What has been on for a month is an exhibition, not what a room is taken for; the bound spares the walk back.
    lately = here.filter(starts_at__lte=now, starts_at__gt=now - LONGEST_IN_A_ROOM)
    found: list[Any] = list(
        rooms.annotate(
            now_id=Subquery(lately.order_by("-starts_at").values("pk")[:1]),
            next_id=Subquery(here.filter(starts_at__gt=now).by_date().values("pk")[:1]),
        )[:MOST_ROOMS]
    )
    ids = {pk for room in found for pk in (room.now_id, room.next_id) if pk}
    rows = {row["id"]: row for row in Event.objects.filter(pk__in=ids).values(*ROW_FIELDS)}
    return [RoomState(room, rows.get(room.now_id), rows.get(room.next_id)) for room in found]


def room_of_slug(slug: str) -> RoomState | None:
    """Return a room with its building and what is on in it, None where there is none: two queries."""
    found = _states(Room.objects.select_related("building").filter(slug=slug))
    return found[0] if found else None


def map_url(building: Building) -> str:
    """Return the address of a map of where a building is, by its position or its address; empty without either."""
    if building.latitude is not None and building.longitude is not None:
        at = f"{building.latitude:f}", f"{building.longitude:f}"
        return f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=18/{at[0]}/{at[1]}"
    if building.address:
        return f"https://www.openstreetmap.org/search?{urlencode({'query': building.address})}"
    return ""
