"""What the calendar draws: a month as a grid of days, a week as a timetable.

Both cost three queries, whatever is in them: two for what begins on each day, cut to the first few of each by the
database (a busy month holds thousands), one for what goes on over several days. Positions are whole numbers that the
style sheet turns into places: no style stands in the page.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber, TruncDate
from django.utils import timezone

from myapp.events.calendar_days import Month, Week
from myapp.events.filters import EventFilters
from myapp.events.models import Event, EventQuerySet
from myapp.events.queries import TIMED_ROW_FIELDS, Row, midnight
from myapp.events.times import NIGHT_ENDS

IN_A_CELL = 3
IN_A_COLUMN = 40
LANES = 3
BUSIEST = 8
LATEST_FIRST_HOUR, EARLIEST_LAST_HOUR = 9, 20
# More than so many at once that last several days are no calendar any more; the list has them.
MOST_LONG = 60
_DAY = dt.timedelta(days=1)
_QUARTER = 15


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a month: its first few events, how many more there are, and where all of them are listed."""

    date: dt.date
    in_month: bool
    is_today: bool
    is_past: bool
    rows: list[Row]
    count: int
    more: int
    busy: int
    url: str


class WeekOfMonth(NamedTuple):
    """One row of a month."""

    week: Week
    cells: list[Cell]


class Slot(NamedTuple):
    """One event in a day's column, in quarters of an hour from the first one drawn, and its lane among neighbours."""

    row: Row
    at: int
    quarters: int
    lane: int
    lanes: int


class Bar(NamedTuple):
    """One event above the columns: from which of the seven days (1 to 7), over how many."""

    row: Row
    column: int
    days: int


@dataclass(frozen=True, slots=True)
class Column:
    """One day of a week; `more` events of it found no room."""

    date: dt.date
    is_today: bool
    slots: list[Slot]
    bars: list[Row]
    count: int
    more: int
    url: str


@dataclass(frozen=True, slots=True)
class Timetable:
    """A week as a timetable: what lasts whole days, then the days from the first hour to the last."""

    week: Week
    hours: range
    bars: list[Bar]
    columns: list[Column]
    count: int


def day_url(date: dt.date) -> str:
    """Return the query under which the list shows a day, or what was on."""
    return EventFilters(start=date, end=date, archive=date < timezone.localdate()).link()


def last_day(row: Row) -> dt.date:
    """Return the last day of the campus on which an event is drawn."""
    day: dt.date = row["day"]
    end = timezone.localtime(row["ends_at"])
    over = end.date() - _DAY if end.time() < NIGHT_ENDS else end.date()
    return max(day, over)


