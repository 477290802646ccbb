"""The event as search engines read it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from myapp.events.structured_data import event_data, event_json_ld
from myapp.events.tests.test_calendars import unsaved_event
from myapp.testing.factories import local
from myapp.venues.models import Building


def test_event_data_says_when_with_the_offset_of_the_day():
    summer = event_data(unsaved_event(starts_at=local("2026-07-01 18:00"), ends_at=local("2026-07-01 19:30")))
    winter = event_data(unsaved_event())
    assert (summer["startDate"], summer["endDate"]) == (
        "2026-07-01T18:00:00+01:00",
        "2026-07-01T19:30:00+01:00",
    )
    assert winter["startDate"] == "2026-11-20T18:00:00+00:00"


def test_event_data_of_whole_days_ends_on_the_last_of_them():
    event = unsaved_event(
        all_day=True, starts_at=local("2026-10-24 00:00"), ends_at=local("2026-10-26 00:00")
    )
    assert (event_data(event)["startDate"], event_data(event)["endDate"]) == ("2026-10-24", "2026-10-25")


def test_event_data_says_who_and_what_and_that_it_stands():
    event = unsaved_event(summary="Look up.", tags=["stars"], language="en", poster="posters/stars.jpg")
    data = event_data(event)
    assert data["eventStatus"] == "https://schema.org/EventScheduled"
    assert data["organizer"]["url"] == "http://127.0.0.1:8000/organisations/observatory-society/"
    assert data["image"] == ["http://127.0.0.1:8000/media/posters/stars.jpg"]
    assert (data["description"], data["keywords"], data["inLanguage"]) == ("Look up.", ["stars"], "en")


def test_event_data_of_a_cancelled_event():
    assert event_data(unsaved_event(status="cancelled"))["eventStatus"] == "https://schema.org/EventCancelled"


@pytest.mark.parametrize(
    ("place", "online", "mode", "kinds"),
    [
        ("Main Quad", False, "Offline", ["Place"]),
        ("", True, "Online", ["VirtualLocation"]),
        ("Main Quad", True, "Mixed", ["Place", "VirtualLocation"]),
        ("", False, "Offline", ["Place"]),
    ],
)
def test_event_data_says_where(place: str, online: bool, mode: str, kinds: list[str]):
    data = event_data(
        unsaved_event(place=place, online=online, online_url="https://a.example/" if online else "")
    )
    assert data["eventAttendanceMode"] == f"https://schema.org/{mode}EventAttendanceMode"
    places = data["location"] if isinstance(data["location"], list) else [data["location"]]
    assert [part["@type"] for part in places] == kinds


def test_event_data_gives_a_building_its_address_and_position():
    building = Building(
        name="Loomis", slug="loomis", address="1 Green St", latitude="40.11", longitude="-88.2"
    )
    place = event_data(unsaved_event(building=building))["location"]
    assert place["address"] == "1 Green St"
    assert place["geo"]["latitude"] == 40.11


def test_event_json_ld_cannot_leave_its_script_element():
    title = "</script><script>alert(1)</script><!-- & \u2028 ]]>"
    text = event_json_ld(unsaved_event(title=title))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["name"] == title


@given(title=st.text(st.characters(codec="utf-8"), max_size=200))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_event_json_ld_brings_any_title_back(title: str):
    event = unsaved_event()
    event.title = title
    text = event_json_ld(event)
    assert "<" not in text
    assert json.loads(text).get("name", "") == title
