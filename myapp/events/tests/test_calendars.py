"""What is written for other calendars is read back by the library that reads everybody else's."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings, strategies as st
from icalendar import Calendar

from myapp.events import actions
from myapp.events.calendars import event_ics, feed_ics, google_url, outlook_url, uid
from myapp.events.models import Event, Organisation, Status
from myapp.testing.factories import local, make_building, make_event, make_room
from myapp.venues.models import Building
from myapp.web.texts import printable

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=300)


def unsaved_event(**fields: Any) -> Event:
    """Return an event with its derived fields, without a database."""
    organisation = Organisation(name="Observatory Society", slug="observatory-society")
    defaults: dict[str, Any] = {
        "title": "Star party",
        "starts_at": local("2026-11-20 18:00"),
        "ends_at": local("2026-11-20 21:00"),
        "status": Status.PUBLISHED,
        "organisation": organisation,
    }
    event = Event(**(defaults | fields))
    event.prepare()
    return event


def read(ics: bytes) -> Any:
    """Return the one event of a calendar."""
    (vevent,) = Calendar.from_ical(ics).walk("VEVENT")
    return vevent


def unescaped(ics: bytes, name: str) -> str:
    """Return a text by RFC 5545's rules alone; the library misreads an escaped backslash before n."""
    unfolded = ics.replace(b"\r\n ", b"").decode()
    value = re.search(rf"^{name}:(.*)\r$", unfolded, re.MULTILINE)
    assert value
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value[1])


def test_event_ics_says_what_the_event_is():
    event = unsaved_event(tags=["stars", "a, b; c"], description="Bring a *coat*.", category="social")
    vevent = read(event_ics(event))
    assert vevent["UID"] == f"{event.code}@eventmate"
    assert vevent["SUMMARY"] == "Star party"
    assert vevent["DTSTART"].dt == event.starts_at
    assert vevent["DTEND"].dt == event.ends_at
    assert vevent["STATUS"] == "CONFIRMED"
    assert vevent["SEQUENCE"] == 0
    assert vevent["URL"] == f"http://127.0.0.1:8000/events/{event.slug}/"
    assert [str(word) for word in vevent["CATEGORIES"].cats] == [
        "Social",
        "Observatory Society",
        "stars",
        "a, b; c",
    ]
    assert "Bring a coat." in vevent["DESCRIPTION"]


def test_event_ics_names_room_building_address_and_position():
    building = Building(
        name="Loomis",
        slug="loomis",
        address="1 Green St",
        latitude=Decimal("40.110884"),
        longitude=Decimal("-88.2"),
    )
    event = unsaved_event(
        building=building, place="Room 141", online=True, online_url="https://a.example/?b=c,d"
    )
    vevent = read(event_ics(event))
    assert vevent["LOCATION"] == "Room 141, Loomis, 1 Green St, Online"
    assert (vevent["GEO"].latitude, vevent["GEO"].longitude) == (40.110884, -88.2)
    assert str(vevent["CONFERENCE"]) == "https://a.example/?b=c,d"


@pytest.mark.parametrize(
    ("first", "end", "days"),
    [("2026-11-20", "2026-11-21", 1), ("2026-10-24", "2026-10-27", 3), ("2026-03-29", "2026-03-30", 1)],
)
def test_event_ics_gives_whole_days_as_dates(first: str, end: str, days: int):
    event = unsaved_event(all_day=True, starts_at=local(f"{first} 00:00"), ends_at=local(f"{end} 00:00"))
    vevent = read(event_ics(event))
    assert vevent["DTSTART"].dt == dt.date.fromisoformat(first)
    assert vevent["DTEND"].dt - vevent["DTSTART"].dt == dt.timedelta(days=days)


def test_event_ics_is_the_same_bytes_each_time():
    event = unsaved_event()
    with translation.override("en"):
        assert event_ics(event) == event_ics(event)


def test_event_ics_lines_end_in_crlf_and_have_75_octets_at_most():
    event = unsaved_event(title="Sterne ✨ über Zürich 🪁 " * 8, description="naïve \\ café, " * 90)
    ics = event_ics(event)
    assert ics.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in ics.replace(b"\r\n", b"")
    lines = ics.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    for line in lines:
        line.decode()  # no character is torn apart
    assert read(ics)["SUMMARY"] == event.title


