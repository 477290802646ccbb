"""The calendar: what stands where in a month and in a week."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from myapp.events.calendar_days import Month, Week
from myapp.events.calendar_pages import Timetable, month_grid, timetable
from myapp.events.models import Event
from myapp.testing.factories import local, make_event, make_organisation
from myapp.testing.html import hrefs, parse, text_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db
NOVEMBER = Month.parse("2026-11")
WEEK = Week.parse("2026-W47")  # from Monday 16 to Sunday 22 November


def on(start: str, end: str, title: str = "", **fields: object) -> Event:
    """Make an event from one clock time of the campus to another."""
    return make_event(title, starts_at=local(start), ends_at=local(end), **fields)


def titles_by_day(month: Month = NOVEMBER) -> dict[int, list[str]]:
    """Return what the days of a month show."""
    cells = [cell for row in month_grid(Event.objects.public(), month) for cell in row.cells if cell.in_month]
    return {cell.date.day: [row["title"] for row in cell.rows] for cell in cells if cell.rows}


def week_of_events(week: Week = WEEK) -> Timetable:
    """Return the timetable of all public events."""
    return timetable(Event.objects.public(), week)


@one_and_three
@pytest.mark.parametrize("path", ["/calendar/2026-11/", "/calendar/2026-W47/"])
def test_calendar_costs_the_same_for_any_number_of_events(rows: int, path: str, visitor: Client) -> None:
    for number in range(rows):
        on(f"2026-11-{17 + number} 10:00", f"2026-11-{17 + number} 12:00")
        on(f"2026-11-{17 + number} 10:00", f"2026-11-{19 + number} 12:00")

    with queries(3):  # what begins on each day; its rows; what lasts
        assert visitor.get(path).status_code == 200


def test_month_shows_events_on_their_day_of_the_campus() -> None:
    on("2026-11-17 00:30", "2026-11-17 02:00", "Early")
    on("2026-11-17 23:00", "2026-11-17 23:59", "Late")
    assert titles_by_day() == {17: ["Early", "Late"]}


def test_month_shows_what_lasts_on_each_of_its_days() -> None:
    on("2026-11-17 10:00", "2026-11-19 12:00", "Conference")
    on("2026-11-28 00:00", "2026-12-01 00:00", "Fair", all_day=True)
    on("2026-10-20 10:00", "2026-11-02 12:00", "From before")
    assert titles_by_day() == {
        1: ["From before"],
        2: ["From before"],
        17: ["Conference"],
        18: ["Conference"],
        19: ["Conference"],
        28: ["Fair"],
        29: ["Fair"],
        30: ["Fair"],
    }


@pytest.mark.parametrize(
    ("end", "days"), [("02:00", [20]), ("05:59", [20]), ("06:00", [20, 21]), ("11:00", [20, 21])]
)
def test_month_gives_a_night_to_the_day_it_began_on(end: str, days: list[int]) -> None:
    on("2026-11-20 22:00", f"2026-11-21 {end}", "Night")
    assert list(titles_by_day()) == days


def test_month_cuts_a_busy_day_and_says_how_many_more(visitor: Client) -> None:
    for hour in range(10, 18):
        on(f"2026-11-17 {hour}:00", f"2026-11-17 {hour}:30", f"At {hour}")

    (cell,) = [
        cell for row in month_grid(Event.objects.public(), NOVEMBER) for cell in row.cells if cell.rows
    ]

    assert [row["title"] for row in cell.rows] == ["At 10", "At 11", "At 12"]
    assert (cell.count, cell.more, cell.busy) == (8, 5, 8)
    page = visitor.get("/calendar/2026-11/")
    assert "5 more" in text_of(page, ".month")
    assert "/events/?from=2026-11-17&to=2026-11-17" in "".join(hrefs(page, ".more-of a")).replace(
        "archive=1&", ""
    )


def test_month_lets_no_exhibition_push_out_the_day() -> None:
    for number in range(4):
        on("2026-10-01 10:00", "2026-12-20 18:00", f"Exhibition {number}")
    on("2026-11-17 10:00", "2026-11-17 12:00", "Talk one")
    on("2026-11-17 11:00", "2026-11-17 12:00", "Talk two")
    shown = titles_by_day()
    assert {"Talk one", "Talk two"} < set(shown[17])
    assert len(shown[18]) == 3


def test_week_gives_each_event_its_place() -> None:
    on("2026-11-17 10:00", "2026-11-17 11:30", "Talk")
    found = week_of_events()
    assert list(found.hours) == list(range(9, 20))
    (slot,) = found.columns[1].slots
    assert (slot.at, slot.quarters, slot.lane, slot.lanes) == (4, 6, 0, 1)


def test_week_draws_as_many_hours_as_its_events_need() -> None:
    on("2026-11-17 06:40", "2026-11-17 07:00", "Run")
    on("2026-11-17 22:00", "2026-11-18 02:00", "Night")
    found = week_of_events()
    assert list(found.hours) == list(range(6, 24))
    run, night = found.columns[1].slots
    assert (run.at, run.quarters) == (2, 3)  # from 06:30: half an hour is the least that holds a title
    assert (night.at, night.quarters) == (64, 8)
    assert not found.columns[2].slots


def test_week_puts_what_overlaps_side_by_side_and_leaves_the_fourth_to_the_list() -> None:
    for number in range(5):
        on("2026-11-17 10:00", f"2026-11-17 1{number + 1}:00", f"Talk {number}")
    on("2026-11-17 18:00", "2026-11-17 19:00", "Alone")
    column = week_of_events().columns[1]
    assert [(slot.lane, slot.lanes) for slot in column.slots] == [(0, 3), (1, 3), (2, 3), (0, 1)]
    assert (column.count, column.more) == (6, 2)


def test_week_takes_a_lane_again_when_it_is_free() -> None:
    on("2026-11-17 10:00", "2026-11-17 12:00", "Long")
    on("2026-11-17 10:00", "2026-11-17 11:00", "First")
    on("2026-11-17 11:00", "2026-11-17 12:00", "Second")
    slots = {slot.row["title"]: slot for slot in week_of_events().columns[1].slots}
    assert slots["First"].lane == slots["Second"].lane != slots["Long"].lane
    assert {slot.lanes for slot in slots.values()} == {2}


def test_week_puts_whole_days_and_several_days_above() -> None:
    on("2026-11-17 00:00", "2026-11-18 00:00", "One day", all_day=True)
    on("2026-11-18 10:00", "2026-11-20 12:00", "Conference")
    on("2026-11-14 10:00", "2026-11-17 12:00", "From before")
    on("2026-11-21 10:00", "2026-11-29 12:00", "Into the next")
    found = week_of_events()
    assert [(bar.row["title"], bar.column, bar.days) for bar in found.bars] == [
        ("From before", 1, 2),
        ("One day", 2, 1),
        ("Conference", 3, 3),
        ("Into the next", 6, 2),
    ]
    assert not [slot for column in found.columns for slot in column.slots]
    assert [column.count for column in found.columns] == [1, 2, 1, 1, 1, 1, 1]
    assert [column.more for column in found.columns] == [0] * 7


def test_week_in_which_the_clock_is_set_back() -> None:
    """On 25 October 2026 the hour from one to two comes twice in London."""
    hour = dt.timedelta(hours=1)
    twice = local("2026-10-25 00:30") + hour  # 01:30, the first time
    make_event("Across", starts_at=twice, ends_at=twice + hour)  # to 01:30, the second time
    make_event("After", starts_at=local("2026-10-25 10:00"), ends_at=local("2026-10-25 11:00"))
    column = week_of_events(Week.parse("2026-W43")).columns[6]
    assert [(slot.row["title"], slot.at, slot.quarters) for slot in column.slots] == [
        ("Across", 2, 4),
        ("After", 36, 4),
    ]


def test_week_in_which_the_clock_is_set_forward() -> None:
    """On 29 March 2026 the hour from one to two is left out in London."""
    make_event("Across", starts_at=local("2026-03-29 00:30"), ends_at=local("2026-03-29 02:30"))
    make_event(
        "Whole day", starts_at=local("2026-03-29 00:00"), ends_at=local("2026-03-30 00:00"), all_day=True
    )
    found = week_of_events(Week.parse("2026-W13"))
    (slot,) = found.columns[6].slots
    assert (slot.at, slot.quarters) == (2, 8)
    assert [(bar.row["title"], bar.column, bar.days) for bar in found.bars] == [("Whole day", 7, 1)]


def test_week_keeps_an_event_without_length_readable() -> None:
    on("2026-11-17 23:50", "2026-11-17 23:50", "Deadline")
    (slot,) = week_of_events().columns[1].slots
    assert slot.quarters >= 2
    assert slot.at + slot.quarters <= len(week_of_events().hours) * 4


def test_week_with_hundreds_on_a_day_stays_small() -> None:
    club = make_organisation()
    for number in range(60):
        on(
            f"2026-11-17 {8 + number // 6:02}:{number % 6}0",
            f"2026-11-17 {8 + number // 6:02}:{number % 6}9",
            organisation=club,
        )
    column = week_of_events().columns[1]
    assert column.count == 60
    assert len(column.slots) + column.more == 60
    assert len(column.slots) <= 40


def test_calendar_shows_this_month(visitor: Client) -> None:
    page = visitor.get("/calendar/")
    assert page.status_code == 200
    assert len(parse(page).all(".month [aria-current]")) == 1
    assert f"{timezone.localdate():%B %Y}" == text_of(page, "h1")


def test_calendar_leads_to_its_neighbours(visitor: Client) -> None:
    assert {"/calendar/2026-10/", "/calendar/2026-12/"} <= set(
        hrefs(visitor.get("/calendar/2026-11/"), "[rel]")
    )
    assert {"/calendar/2026-W46/", "/calendar/2026-W48/"} <= set(
        hrefs(visitor.get("/calendar/2026-W47/"), "[rel]")
    )
    assert "/calendar/1999-W52/" in hrefs(visitor.get("/calendar/2000-01/"), "main a")
    assert visitor.get("/calendar/1999-W52/").status_code == 200  # it holds 1 January 2000
    assert "/calendar/2100-11/" in hrefs(visitor.get("/calendar/2100-12/"), "[rel]")
    assert "/fr/calendar/2026-12/" in hrefs(visitor.get("/fr/calendar/2026-11/"), "[rel]")


@pytest.mark.parametrize(
    "name", ["1999-12", "2101-01", "2026-13", "2026-W54", "1999-W01", "2026-11-17", "now"]
)
def test_calendar_of_no_time_is_not_found_and_offers_a_way_on(name: str, visitor: Client) -> None:
    page = visitor.get(f"/calendar/{name}/")
    assert page.status_code == 404
    assert "/" in hrefs(page, "main a")


def test_calendar_narrowed_to_a_category_keeps_it(visitor: Client) -> None:
    talk = on("2026-11-17 10:00", "2026-11-17 11:00", "Talk")
    match = on("2026-11-17 10:00", "2026-11-17 11:00", "Match", category="sport")
    for path in ("/calendar/2026-11/", "/calendar/2026-W47/"):
        page = visitor.get(f"{path}?category=sport")
        assert match.path in hrefs(page)
        assert talk.path not in hrefs(page)
        assert all(href.endswith("?category=sport") for href in hrefs(page, "[rel=prev]"))
    assert visitor.get("/calendar/?category=nonsense").status_code == 400


def test_calendar_says_what_is_cancelled(visitor: Client) -> None:
    on("2026-11-17 10:00", "2026-11-17 11:00", "Talk", status="cancelled")
    for path in ("/calendar/2026-11/", "/calendar/2026-W47/"):
        assert "Cancelled" in text_of(visitor.get(path), "[data-status=cancelled]")
