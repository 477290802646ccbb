"""Recurrence rules (RFC 5545 §3.3.10): the dates they stand for. `rule_reading` reads their text.

``dateutil`` is the usual answer and disagrees with a third of the recurrence cases of ical.net we hold ourselves to:
week numbers at the turn of a year, BYSETPOS in the first period, a month left out of YEARLY;BYMONTHDAY, "MO,2TU".
It also walks from DTSTART second by second and cannot be told to stop.

Dates are wall-clock: naive date-times, an all-day date being its midnight. Zones come later, so that 18:00 stays 18:00.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product

from django.utils.translation import gettext as _

from myapp.events.importing import deadline

MAX_STEPS = 200_000
"""How many periods (years, weeks, seconds …) are looked at for one rule before it is given up."""

# Wall clocks have no zone.

SUB_DAILY = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}


class RuleError(ValueError):
    """The rule says something RFC 5545 gives no meaning to; the message says what."""


class OutOfRange(RuleError):
    """The next date would lie after the year 9999."""


class TooFar(RuleError):
    """The next date lies too many periods away to be looked for."""


@dataclass(frozen=True, slots=True)
class Until:
    """The UNTIL of a rule as written: a day, a wall-clock time, or an instant in UTC."""

    moment: datetime
    is_date: bool
    is_utc: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE or EXRULE."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: Until | None = None
    week_start: int = 0
    by_second: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    """(which one in the month or year, 0 for every one; weekday, 0 for Monday)."""
    by_set_position: tuple[int, ...] = ()

    def dates(
        self,
        start: datetime,
        *,
        until: datetime | None = None,
        after: datetime | None = None,
        before: datetime | None = None,
    ) -> Iterator[datetime]:
        """Give the rule's dates from ``start`` on, in order, each once.

        ``until`` (wall clock, inclusive) takes the place of the rule's own UNTIL when the caller has worked it out in
        its zone. Nothing before ``after`` is given, and a rule without COUNT leaps
        there; nothing behind ``before``, and a rule without dates stops there. A ``start`` that the rule itself
        does not stamp is not given (RFC 5545 leaves it undefined). Raises :class:`OutOfRange` after the year 9999 and
        :class:`TooFar` after ``MAX_STEPS`` periods, so an endless rule must be cut by whoever reads from it.
        """
        lasts = [
            one for one in (until if until is not None else self._own_until(), before) if one is not None
        ]
        last = min(lasts, default=None)
        left = self.count
        leap_to = after if self.count is None else None
        for group in self._periods(start, leap_to, last):
            for moment in group:
                if moment < start:
                    continue
                if last is not None and moment > last:
                    return
                if left is not None:
                    left -= 1
                if after is None or moment >= after:
                    yield moment
                if left == 0:
                    return

    def _own_until(self) -> datetime | None:
        if self.until is None:
            return None
        return datetime.combine(self.until.moment, time.max) if self.until.is_date else self.until.moment

    def _periods(
        self, start: datetime, leap_to: datetime | None, last: datetime | None
    ) -> Iterator[list[datetime]]:
        """Give the dates of each year, month, week … as a sorted list, BYSETPOS applied."""
        if self.frequency in SUB_DAILY:
            yield from self._short_periods(start, leap_to, last)
            return
        times = self._times(start)
        step = {"YEARLY": self._year, "MONTHLY": self._month, "WEEKLY": self._week, "DAILY": self._day}[
            self.frequency
        ]
        first = self._leap(start, leap_to)
        enough = first + MAX_STEPS if last is None else self._number_behind(start, last)
        for number in range(first, min(first + MAX_STEPS, enough)):
            if not number % 100:
                deadline.check()
            try:
                days = sorted(set(step(start, number * self.interval)))
            except (ValueError, OverflowError) as error:
                raise OutOfRange(_("It goes on after the year 9999.")) from error
            yield self._positions([datetime.combine(day, moment) for day in days for moment in times])
        if enough >= first + MAX_STEPS:
            raise TooFar(_("Its dates lie too far from its start."))

    def _number_behind(self, start: datetime, last: datetime) -> int:
        """Return the number of a period that surely lies behind ``last``."""
        days = {"YEARLY": 365, "MONTHLY": 28, "WEEKLY": 7, "DAILY": 1}[self.frequency] * self.interval
        return max(0, (last - start).days // days + 3)

    def _leap(self, start: datetime, leap_to: datetime | None) -> int:
        """Return the number of a period that surely lies before ``leap_to``."""
        if leap_to is None or leap_to <= start:
            return 0
        days = {"YEARLY": 366, "MONTHLY": 31, "WEEKLY": 7, "DAILY": 1}[self.frequency] * self.interval
        return max(0, (leap_to - start).days // days - 2)

    def _times(self, start: datetime) -> list[time]:
        hours = sorted(set(self.by_hour)) or [start.hour]
        minutes = sorted(set(self.by_minute)) or [start.minute]
        seconds = sorted({min(second, 59) for second in self.by_second}) or [start.second]
        return [time(*parts) for parts in product(hours, minutes, seconds)]

    def _positions(self, group: list[datetime]) -> list[datetime]:
        if not self.by_set_position or not group:
            return group
        size = len(group)
        places = {place - 1 if place > 0 else size + place for place in self.by_set_position}
        return [group[place] for place in sorted(places) if 0 <= place < size]

    # Each of these gives the days of the period that lies ``steps`` units after the one holding ``start``.

    def _year(self, start: datetime, steps: int) -> Iterator[date]:
        if self.by_week:
            return self._weeks_of_year(start, steps)
        year = start.year + steps
        if self.by_year_day:
            whole = _days(date(year, 1, 1), date(year, 12, 31))
            return (day for day in whole if self._is_year_day(day) and self._passes(day))
        if self.by_month_day or not self.by_day:
            # What the rule leaves out is taken from DTSTART: the month, the day.
            days = _months(year, self.by_month or (start.month,))
            if self.by_month_day:
                return (day for day in days if self._passes(day))
            return (day for day in days if day.day == start.day)
        return (day for day in _months(year, self.by_month or range(1, 13)) if self._passes(day))

    def _weeks_of_year(self, start: datetime, steps: int) -> Iterator[date]:
        year = _week_year(start.date(), self.week_start) + steps
        first, after = _first_week(year, self.week_start), _first_week(year + 1, self.week_start)
        weeks = (after - first).days // 7
        numbers = sorted({number if number > 0 else weeks + 1 + number for number in self.by_week})
        implied = not (self.by_day or self.by_month_day or self.by_year_day)
        for number in numbers:
            if not 1 <= number <= weeks:
                continue
            monday = first + timedelta(weeks=number - 1)
            for day in _days(monday, monday + timedelta(days=6)):
                if implied and day.weekday() != start.weekday():
                    continue
                if (not self.by_year_day or self._is_year_day(day)) and self._passes(day, in_week=True):
                    yield day

    def _month(self, start: datetime, steps: int) -> Iterator[date]:
        year, month = divmod(start.year * 12 + start.month - 1 + steps, 12)
        days = _days(date(year, month + 1, 1), _month_end(year, month + 1))
        if self.by_month and month + 1 not in self.by_month:
            return iter(())
        if self.by_month_day or self.by_day:
            return (day for day in days if self._passes(day))
        return (day for day in days if day.day == start.day)

    def _week(self, start: datetime, steps: int) -> Iterator[date]:
        first = (
            start.date() - timedelta(days=(start.weekday() - self.week_start) % 7) + timedelta(weeks=steps)
        )
        weekdays = {weekday for _which, weekday in self.by_day} or {start.weekday()}
        return (
            day
            for day in _days(first, first + timedelta(days=6))
            if day.weekday() in weekdays and self._in_month(day)
        )

    def _day(self, start: datetime, steps: int) -> Iterator[date]:
        day = start.date() + timedelta(days=steps)
        return iter((day,) if self._passes(day) else ())

    def _short_periods(
        self, start: datetime, leap_to: datetime | None, last: datetime | None
    ) -> Iterator[list[datetime]]:
        """Hours, minutes, seconds: leaps over every day, hour and minute the rule cannot want."""
        unit = SUB_DAILY[self.frequency]
        base = start.replace(
            minute=0 if unit == 3600 else start.minute, second=start.second if unit == 1 else 0
        )
        stride = unit * self.interval
        moment = base
        if leap_to is not None and leap_to > base:
            moment = _ceil(base, leap_to - timedelta(seconds=unit), stride)
        for number in range(MAX_STEPS):
            if not number % 1000:
                deadline.check()
            if last is not None and moment > last:
                return
            try:
                unwanted = self._unwanted_until(moment, unit)
                if unwanted is not None:
                    moment = _ceil(base, unwanted, stride)
                    continue
                yield self._positions(self._expand(moment, start, unit))
                moment += timedelta(seconds=stride)
            except OverflowError as error:
                raise OutOfRange(_("It goes on after the year 9999.")) from error
        raise TooFar(_("It stands for too many dates."))

    def _unwanted_until(self, moment: datetime, unit: int) -> datetime | None:
        """Return the end of the day, hour, minute or second the rule does not want, if it lies in one."""
        day = moment.date()
        if not self._passes(day) or (self.by_year_day and not self._is_year_day(day)):
            return datetime.combine(day, time()) + timedelta(days=1)
        if self.by_hour and moment.hour not in self.by_hour:
            return moment.replace(minute=0, second=0) + timedelta(hours=1)
        if unit < 3600 and self.by_minute and moment.minute not in self.by_minute:
            return moment.replace(second=0) + timedelta(minutes=1)
        if unit == 1 and self.by_second and moment.second not in self.by_second:
            return moment + timedelta(seconds=1)
        return None

    def _expand(self, moment: datetime, start: datetime, unit: int) -> list[datetime]:
        minutes, seconds = [moment.minute], [moment.second]
        if unit == 3600:
            minutes = sorted(set(self.by_minute)) or [start.minute]
        if unit >= 60:
            seconds = sorted({min(second, 59) for second in self.by_second}) or [start.second]
        return [moment.replace(minute=minute, second=second) for minute in minutes for second in seconds]

    def _in_month(self, day: date) -> bool:
        return not self.by_month or day.month in self.by_month

    def _passes(self, day: date, *, in_week: bool = False) -> bool:
        """Whether BYMONTH, BYMONTHDAY and BYDAY, those that are there, all want the day."""
        if not self._in_month(day):
            return False
        if self.by_month_day:
            backwards = day.day - calendar.monthrange(day.year, day.month)[1] - 1
            if day.day not in self.by_month_day and backwards not in self.by_month_day:
                return False
        return not self.by_day or any(
            weekday == day.weekday() and (not which or self._is_nth(day, which, in_week=in_week))
            for which, weekday in self.by_day
        )

    def _is_nth(self, day: date, which: int, *, in_week: bool) -> bool:
        """Whether the day is the ``which``-th of its weekday in the month, the year, or (leniently) the week."""
        if in_week:
            return which in (1, -1)
        if self.frequency == "MONTHLY" or self.by_month:
            first, last = day.replace(day=1), _month_end(day.year, day.month)
        else:
            first, last = date(day.year, 1, 1), date(day.year, 12, 31)
        return which in ((day - first).days // 7 + 1, -((last - day).days // 7) - 1)

    def _is_year_day(self, day: date) -> bool:
        number = day.timetuple().tm_yday
        return (
            number in self.by_year_day or number - 367 + (not calendar.isleap(day.year)) in self.by_year_day
        )


def _days(first: date, last: date) -> Iterator[date]:
    ordinals = range(first.toordinal(), last.toordinal() + 1)
    return map(date.fromordinal, ordinals)


def _months(year: int, months: Iterable[int]) -> Iterator[date]:
    for month in sorted(set(months)):
        yield from _days(date(year, month, 1), _month_end(year, month))


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _first_week(year: int, week_start: int) -> date:
    """Return the first day of week 1: the first week with four days in the year."""
    if year > date.max.year:
        # The week after the last one of 9999; only its distance is asked for.
        raise OverflowError
    fourth = date(year, 1, 4)
    return fourth - timedelta(days=(fourth.weekday() - week_start) % 7)


def _week_year(day: date, week_start: int) -> int:
    if day.year < date.max.year and day >= _first_week(day.year + 1, week_start):
        return day.year + 1
    return day.year if day >= _first_week(day.year, week_start) else day.year - 1


def _ceil(base: datetime, moment: datetime, stride: int) -> datetime:
    """Return the first step from ``base`` that is not before ``moment``."""
    seconds = int((moment - base).total_seconds())
    return base + timedelta(seconds=-(-seconds // stride) * stride) if seconds > 0 else base
