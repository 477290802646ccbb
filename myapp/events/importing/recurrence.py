"""The dates a component stands for: its rules, extra and left-out dates, and the ones that were changed by hand.

All-day dates are compared as days, everything else as instants, so that an EXDATE in UTC finds the date it means in
Berlin. A rule is followed on the wall clock of its zone, then each time becomes an instant by that day's offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils.translation import gettext as _

from myapp.events.importing.components import Component
from myapp.events.importing.recurrence_rules import OutOfRange, Rule, RuleError
from myapp.events.importing.values import Duration, Moment

MAX_DATES = 1_000
"""A component that stands for more dates than this within the horizon is refused."""

Key = date | datetime
"""What makes a date of a series itself: the day, or the instant in UTC, at which it was to begin."""


class TooManyDates(RuleError):
    """The component stands for more dates than a campus has events."""


@dataclass(frozen=True, slots=True)
class When:
    """A start as it is told: the clock on the wall, and where that wall stands."""

    wall: datetime
    tz: tzinfo
    all_day: bool = False

    @property
    def instant(self) -> datetime:
        """The moment in UTC. Raises ``OverflowError`` at the ends of time."""
        return self.wall.replace(tzinfo=self.tz).astimezone(UTC)

    @property
    def key(self) -> Key:
        """What this date is found by."""
        return self.wall.date() if self.all_day else self.instant

    def shifted(self, by: timedelta) -> When:
        """Return the same clock ``by`` later on the wall."""
        return When(self.wall + by, self.tz, self.all_day)


Length = Duration | None
"""How long something takes; ``None`` when nobody says."""


def end_of(start: When, length: Length) -> datetime | None:
    """Return the exclusive end in UTC: days on the wall clock, the rest exactly (RFC 5545 §3.3.6)."""
    if length is None:
        return None
    return start.shifted(timedelta(days=length.days)).instant + length.exact


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time in which dates are wanted, aware."""

    first: datetime
    last: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies inside."""
        return self.first <= moment <= self.last


@dataclass(slots=True)
class Recurring:
    """A component with its rules, as recurrence sees it."""

    start: When
    length: Length
    rules: list[Rule] = field(default_factory=list)
    exclusion_rules: list[Rule] = field(default_factory=list)
    extra: list[tuple[When, Length]] = field(default_factory=list)
    """RDATEs, with their own length where they are periods."""
    excluded: list[Moment] = field(default_factory=list)
    """EXDATEs as written, those with a zone of their own already in UTC."""
    day_tz: tzinfo = UTC
    """The zone in which an instant becomes a day, where days are meant."""

    @property
    def recurs(self) -> bool:
        """Whether it stands for more than its own date."""
        return bool(self.rules or self.extra)


@dataclass(slots=True)
class Change:
    """A component with a RECURRENCE-ID: what became of one date, or of all from one on."""

    original: Moment
    start: When
    length: Length
    and_future: bool
    component: Component


@dataclass(slots=True)
class Occurrence:
    """One date. ``component`` is the change it comes from, ``None`` for the series itself."""

    key: Key
    original: When
    start: When
    length: Length
    component: Component | None = None


def expand(series: Recurring, changes: Iterable[Change], window: Window) -> list[Occurrence]:
    """Return the dates of ``series`` within ``window``, in order, with ``changes`` carried out.

    A changed date counts as within when either its original or its new time does. Raises :class:`TooManyDates`, and
    :class:`~.rules.TooFar` for a rule that would have to be followed for too long to get to the window.
    """
    excluded = _Exclusions.of(series.excluded, tz=series.day_tz, all_day=series.start.all_day)
    originals = _dates(series, window, excluded)
    single, onward = _sort_changes(series, changes, originals)
    found = []
    for key, (original, length) in originals.items():
        change = single.pop(key, None)
        if change is not None:
            found.append(Occurrence(key, original, change.start, change.length, change.component))
            continue
        moved = next((one for at, one in reversed(onward) if at <= key), None)
        if moved is None:
            found.append(Occurrence(key, original, original, length))
        else:
            start = _moved(original, moved, series)
            found.append(Occurrence(key, original, start, moved.length, moved.component))
    # Left are changes of dates outside the window that were moved into it, and of dates the rule does not stamp.
    for key, change in single.items():
        if not excluded.mean(_original(series, change)) and _overlaps(change.start, change.length, window):
            found.append(
                Occurrence(key, _original(series, change), change.start, change.length, change.component)
            )
    found.sort(key=lambda one: one.start.instant)
    return found


def _dates(series: Recurring, window: Window, excluded: _Exclusions) -> dict[Key, tuple[When, Length]]:
    """Return what rules and extra dates stand for within the window, without what is excluded."""
    found: dict[Key, tuple[When, Length]] = {}
    lead = _longest(series)
    first, last = _on_wall(window.first, series.start) - lead, _on_wall(window.last, series.start)

    def take(start: When, length: Length) -> None:
        if _overlaps(start, length, window):
            found.setdefault(start.key, (start, length))
            if len(found) > MAX_DATES:
                raise TooManyDates(
                    _("It stands for more than %(number)d dates within the horizon.") % {"number": MAX_DATES}
                )

    if not series.rules:
        take(series.start, series.length)
    for start, length in series.extra:
        take(start, length if length is not None else series.length)
    for rule in series.rules:
        for wall in _walk(rule, series, first, last):
            take(When(wall, series.start.tz, series.start.all_day), series.length)
    unwanted = _excluded_by_rule(series, first, last)
    return {
        key: value
        for key, value in sorted(found.items(), key=lambda item: item[1][0].instant)
        if key not in unwanted and not excluded.mean(value[0])
    }


def _excluded_by_rule(series: Recurring, first: datetime, last: datetime) -> set[Key]:
    """Return the dates that EXRULEs leave out."""
    unwanted: set[Key] = set()
    for rule in series.exclusion_rules:
        for wall in _walk(rule, series, first, last):
            unwanted.add(When(wall, series.start.tz, series.start.all_day).key)
            if len(unwanted) > 50 * MAX_DATES:
                raise TooManyDates(_("Its exclusion rule stands for too many dates."))
    return unwanted


def _walk(rule: Rule, series: Recurring, first: datetime, last: datetime) -> Iterator[datetime]:
    """Give the rule's dates from ``first`` to ``last`` (wall clock)."""
    try:
        until = wall_until(rule, series.start, series.day_tz)
        yield from rule.dates(series.start.wall, until=until, after=first, before=last)
    except OutOfRange:
        return  # the rule has no more dates


