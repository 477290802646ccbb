"""Months and weeks of the calendar: what their addresses say, which days they hold, what is before and after them.

Weeks are those of ISO 8601 everywhere, from Monday to Sunday: a week's number in an address, a row of a month and the
columns of a week are then always the same seven days.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Self

from django.utils import timezone

from myapp.events.queries import midnight

# Beyond these years there is nothing, and a calendar without an end is one that crawlers never leave.
YEARS = range(2000, 2101)
_DAY = dt.timedelta(days=1)


def _midnight_after(date: dt.date) -> dt.datetime:
    """Return when a day of the campus is over."""
    return midnight(date + _DAY)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the campus's calendar, by its first day."""

    first: dt.date

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2026-11". Raises `ValueError` for no month, or one beyond `YEARS`."""
        match = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text)
        if match is None or int(match[1]) not in YEARS:
            raise ValueError(text)
        return cls(dt.date(int(match[1]), int(match[2]), 1))

    @classmethod
    def of(cls, date: dt.date) -> Self:
        """Return the month that a day is in."""
        return cls(date.replace(day=1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return (self.first.replace(day=28) + 4 * _DAY).replace(day=1) - _DAY

    @property
    def starts_at(self) -> dt.datetime:
        """When it begins."""
        return midnight(self.first)

    @property
    def ends_at(self) -> dt.datetime:
        """When it is over."""
        return _midnight_after(self.last)

    def neighbour(self, step: int) -> "Month | None":
        """Return the month before (-1) or after (1) it; None beyond `YEARS`."""
        date = self.first - _DAY if step < 0 else self.last + _DAY
        return Month.of(date) if date.year in YEARS else None

    def weeks(self) -> list["Week"]:
        """Return the weeks that hold its days: four to six."""
        mondays = []
        week = Week.of(self.first)
        while week.monday <= self.last:
            mondays.append(week)
            week = Week(week.monday + 7 * _DAY)
        return mondays


@dataclass(frozen=True, slots=True)
class Week:
    """A week by ISO 8601, by its Monday."""

    monday: dt.date

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2026-W47". Raises `ValueError` for no week, or one beyond `YEARS`."""
        match = re.fullmatch(r"([0-9]{4})-W([0-9]{2})", text)
        if match is None or int(match[1]) not in (YEARS.start - 1, *YEARS):
            raise ValueError(text)
        week = cls(dt.date.fromisocalendar(int(match[1]), int(match[2]), 1))
        if not week._is_within():
            raise ValueError(text)
        return week

    @classmethod
    def of(cls, date: dt.date) -> Self:
        """Return the week that a day is in."""
        return cls(date - dt.timedelta(days=date.weekday()))

    @classmethod
    def this(cls) -> Self:
        """Return the week that the campus is in."""
        return cls.of(timezone.localdate())

    def __str__(self) -> str:
        year, number, _weekday = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def number(self) -> int:
        """Its number in its year."""
        return self.monday.isocalendar().week

    @property
    def sunday(self) -> dt.date:
        """Its last day."""
        return self.monday + 6 * _DAY

    @property
    def days(self) -> list[dt.date]:
        """Its seven days."""
        return [self.monday + number * _DAY for number in range(7)]

    def neighbour(self, step: int) -> "Week | None":
        """Return the week before (-1) or after (1) it; None beyond `YEARS`."""
        week = Week(self.monday + step * 7 * _DAY)
        return week if week._is_within() else None

    def _is_within(self) -> bool:
        """Whether one of its days stands in `YEARS`: the week of 1 January 2000 is one of 1999."""
        return self.monday.year in YEARS or self.sunday.year in YEARS


class MonthConverter:
    """`<month:month>` in an address; one that cannot be is no address of ours."""

    regex = "[0-9]{4}-[0-9]{2}"

    def to_python(self, value: str) -> Month:
        """Return the month."""
        return Month.parse(value)

    def to_url(self, value: Month) -> str:
        """Return it as it stands in an address."""
        return str(value)


class WeekConverter:
    """`<week:week>` in an address."""

    regex = "[0-9]{4}-W[0-9]{2}"

    def to_python(self, value: str) -> Week:
        """Return the week."""
        return Week.parse(value)

    def to_url(self, value: Week) -> str:
        """Return it as it stands in an address."""
        return str(value)
