"""When an event is, in words."""

import datetime as dt

import pytest
from django.utils import timezone, translation

from myapp.events.models import Event
from myapp.events.times import spoken_period, whole_days
from myapp.testing.factories import local

THIS_YEAR = dt.date.today().year  # noqa: DTZ011 - only the year, to spell dates without it


def _event(start: str, end: str, *, all_day: bool = False) -> Event:
    return Event(
        starts_at=local(f"{THIS_YEAR}-{start}"), ends_at=local(f"{THIS_YEAR}-{end}"), all_day=all_day
    )


def _weekday(month: int, day: int, style: str = "%A") -> str:
    return dt.date(THIS_YEAR, month, day).strftime(style)


def test_an_evening_is_one_day_and_two_times() -> None:
    event = _event("06-12 18:00", "06-12 19:30")

    assert spoken_period(event) == f"{_weekday(6, 12)} 12 June, 18:00 to 19:30"


def test_a_night_belongs_to_the_day_it_began_on() -> None:
    event = _event("06-12 22:00", "06-13 02:00")

    assert spoken_period(event) == f"{_weekday(6, 12)} 12 June, 22:00 to 02:00"


def test_several_days_name_both_ends() -> None:
    event = _event("06-12 10:00", "06-14 16:00")

    short = f"{_weekday(6, 12, '%a')} 12 Jun, 10:00 to {_weekday(6, 14, '%a')} 14 Jun, 16:00"
    assert spoken_period(event) == short


def test_an_all_day_event_ends_on_its_last_day_not_at_the_midnight_after() -> None:
    assert (
        spoken_period(_event("06-12 00:00", "06-13 00:00", all_day=True))
        == f"{_weekday(6, 12)} 12 June, all day"
    )
    weekend = spoken_period(_event("06-13 00:00", "06-15 00:00", all_day=True))
    assert weekend == f"{_weekday(6, 13)} 13 June to {_weekday(6, 14)} 14 June"


def test_a_moment_has_one_time() -> None:
    assert spoken_period(_event("06-12 18:00", "06-12 18:00")) == f"{_weekday(6, 12)} 12 June, 18:00"


def test_another_year_is_named() -> None:
    event = Event(starts_at=local("2019-06-12 18:00"), ends_at=local("2019-06-12 19:00"))

    assert spoken_period(event) == "Wednesday 12 June 2019, 18:00 to 19:00"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_period_speaks_the_active_language(language: str) -> None:
    with translation.override(language):
        words = spoken_period(_event("06-12 18:00", "06-12 19:30"))

    assert ("juin" in words) == (language == "fr")


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("06-12 10:00", "06-12 17:00", ("06-12", "06-13")),
        ("06-12 00:00", "06-12 00:00", ("06-12", "06-13")),
        ("06-12 00:00", "06-13 00:00", ("06-12", "06-13")),
        ("06-12 00:00", "06-14 00:00", ("06-12", "06-14")),
        ("06-12 20:00", "06-13 02:00", ("06-12", "06-14")),
        ("03-01 09:00", "11-01 09:00", ("03-01", "11-02")),  # clocks change twice on the way
    ],
)
def test_whole_days_are_all_that_a_period_touches(start: str, end: str, days: tuple[str, str]) -> None:
    first, last = (local(f"{THIS_YEAR}-{day} 00:00") for day in days)

    assert whole_days(local(f"{THIS_YEAR}-{start}"), local(f"{THIS_YEAR}-{end}")) == (first, last)


def test_whole_days_begin_at_one_where_clocks_are_set_forward_at_midnight() -> None:
    """In Beirut there is no midnight on 30 March 2025: the day begins at one."""
    with timezone.override("Asia/Beirut"):
        begin, end = local("2025-03-29 00:00"), local("2025-03-30 01:00")

        assert [moment.astimezone(dt.UTC) for moment in whole_days(begin, end)] == [
            begin.astimezone(dt.UTC),
            end.astimezone(dt.UTC),
        ]