def wall_until(rule: Rule, start: When, day_tz: tzinfo) -> datetime | None:
    """Return the rule's UNTIL on the wall clock of ``start``, inclusive.

    A day counts to its end. UTC becomes the clock of the zone.
    """
    until = rule.until
    if until is None:
        return None
    if until.is_date:
        return datetime.combine(until.moment, time.max)
    if start.all_day:
        return datetime.combine(day_of(Moment(until.moment, is_utc=until.is_utc), day_tz), time.max)
    if until.is_utc:
        return _wall_of_utc(until.moment, start.tz)
    return until.moment


def day_of(moment: Moment, tz: tzinfo) -> date:
    """Return the day a moment means where days are meant.

    Midnight UTC means the day it names, as many producers write it; any other time in UTC the day of the zone.
    """
    if moment.day is not None:
        return moment.day
    if moment.is_utc and moment.naive.time() != time():
        return _wall_of_utc(moment.naive, tz).date()
    return moment.naive.date()


def _wall_of_utc(naive: datetime, tz: tzinfo) -> datetime:
    try:
        return naive.replace(tzinfo=UTC).astimezone(tz).replace(tzinfo=None, fold=0)
    except OverflowError:
        return naive


def _on_wall(moment: datetime, start: When) -> datetime:
    return moment.astimezone(start.tz).replace(tzinfo=None, fold=0)


def _longest(series: Recurring) -> timedelta:
    lengths = [series.length, *(length for _, length in series.extra)]
    return max((length.total for length in lengths if length is not None), default=timedelta()) + timedelta(
        days=1
    )


def _overlaps(start: When, length: Length, window: Window) -> bool:
    begins = start.instant
    return begins <= window.last and (end_of(start, length) or begins) >= window.first


@dataclass(frozen=True, slots=True)
class _Exclusions:
    """EXDATEs by what they are compared with; a set each, since some feeds list thousands."""

    days: frozenset[date]
    instants: frozenset[datetime]
    walls: frozenset[datetime]

    @classmethod
    def of(cls, moments: list[Moment], *, tz: tzinfo, all_day: bool) -> _Exclusions:
        return cls(
            frozenset(day_of(one, tz) for one in moments if one.is_date or all_day),
            frozenset(one.naive.replace(tzinfo=UTC) for one in moments if one.is_utc),
            frozenset(one.naive for one in moments if not (one.is_utc or one.is_date)),
        )

    def mean(self, start: When) -> bool:
        """Whether one of them means the date that begins at ``start``."""
        if start.wall.date() in self.days:
            return True
        return not start.all_day and (start.instant in self.instants or start.wall in self.walls)


def _original(series: Recurring, change: Change) -> When:
    """Return when the changed date was to begin."""
    moment = change.original
    zone = series.start
    if moment.is_date and not zone.all_day:
        return When(datetime.combine(moment.naive, zone.wall.time()), zone.tz)
    if moment.is_utc and not zone.all_day:
        return When(_wall_of_utc(moment.naive, zone.tz), zone.tz)
    wall = datetime.combine(day_of(moment, series.day_tz), time()) if zone.all_day else moment.naive
    return When(wall, zone.tz, zone.all_day)


def _sort_changes(
    series: Recurring, changes: Iterable[Change], originals: dict[Key, tuple[When, Length]]
) -> tuple[dict[Key, Change], list[tuple[Key, Change]]]:
    """Return changes of one date by the date they mean, and those of all later dates in order."""
    single: dict[Key, Change] = {}
    onward: list[tuple[Key, Change]] = []
    for change in changes:
        key = _original(series, change).key
        if key not in originals and change.original.is_date:
            days = (
                one
                for one, (start, _) in originals.items()
                if start.wall.date() == change.original.naive.date()
            )
            key = next(days, key)
        if change.and_future:
            onward.append((key, change))
        else:
            single[key] = change
    onward.sort(key=lambda one: one[0])
    return single, onward


def _moved(original: When, change: Change, series: Recurring) -> When:
    """Carry a change of "this and future" over to a later date: the same shift on the wall clock."""
    begin = _original(series, change)
    if original.all_day != change.start.all_day:
        return When(
            datetime.combine(original.wall, change.start.wall.time()), change.start.tz, change.start.all_day
        )
    shift = change.start.wall - _on_wall(begin.instant, change.start)
    return When(_on_wall(original.instant, change.start) + shift, change.start.tz, change.start.all_day)
