"""The front page: an agenda by day, and how busy each day is."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from myapp.events.models import Status, Visibility
from myapp.testing.factories import make_event, make_events, tomorrow
from myapp.testing.html import hrefs, parse, text_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


def test_home_shows_events_under_their_day(visitor: Client) -> None:
    event = make_event("Kites over the lake", starts_at=tomorrow(18))

    page = parse(visitor.get("/"))

    day = page.one("section.day")
    assert "Tomorrow" in day.one("h2").text()
    assert f"/events/{event.slug}/" in hrefs(day)


@one_and_three
def test_home_costs_the_same_for_any_number_of_events(rows: int, visitor: Client) -> None:
    make_events(rows)

    with queries(3):  # what is next: its ids, its rows; how busy the days ahead are
        visitor.get("/")


def test_home_begins_with_the_day_asked_for(visitor: Client) -> None:
    make_event("Soon", starts_at=tomorrow(9))
    later = make_event("Later", starts_at=tomorrow(9) + dt.timedelta(days=4))

    page = visitor.get("/", {"day": later.day.isoformat()})

    assert "Later" in text_of(page, ".agenda")
    assert "Soon" not in text_of(page, ".agenda")
    assert parse(page).has("nav.days [aria-current]")


@pytest.mark.parametrize("day", ["yesterday", "2020-01-01", "9999-12-31", "-1", "2026-02-30", "\u0661"])
def test_home_with_a_day_that_is_none_begins_today(day: str, visitor: Client) -> None:
    make_event("Kites over the lake")

    assert "Kites over the lake" in text_of(visitor.get("/", {"day": day}), ".agenda")


def test_home_keeps_what_is_still_going_on(visitor: Client) -> None:
    now = timezone.now()
    make_event("A week of kites", starts_at=now - dt.timedelta(days=3), ends_at=now + dt.timedelta(days=2))

    day = parse(visitor.get("/")).one("section.day")

    assert "Today" in day.one("h2").text()
    assert "A week of kites" in day.text()


def test_home_puts_what_begins_today_before_what_still_goes_on(visitor: Client) -> None:
    now = timezone.now()
    make_event("A month of kites", starts_at=now - dt.timedelta(days=9), ends_at=now + dt.timedelta(days=9))
    tonight = timezone.localtime(now).replace(hour=23, minute=59, second=59)
    make_event("Kites tonight", starts_at=tonight)

    titles = [heading.text() for heading in parse(visitor.get("/")).all(".agenda h3")]

    assert titles == ["Kites tonight", "A month of kites"]


def test_home_shows_only_what_is_for_everyone(visitor: Client) -> None:
    make_event("Seen by all")
    make_event("Secret rehearsal", visibility=Visibility.MEMBERS)
    make_event("Campus breakfast", visibility=Visibility.CAMPUS)
    make_event("By invitation", visibility=Visibility.LINK)
    make_event("Half an idea", status=Status.DRAFT)
    make_event("Taken back", status=Status.WITHDRAWN)
    make_event("Long over", starts_at=timezone.now() - dt.timedelta(days=3))

    titles = [heading.text() for heading in parse(visitor.get("/")).all(".agenda h3")]

    assert titles == ["Seen by all"]


def test_home_marks_a_cancelled_event(visitor: Client) -> None:
    make_event("Rained off", status=Status.CANCELLED)

    row = parse(visitor.get("/")).one("li.event")

    assert row.attrs["data-status"] == "cancelled"
    assert "Cancelled" in row.text()


def test_home_of_an_empty_campus_says_so(visitor: Client) -> None:
    assert "Nothing is announced" in text_of(visitor.get("/"), ".empty")
