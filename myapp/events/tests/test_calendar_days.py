"""Months and weeks as their addresses say them."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from myapp.events.calendar_days import Month, Week

_DAYS = st.dates(dt.date(2000, 1, 3), dt.date(2100, 12, 31))


@given(_DAYS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_month_and_week_of_a_day_hold_it_and_read_back(day: dt.date) -> None:
    month, week = Month.of(day), Week.of(day)
    assert Month.parse(str(month)) == month
    assert Week.parse(str(week)) == week
    assert month.first <= day <= month.last
    assert day in week.days
    assert week in month.weeks()


@given(_DAYS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_weeks_of_a_month_hold_each_of_its_days_once(day: dt.date) -> None:
    month = Month.of(day)
    days = [date for week in month.weeks() for date in week.days]
    assert len(days) == len(set(days))
    assert days == sorted(days)
    assert days[0].weekday() == 0
    assert days[0] <= month.first
    assert days[-1] >= month.last
    assert 4 <= len(month.weeks()) <= 6


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "1999-12", "2101-01", "2026-1", "soon", ""])
def test_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Month.parse(text)


@pytest.mark.parametrize(
    "text",
    ["2026-W54", "2025-W53", "2026-W00", "1999-W51", "9999-W52", "2101-W01", "2026-47", "", "2026-W471"],
)
def test_week_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Week.parse(text)


def test_calendar_ends_with_its_years() -> None:
    assert Month.parse("2000-01").neighbour(-1) is None
    assert Month.parse("2100-12").neighbour(1) is None
    assert str(Week.parse("2000-W01").neighbour(-1)) == "1999-W52"  # it holds 1 January 2000
    assert Week.parse("1999-W52").neighbour(-1) is None
    assert Week.parse("2100-W52").neighbour(1) is None


def test_week_53_lies_between_two_years() -> None:
    week = Week.parse("2026-W53")
    assert (week.monday, week.sunday) == (dt.date(2026, 12, 28), dt.date(2027, 1, 3))
    assert str(week.neighbour(1)) == "2027-W01"
