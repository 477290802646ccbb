"""The search finds what one finds who reads every event, in the same order, whatever of it is marked as near."""

import datetime as dt
from dataclasses import dataclass

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from myapp.events.filters import EventFilters
from myapp.events.maintenance import draw_near, sweep
from myapp.events.models import Event, Organisation, Status, Visibility
from myapp.events.models.events import NEAR
from myapp.events.queries import midnight
from myapp.events.search import search
from myapp.testing.factories import make_organisation

pytestmark = pytest.mark.django_db

WORDS = ("jazz", "chess", "jazzy")


@dataclass(frozen=True)
class Made:
    """One event of a made-up campus; times are hours from now. `is_marked` None leaves the mark as saving sets it."""

    title: str
    starts: int
    lasts: int
    is_hidden: bool
    is_marked: bool | None


# Close together in the next days, around the edge of what is near, and far; many begin at the same moment.
EDGE = round(NEAR / dt.timedelta(hours=1))
HOURS = st.integers(-60, 60) | st.integers(EDGE - 30, EDGE + 30) | st.integers(-24 * 40, 24 * 60)
EVENTS = st.builds(
    Made,
    title=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
    starts=HOURS.map(lambda hours: hours - hours % 6 + 1),
    lasts=st.sampled_from([0, 1, 8, 100]),
    is_hidden=st.sampled_from([False] * 5 + [True]),
    is_marked=st.sampled_from([None, None, True, False]),
)


@st.composite
def questions(draw: st.DrawFn) -> EventFilters:
    """A word, perhaps of some days, perhaps of the archive."""
    today = timezone.localdate()
    start = draw(st.none() | st.integers(-50, 50))
    end = draw(st.none() | st.integers(start or 0, 60))
    return EventFilters(
        q=draw(st.sampled_from(["jazz", "chess", "jazz chess", "jazz -chess", "-jazzy"])),
        start=None if start is None else today + dt.timedelta(days=start),
        end=None if end is None else today + dt.timedelta(days=end),
        archive=draw(st.sampled_from([False, False, True])),
    )


def make_campus(campus: list[Made], now: dt.datetime, club: Organisation) -> None:
    Event.objects.all().delete()
    events = []
    for made in campus:
        starts_at = now + dt.timedelta(hours=made.starts)
        visibility = Visibility.CAMPUS if made.is_hidden else Visibility.EVERYONE
        event = Event(
            title=made.title,
            starts_at=starts_at,
            ends_at=starts_at + dt.timedelta(hours=made.lasts),
            organisation=club,
            status=Status.PUBLISHED,
            visibility=visibility,
        )
        event.prepare()
        if made.is_marked is not None:
            event.is_near = made.is_marked
        events.append(event)
    Event.objects.bulk_create(events)


def read_everything(filters: EventFilters, now: dt.datetime) -> list[int]:
    """The ids of what matches, by reading every event."""

    def has(event: Event, word: str) -> bool:
        beginnings = word == filters.q.split()[-1]
        return any(part.startswith(word) if beginnings else part == word for part in event.title.split())

    def matches(event: Event) -> bool:
        words = filters.q.split()
        if not all(has(event, word) for word in words if not word.startswith("-")):
            return False
        return not any(word[1:] in event.title.split() for word in words if word.startswith("-"))

    def takes_place(event: Event) -> bool:
        if end and event.starts_at >= end:
            return False
        if not start or event.starts_at >= start:
            return True
        return not filters.archive and event.ends_at > start

    first, last = filters.days()
    start = midnight(first) if first else None
    end = midnight(last + dt.timedelta(days=1)) if last else None
    sign = -1 if filters.archive else 1
    found = [
        (sign * event.starts_at.timestamp(), sign * event.pk)
        for event in Event.objects.filter(visibility=Visibility.EVERYONE)
        if (event.ends_at <= now) == filters.archive and matches(event) and takes_place(event)
    ]
    return [sign * pk for _, pk in sorted(found)]


def walk(filters: EventFilters, limit: int, now: dt.datetime) -> list[int]:
    """The ids of what the search finds, page by page."""
    page = search(filters, limit=limit, now=now)
    ids = [row["id"] for row in page.rows]
    while page.more:
        page = search(filters, limit=limit, after=page.more, now=now)
        ids += [row["id"] for row in page.rows]
    return ids


@given(campus=st.lists(EVENTS, max_size=30), filters=questions(), limit=st.sampled_from([3, 30]))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_search_finds_what_reading_everything_finds(
    campus: list[Made], filters: EventFilters, limit: int
) -> None:
    club = Organisation.objects.first() or make_organisation("Kite Club")
    now = timezone.now()
    make_campus(campus, now, club)
    expected = read_everything(filters, now)

    assert walk(filters, limit, now) == expected
    assert sorted(walk(filters.with_(order="relevance"), limit, now)) == sorted(expected)
    sweep()
    draw_near()
    assert walk(filters, limit, now) == expected


def test_search_has_the_order_of_time_however_late_the_marks_are_set() -> None:
    now = timezone.now()
    days = [1, 5, 9, 13, 17, 20, 22, 30]
    made = [Made("jazz", 24 * day, 1, is_hidden=False, is_marked=None) for day in days]
    make_campus(made, now, make_organisation("Kite Club"))
    filters = EventFilters(q="jazz")
    expected = read_everything(filters, now)
    assert len(expected) == len(days)
    near = list(Event.objects.filter(is_near=True).order_by("starts_at").values_list("pk", flat=True))
    assert len(near) == sum(day < 21 for day in days)

    for pk in near:
        # As an event is that was far when it was last marked, between others that were not.
        Event.objects.filter(pk=pk).update(is_near=False)
        assert walk(filters, 2, now) == walk(filters, 30, now) == expected
        Event.objects.filter(pk=pk).update(is_near=True)
    Event.objects.update(is_near=True)
    assert walk(filters, 2, now) == expected
    Event.objects.update(is_near=False)
    assert walk(filters, 2, now) == expected
