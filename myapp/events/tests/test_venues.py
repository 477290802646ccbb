"""Buildings and rooms, and what is on in them."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from myapp.events.calendar_days import Week
from myapp.testing.factories import make_building, make_event, make_events, make_organisation, make_room
from myapp.testing.html import hrefs, parse, text_of
from myapp.testing.queries import one_and_three, queries
from myapp.venues.models import RoomKind

pytestmark = pytest.mark.django_db


@one_and_three
def test_buildings_cost_the_same_for_any_number(rows: int, visitor: Client) -> None:
    for _number in range(rows):
        make_events(rows, room=make_room())

    with queries(2):  # buildings with their number of rooms; how much is on in each
        page = visitor.get("/buildings/")

    assert len(parse(page).all("li.tile")) == rows


def test_buildings_say_how_much_is_on(visitor: Client) -> None:
    building = make_building("Loomis", code="L1", address="1 Green Street", step_free=True)
    make_room(building=building)
    make_events(2, building=building)
    make_event(building=building, starts_at=timezone.now() + dt.timedelta(days=9))

    tile = text_of(visitor.get("/buildings/"), "li.tile")

    for words in ("Loomis", "L1", "1 Green Street", "1 room", "step-free", "2 events in the next seven days"):
        assert words in tile


def test_buildings_stand_in_order_of_their_names(visitor: Client) -> None:
    for name in ("Union", "Altgeld", "Loomis"):
        make_building(name)
    names = [heading.text() for heading in parse(visitor.get("/buildings/")).all("li.tile h2")]
    assert names == ["Altgeld", "Loomis", "Union"]


def test_buildings_without_any_say_so(visitor: Client) -> None:
    assert "/" in hrefs(visitor.get("/buildings/"), ".empty a")
    assert "/rooms/" in hrefs(visitor.get("/rooms/"), ".empty a")


@one_and_three
def test_building_costs_the_same_for_any_number_of_rooms_and_events(rows: int, visitor: Client) -> None:
    building = make_building()
    for _number in range(rows):
        make_events(rows, room=make_room(building=building))

    with queries(6):  # the building; again by the search; ids; rows; the rooms; what is on in them
        page = visitor.get(building.path)

    assert len(parse(page).all("li.event")) == rows * rows


def test_building_says_how_to_get_there_and_links_to_a_map(visitor: Client) -> None:
    placed = make_building("Loomis", latitude=Decimal("40.110884"), longitude=Decimal("-88.222000"))
    addressed = make_building("Altgeld", address="1409 West Green Street")
    nowhere = make_building("Somewhere")

    assert (
        "https://www.openstreetmap.org/?mlat=40.110884&mlon=-88.222000#map=18/40.110884/-88.222000"
        in hrefs(visitor.get(placed.path))
    )
    assert "https://www.openstreetmap.org/search?query=1409+West+Green+Street" in hrefs(
        visitor.get(addressed.path)
    )
    assert not [href for href in hrefs(visitor.get(nowhere.path)) if "openstreetmap" in href]
    assert "Not known to be step-free" in text_of(visitor.get(nowhere.path), "main")


def test_building_lists_events_in_its_rooms_and_elsewhere_in_it(visitor: Client) -> None:
    building = make_building("Loomis")
    in_room = make_event("In a room", room=make_room(building=building))
    outside = make_event("On the steps", building=building, place="Front steps")
    elsewhere = make_event("Elsewhere", room=make_room())

    found = hrefs(visitor.get(building.path))

    assert {in_room.path, outside.path} <= set(found)
    assert elsewhere.path not in found


@one_and_three
def test_rooms_cost_the_same_for_any_number(rows: int, visitor: Client) -> None:
    building = make_building()
    for _number in range(rows):
        make_events(rows, room=make_room(building=building))

    with queries(2):  # rooms with the ids of what is on; those events
        page = visitor.get("/rooms/")

    assert len(parse(page).all("li.room")) == rows


def test_rooms_are_narrowed_by_seats_and_steps(visitor: Client) -> None:
    building = make_building("Loomis")
    make_room("141", building=building, capacity=240, step_free=True)
    make_room("12", building=building, capacity=20, step_free=True)
    make_room("300", building=building, capacity=300)
    make_room("nook", building=building, capacity=None, step_free=True)

    def names(query: str) -> list[str]:
        return [link.text() for link in parse(visitor.get(f"/rooms/{query}")).all("li.room .room-name a")]

    assert names("") == ["Loomis 12", "Loomis 141", "Loomis 300", "Loomis nook"]
    assert names("?seats=100") == ["Loomis 141", "Loomis 300"]
    assert names("?seats=100&step_free=1") == ["Loomis 141"]
    for wrong in ("?seats=many", "?seats=-1", "?seats=٣", "?seats=9999999", "?step_free=maybe"):
        page = visitor.get(f"/rooms/{wrong}")
        assert page.status_code == 400, wrong
        assert "number" in text_of(page, "main")


def test_rooms_say_what_is_on_now_and_next(visitor: Client) -> None:
    room = make_room("141")
    now = timezone.now()
    make_event("On now", room=room, starts_at=now - dt.timedelta(minutes=10))
    make_event("Called off", room=room, starts_at=now - dt.timedelta(minutes=5), status="cancelled")
    make_event("Later", room=room, starts_at=now + dt.timedelta(hours=5))
    make_event("Much later", room=room, starts_at=now + dt.timedelta(hours=9))

    assert "On now" in text_of(visitor.get("/rooms/"), "li.room")
    page = text_of(visitor.get(room.path), "main")
    assert "On now: On now" in page
    assert "No public event" not in page


def test_room_never_says_that_it_is_free(visitor: Client) -> None:
    room = make_room("141", kind=RoomKind.LECTURE, capacity=240, floor="1", step_free=True)
    make_event(
        "Secret meeting", room=room, visibility="members", starts_at=timezone.now() - dt.timedelta(minutes=5)
    )

    page = text_of(visitor.get(room.path), "main")

    assert "No public event is on in it now." in page
    assert "Secret meeting" not in page
    assert "free now" not in page.lower()
    for fact in ("Lecture hall", "240", "Step-free"):
        assert fact in page


@one_and_three
def test_room_costs_the_same_for_any_number_of_events(rows: int, visitor: Client) -> None:
    room = make_room()
    make_events(rows, room=room)

    with queries(5):  # the room; what is on in it; what begins in the week; its rows; what lasts
        visitor.get(room.path)


def test_room_shows_a_week_and_leads_to_others(visitor: Client) -> None:
    room, club = make_room(), make_organisation()
    event = make_event(
        "Next month", room=room, organisation=club, starts_at=timezone.now() + dt.timedelta(days=30)
    )
    week = Week.of(event.day)

    assert event.path not in hrefs(visitor.get(room.path), ".timetable a")
    page = visitor.get(f"{room.path}?week={week}")
    assert event.path in hrefs(page, ".timetable a")
    assert {f"?week={week.neighbour(-1)}", f"?week={week.neighbour(1)}", room.path} <= set(hrefs(page))


@pytest.mark.parametrize("week", ["2026-W54", "1999-W51", "2101-W01", "soon", "2026-W00"])
def test_room_in_a_week_there_is_not_is_refused(week: str, visitor: Client) -> None:
    room = make_room()
    assert visitor.get(room.path, {"week": week}).status_code == 400


@pytest.mark.parametrize("path", ["/rooms/none/", "/buildings/none/"])
def test_place_that_is_not_there_is_not_found(path: str, visitor: Client) -> None:
    page = visitor.get(path)
    assert page.status_code == 404
    assert int(page["X-Accel-Expires"]) > 0
    assert "/" in hrefs(page, "main a")