def month_grid(events: EventQuerySet, month: Month) -> list[WeekOfMonth]:
    """Return the rows of a month with what `events` (public ones) hold of it; three queries."""
    weeks = month.weeks()
    beginning, counts = _beginning(events, weeks[0].monday, weeks[-1].sunday, IN_A_CELL)
    lasting = _lasting(events, weeks[0].monday, weeks[-1].sunday)
    today = timezone.localdate()
    found = {}
    for date in (date for week in weeks for date in week.days):
        ongoing = [row | {"ongoing": True} for row in lasting if row["day"] < date <= row["until"]]
        rows = beginning.get(date, [])
        # An exhibition of three months does not push out what is on that day alone.
        shown = ongoing[: max(1, IN_A_CELL - len(rows))]
        found[date] = ([*shown, *rows][:IN_A_CELL], len(ongoing) + counts.get(date, 0))
    most = max(count for _rows, count in found.values()) or 1

    def cell(date: dt.date) -> Cell:
        rows, count = found[date]
        busy = -(-count * BUSIEST // most)
        inside = month.first <= date <= month.last
        return Cell(
            date, inside, date == today, date < today, rows, count, count - len(rows), busy, day_url(date)
        )

    return [WeekOfMonth(week, [cell(date) for date in week.days]) for week in weeks]


def timetable(events: EventQuerySet, week: Week) -> Timetable:
    """Return a week with what `events` (public ones) hold of it; three queries."""
    beginning, counts = _beginning(events, week.monday, week.sunday, IN_A_COLUMN)
    lasting = _lasting(events, week.monday, week.sunday)
    bars = _bars([*lasting, *_whole_days(beginning, {row["id"] for row in lasting})], week)
    timed = {
        date: [row for row in rows if not row["all_day"] and row["until"] == date]
        for date, rows in beginning.items()
    }
    hours = _hours(row for rows in timed.values() for row in rows)
    today = timezone.localdate()
    columns = []
    for date in week.days:
        slots = _slots(timed.get(date, []), hours)
        of_day = [bar.row for bar in bars if bar.row["day"] <= date <= bar.row["until"]]
        count = counts.get(date, 0) + sum(row["day"] < date for row in of_day)
        more = max(count - len(slots) - len(of_day), 0)
        columns.append(Column(date, date == today, slots, of_day, count, more, day_url(date)))
    ongoing = sum(row["day"] < week.monday for row in lasting)
    return Timetable(week, hours, bars, columns, sum(counts.values()) + ongoing)


def _beginning(
    events: EventQuerySet, first: dt.date, last: dt.date, most: int
) -> tuple[dict[dt.date, list[Row]], dict[dt.date, int]]:
    """Return the first `most` that begin on each day, and how many there are: two queries.

    A row here has the last day on which it is drawn as `until`.
    The first counts and cuts by what stands in the index over `starts_at` alone, the second reads what is left.
    """
    day = TruncDate("starts_at")
    found = (
        events.filter(starts_at__gte=midnight(first), starts_at__lt=midnight(last + _DAY))
        .annotate(
            of_day=Window(Count("id"), partition_by=day),
            rank=Window(RowNumber(), partition_by=day, order_by=("starts_at", "id")),
        )
        .filter(rank__lte=most)
        .values_list("id", "of_day")
    )
    of_day = dict(found)
    rows: dict[dt.date, list[Row]] = {}
    counts: dict[dt.date, int] = {}
    for row in Event.objects.filter(pk__in=of_day).by_date().values(*TIMED_ROW_FIELDS):
        row["until"] = last_day(row)
        rows.setdefault(row["day"], []).append(row)
        counts[row["day"]] = of_day[row["id"]]
    return rows, counts


def _lasting(events: EventQuerySet, first: dt.date, last: dt.date) -> list[Row]:
    """Return what takes place on more than one of the days, in the order in which it begins: one query."""
    # An hour less than a night: what a change of clocks would hide is sorted out by `last_day`.
    over = TruncDate(F("ends_at") - dt.timedelta(hours=NIGHT_ENDS.hour - 1))
    found = (
        events.long(midnight(first), midnight(last + _DAY))
        .alias(over=over)
        .filter(over__gt=F("day"))
        # In the order of their own index, or PostgreSQL walks along all beginnings to find the few that last.
        .order_by("ends_at", "id")
        .values(*TIMED_ROW_FIELDS)[:MOST_LONG]
    )
    lasting = [row | {"until": last_day(row)} for row in found]
    lasting = [row for row in lasting if row["until"] > row["day"] and row["until"] >= first]
    return sorted(lasting, key=lambda row: (row["starts_at"], row["id"]))


def _whole_days(beginning: dict[dt.date, list[Row]], known: set[int]) -> list[Row]:
    """Return the all-day events among those that begin on each day."""
    return [row for rows in beginning.values() for row in rows if row["all_day"] and row["id"] not in known]


def _bars(rows: Iterable[Row], week: Week) -> list[Bar]:
    """Return what lasts whole days, the earliest and longest first, cut to the week."""
    bars = []
    for row in rows:
        first, last = max(row["day"], week.monday), min(row["until"], week.sunday)
        bars.append(Bar(row, (first - week.monday).days + 1, (last - first).days + 1))
    return sorted(bars, key=lambda bar: (bar.column, -bar.days, bar.row["starts_at"], bar.row["id"]))


def _hours(rows: Iterable[Row]) -> range:
    """Return the hours drawn: the working day, and as much more as the events need."""
    spans = [_minutes(row) for row in rows]
    first = min([LATEST_FIRST_HOUR, *(start // 60 for start, _end in spans)])
    last = max([EARLIEST_LAST_HOUR, *(-(-end // 60) for _start, end in spans)])
    return range(first, last)


def _minutes(row: Row) -> tuple[int, int]:
    """Return from which to which minute of its day an event is drawn, by the clock on the wall.

    A night is cut at midnight. Where the clock was set back, the end may show an earlier time than the start: then
    its true length counts. What is too short to hold its title is drawn half an hour long.
    """
    start, end = timezone.localtime(row["starts_at"]), timezone.localtime(row["ends_at"])
    first = start.hour * 60 + start.minute
    if end.date() > start.date():
        last = 24 * 60
    else:
        last = end.hour * 60 + end.minute
        if last <= first:
            last = first + int((row["ends_at"] - row["starts_at"]).total_seconds() // 60)
    last = min(max(last, first + 2 * _QUARTER), 24 * 60)
    return min(first, last - 2 * _QUARTER), last


def _slots(rows: Iterable[Row], hours: range) -> list[Slot]:
    """Return a day's events side by side where they overlap, at most `LANES` at once; the others are left out."""
    slots: list[Slot] = []
    group: list[tuple[Row, int, int, int]] = []
    free: list[int] = []

    def close() -> None:
        slots.extend(Slot(row, at, end - at, lane, len(free)) for row, at, end, lane in group)
        group.clear()
        free.clear()

    for row in rows:
        start, end = (quarter - hours.start * 4 for quarter in _quarters(row))
        if group and start >= max(free):
            close()
        lane = next((number for number, until in enumerate(free) if until <= start), len(free))
        if lane == LANES:
            continue
        free[lane : lane + 1] = [end]
        group.append((row, start, end, lane))
    close()
    return slots


def _quarters(row: Row) -> tuple[int, int]:
    """Return from which to which quarter of an hour of its day an event is drawn; begun ones count."""
    start, end = _minutes(row)
    return start // _QUARTER, -(-end // _QUARTER)
