"""Stretch by stretch: how the search asks for what matches in the order of time, and stops as soon as it has enough.

A common word is found by walking along the dates, a rare one by looking it up, and the planner knows which is nearer as
long as the stretch is short. So a question is cut into stretches of time, asked for in one statement.
"""

import datetime as dt
from enum import Enum, auto
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, BooleanField, F, Func, Q, Subquery, Value
from django.db.models.functions import Greatest, Least
from django.db.models.lookups import GreaterThan
from django.utils import timezone

from myapp.events.filters import EventFilters
from myapp.events.models import Event, EventQuerySet
from myapp.events.models.events import NEAR, SEARCHED
from myapp.events.queries import midnight

# How far the first stretch of a search for words goes where it is not what is near, see `_stretches`: some thousand
# events of a large campus, for a page and its count, and more where many are asked for, to be ranked.
_SOME_DAYS, _MORE_DAYS = dt.timedelta(days=6), dt.timedelta(days=20)
_MANY = 200
# So much of what is near may lie before the first event of a page: what is left then is enough to find one in.
_NEAR_TO_SKIP = NEAR / 3


class Found(NamedTuple):
    """One found event as the order needs it: `rank` is 0 by date, `moment` is when it is listed, as `microseconds`."""

    rank: int
    moment: int
    pk: int

    @property
    def starts_at(self) -> dt.datetime:
        """The moment as Python knows it."""
        return _EPOCH + self.moment * _MICROSECOND


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_NEVER = dt.datetime(9999, 10, 1, tzinfo=dt.UTC)
FIRST_MOMENT = (dt.datetime(1, 4, 1, tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND
LAST_MOMENT = (_NEVER - _EPOCH) // _MICROSECOND


def microseconds(name: str) -> Func:
    """Return a moment in microseconds since 1970: a number is read ten times as fast as a moment, and hundreds are read."""
    template = "(extract(epoch FROM %(expressions)s) * 1000000)::bigint"
    return Func(F(name), template=template, output_field=BigIntegerField())


def in_order(
    events: EventQuerySet, filters: EventFilters, most: int, last: Found | None = None
) -> list[tuple[int, int]]:
    """Return moment and id of the first so many in the order of the list, after the last one of the page before: one query.

    `events` is what matches, whenever it is; the moments are `microseconds`. One statement asks stretch by stretch, and PostgreSQL carries out no more of it than it needs.
    """
    parts = [
        _within(stretch, events, last, back=filters.archive)[:most]
        for stretch in _stretches(filters, most, last)
    ]
    whole = parts[0].union(*parts[1:], all=True)[:most] if len(parts) > 1 else parts[0]
    return list(whole)


class _Kind(Enum):
    """How a stretch is looked for: along the dates, among what is near, or by words alone in what either has left over."""

    DATED = auto()
    NEAR = auto()
    AFTER_NEAR = auto()
    REST = auto()


class _Stretch(NamedTuple):
    """Some of the time a list covers, in its order. `goes_on_at`: only what still goes on then."""

    first: dt.datetime | None
    last: dt.datetime | None
    kind: _Kind = _Kind.DATED
    goes_on_at: dt.datetime | None = None


def _stretches(filters: EventFilters, most: int, last: Found | None) -> list[_Stretch]:
    """Cut the time a question covers into what is asked for one after the other.

    From a day on, what began before and still goes on stands first: few, and found by their end; in the archive a day
    holds what began on it. Words are looked for in what comes first, where PostgreSQL walks along the dates for a common
    word and looks another up, and then in the rest, where only a rare word is still looked for: all that match are few.
    Asked for at once, a word of one text in twenty would be looked for in thousands of rows. What comes first is what is
    near, which has indexes of its own; from a later day on, and in the archive, it is some days.
    """
    start, end = period(filters)
    ongoing = [_Stretch(None, start, goes_on_at=start)] if start and not filters.archive else []
    begin, stop, direction = (end, start, -1) if filters.archive else (start, end, 1)
    if not (filters.q or filters.tag):
        return [*ongoing, _Stretch(begin, stop)]
    now = timezone.now()
    moments = [moment for moment in (begin, last.starts_at if last else None, now) if moment]
    some = _SOME_DAYS if most <= _MANY else _MORE_DAYS
    edge = min(moments) - some if filters.archive else max(moments) + some
    if stop and (edge - stop) * direction >= dt.timedelta():
        return [*ongoing, _Stretch(begin, stop)]
    if not filters.archive and max(moments) < now + _NEAR_TO_SKIP:
        return [*ongoing, _Stretch(begin, stop, _Kind.NEAR), _Stretch(begin, stop, _Kind.AFTER_NEAR)]
    return [*ongoing, _Stretch(begin, edge), _Stretch(edge, stop, _Kind.REST)]


def _within(stretch: _Stretch, events: EventQuerySet, last: Found | None, *, back: bool) -> Any:
    """Moments and ids of what matches in one stretch, after the last one of the page before, in the list's order.

    What is near ends where the first event begins that is not marked as near: together with what comes after, that is
    everything, in order, whenever the marks were set, and what of it is marked wrongly only takes longer.
    """
    moment = by = "starts_at" if back else "listed_from"
    if stretch.kind is _Kind.NEAR:
        events = _bounded(events.filter(is_near=True), stretch, last)
    else:
        if stretch.kind is not _Kind.DATED:
            # The same moment, in words that no index knows.
            by = "unindexed"
            same = Least("starts_at", "ends_at") if back else Greatest("listed_from", "starts_at")
            events = events.annotate(unindexed=same)
        if stretch.kind is _Kind.AFTER_NEAR:
            events = events.filter(**{f"{by}__gte": _first_far()})
        elif not (back or stretch.first or stretch.last):
            events = events.filter(listed_from__isnull=False)
        begins, ends = ("lt", "gte") if back else ("gte", "lt")
        edges = {f"{by}__{begins}": stretch.first, f"{by}__{ends}": stretch.last}
        events = events.filter(**{name: edge for name, edge in edges.items() if edge})
        if last:
            events = events.filter(**{f"{by}__{'lte' if back else 'gte'}": last.starts_at})
    if last:
        events = events.exclude(**{moment: last.starts_at, "pk__gte" if back else "pk__lte": last.pk})
    if stretch.goes_on_at:
        events = events.filter(ends_at__gt=stretch.goes_on_at)
    events = events.order_by(f"-{by}", "-id") if back else events.order_by(by, "id")
    return events.values_list(microseconds(by), "pk")


class _Pair(Func):
    """Two values that are compared one after the other."""

    function = "ROW"
    output_field = BooleanField()  # never read


def _first_far() -> Subquery:
    """When the first event begins that is to come and not marked as near; NULL where all are."""
    far = Event.objects.filter(SEARCHED, is_near=False).order_by("listed_from")
    return Subquery(far.values("listed_from")[:1])


def _bounded(near: EventQuerySet, stretch: _Stretch, last: Found | None) -> EventQuerySet:
    """Near events between the edges of a stretch and after the last one, said so that the planner expects them rightly.

    It does not know that what is near begins soon: of `starts_at < stop` it would multiply the shares of both, and by a
    condition on `listed_from` alone it would let another index in that holds everything to come.
    """
    first = max((edge for edge in (stretch.first, last.starts_at if last else None) if edge), default=None)
    if first:
        # Said of two columns, it bounds the walk along `events_event_near` and implies no other index's condition.
        near = near.filter(GreaterThan(_Pair(F("listed_from"), F("id")), _Pair(Value(first), Value(0))))
    stop = Least(Value(stretch.last or _NEVER), _first_far())  # the other one where one of them is NULL
    return near.filter(~Q(starts_at=Greatest("starts_at", stop)))


def period(filters: EventFilters) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return from when to when the days asked for last; None where a side is open."""
    first, last = filters.days()
    return midnight(first) if first else None, midnight(last + dt.timedelta(days=1)) if last else None