@given(title=_TEXTS, description=_TEXTS, tag=_TEXTS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_event_ics_brings_any_text_back(title: str, description: str, tag: str):
    event = unsaved_event()
    event.title, event.description_text, event.tags = title, description, [tag]
    ics = event_ics(event)
    assert unescaped(ics, "SUMMARY") == printable(title)
    assert unescaped(ics, "DESCRIPTION").startswith(printable(description))
    vevent = read(ics)
    assert vevent["UID"] == uid(event)
    assert vevent["DTEND"].dt == event.ends_at
    if "\\" not in title:
        assert vevent["SUMMARY"] == printable(title)


def test_event_ics_keeps_a_backslash_before_n():
    assert (
        unescaped(event_ics(unsaved_event(title="C:\\New and C:\\new")), "SUMMARY") == "C:\\New and C:\\new"
    )


def test_feed_ics_names_itself_and_says_when_to_ask_again():
    ics = feed_ics(
        [unsaved_event()], name="Talks, and more", address="https://e.example/events.ics?category=talk"
    )
    calendar: Any = Calendar.from_ical(ics)
    assert unescaped(ics, "NAME") == unescaped(ics, "X-WR-CALNAME") == "Talks, and more"
    assert calendar["REFRESH-INTERVAL"].dt == dt.timedelta(hours=1)
    assert calendar["SOURCE"] == "https://e.example/events.ics?category=talk"
    assert "METHOD" not in calendar
    assert len(calendar.walk("VEVENT")) == 1


def test_feed_ics_of_nothing_is_a_calendar():
    assert not Calendar.from_ical(feed_ics([], name="", address="https://e.example/")).walk("VEVENT")


@pytest.mark.django_db
def test_event_ics_of_a_cancelled_event_keeps_its_uid_and_counts_on(omar, omars_club):
    event = make_event(organisation=omars_club)
    before = read(event_ics(event))
    cancelled = actions.cancel(event, reason="Clouds.", acting_user=omar)
    after = read(event_ics(cancelled))
    assert after["UID"] == before["UID"]
    assert after["STATUS"] == "CANCELLED"
    assert after["SEQUENCE"] == before["SEQUENCE"] + 1
    assert after["DTSTAMP"].dt >= before["DTSTAMP"].dt
    assert after["DESCRIPTION"].startswith("Cancelled: Clouds.")


@pytest.mark.django_db
def test_event_ics_asks_nothing_of_the_database(django_assert_num_queries):
    room = make_room("141", building=make_building("Loomis"))
    event = make_event(room=room)
    with django_assert_num_queries(0):
        assert read(event_ics(event))["LOCATION"] == "Loomis 141"


def test_google_url_carries_times_in_utc():
    event = unsaved_event(
        title="Tea & cake", starts_at=local("2026-07-01 18:00"), ends_at=local("2026-07-01 19:00")
    )
    query = parse_qs(urlsplit(google_url(event)).query)
    assert query["dates"] == ["20260701T170000Z/20260701T180000Z"]
    assert query["text"] == ["Tea & cake"]
    assert query["details"] == [f"http://127.0.0.1:8000/events/{event.slug}/"]


def test_outlook_url_of_whole_days_carries_dates_and_no_plus_signs():
    event = unsaved_event(
        title="Open day + tour",
        all_day=True,
        starts_at=local("2026-07-01 00:00"),
        ends_at=local("2026-07-03 00:00"),
    )
    url = outlook_url(event)
    query = parse_qs(urlsplit(url).query)
    assert (query["startdt"], query["enddt"], query["allday"]) == (["2026-07-01"], ["2026-07-03"], ["true"])
    assert query["subject"] == ["Open day + tour"]
    assert "+" not in url


def test_links_stay_short_whatever_the_description_holds():
    event = unsaved_event(description="word " * 20000, title="x" * 200)
    assert len(google_url(event)) < 2000
    assert len(outlook_url(event)) < 2000


def test_event_ics_speaks_the_active_language():
    event = unsaved_event()
    with translation.override("fr"):
        assert read(event_ics(event))["URL"] == f"http://127.0.0.1:8000/fr/events/{event.slug}/"


def test_periods_without_length_stay_readable():
    event = unsaved_event(ends_at=local("2026-11-20 18:00"))
    assert read(event_ics(event))["DTEND"].dt == event.starts_at.astimezone(timezone.get_default_timezone())
