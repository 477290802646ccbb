"""The search: what matches a question, in which order, how many, and how the words could be meant.

Words are looked for in the `search` column, where every text stands in two readings (see the first migration): as
stems, so that "workshops" finds "workshop", and as written, so that a word half typed finds its beginning. The common
question, what is to come, stands on the partial indexes over `is_upcoming`.

Nothing here does more work for a common word than for a rare one: found events are counted up to a limit, in the
order in which they are shown, and relevance ranks no more than the nearest few hundred.
"""

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import BigIntegerField, F, Func, IntegerField, Q, Value
from django.db.models.functions import Cast, Greatest, Least, Left
from django.utils import timezone

from myapp.events.filters import EventFilters
from myapp.events.models import Event, EventQuerySet, Organisation
from myapp.events.models.events import SEARCHED
from myapp.events.queries import ROW_FIELDS, Row, midnight
from myapp.events.spelling import corrections
from myapp.events.terms import terms, text_query
from myapp.venues.models import Building

PAGE = 30
MOST_COUNTED = 100
MOST_RANKED = 500
_RANK_STEPS = 1_000_000
# Of description, place, organisation and tags, title. However often a word stands in one of them, once in the next
# counts for more; the place stands in `search` in one reading only, so that it needs the weight of two.
_WEIGHTS = [0.1, 0.4, 0.4, 1.0]
# How far the first stretch of a search for words goes, see `_stretches`: some thousand events of a large campus.
_NEAR = dt.timedelta(days=6)
_NEAR_FOR_RANKING = dt.timedelta(days=20)
# What excerpts are cut from: fields of a row when asked for.
TEXTS = ("summary", "beginning")
_BEGINNING = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of what was found.

    `filters` is the question that was answered: the one asked, or the one with its spelling corrected, in which case
    `corrected` holds the words as they were understood. `count` is how many there are on the whole, at most
    `MOST_COUNTED`, and `capped` whether there are more; both are only known on the first page (None elsewhere).
    `more` goes into `filters.with_(after=…)` for the next page; it is empty on the last one. `organisation` and
    `building` are those the question names, None where it names none or one that does not exist.
    """

    filters: EventFilters
    rows: list[Row]
    count: int | None = None
    capped: bool = False
    more: str = ""
    corrected: str = ""
    organisation: Organisation | None = None
    building: Building | None = None


class _Names(NamedTuple):
    """The things that a question names by their slugs; `missing` where one of them does not exist."""

    organisation: Organisation | None = None
    building: Building | None = None
    missing: bool = False


class _Found(NamedTuple):
    """One found event as the order needs it: `rank` is 0 by date, `moment` is when it is listed, as `_microseconds`."""

    rank: int
    moment: int
    pk: int

    @property
    def starts_at(self) -> dt.datetime:
        """The moment as Python knows it."""
        return _EPOCH + self.moment * _MICROSECOND


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_FIRST_MOMENT = (dt.datetime(1, 4, 1, tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND
_LAST_MOMENT = (dt.datetime(9999, 10, 1, tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND


def _microseconds(name: str) -> Func:
    """A moment in microseconds since 1970: a number is read ten times as fast as a moment, and hundreds are read."""
    template = "(extract(epoch FROM %(expressions)s) * 1000000)::bigint"
    return Func(F(name), template=template, output_field=BigIntegerField())


def search(
    filters: EventFilters,
    *,
    limit: int = PAGE,
    after: str | None = None,
    also: tuple[str, ...] = (),
    now: dt.datetime | None = None,
) -> Results:
    """Return a page of at most `limit` rows of what matches, after a cursor (by default the question's own).

    Two queries, one more for each organisation or building that the question names. Where words find nothing on the
    first page, one more to correct them and, when that helps, two for what the corrected words find. `also` names
    more fields of an event that its row should hold; `TEXTS` are its summary and the `beginning` of its description.
    """
    now = now or timezone.now()
    after = filters.after if after is None else after
    names = _named_in(filters)
    if names.missing:
        return Results(
            filters=filters, rows=[], count=0, organisation=names.organisation, building=names.building
        )
    fields = (*ROW_FIELDS, *also)
    results = _page(filters, names, limit, after, fields, now)
    if filters.q and not results.rows and not after:
        corrected = _corrected(filters.q)
        if corrected != filters.q:
            meant = _page(filters.with_(q=corrected), names, limit, "", fields, now)
            return replace(meant, corrected=corrected) if meant.rows else results
    return results


def count(filters: EventFilters, *, now: dt.datetime | None = None) -> int:
    """Return how many match, at most `MOST_COUNTED` + 1: one query, and one for each thing named."""
    names = _named_in(filters)
    if names.missing:
        return 0
    return len(_by_date(_matching(filters, names, now or timezone.now()), filters, "", MOST_COUNTED + 1))


def matching(filters: EventFilters, *, now: dt.datetime | None = None) -> EventQuerySet:
    """Return everything that matches, in no order, for feeds: a query for each organisation or building named."""
    names = _named_in(filters)
    if names.missing:
        return Event.objects.none()
    start, end = _period(filters)
    events = _matching(filters, names, now or timezone.now())
    if filters.archive:
        return events.filter(
            **{name: edge for name, edge in (("starts_at__gte", start), ("starts_at__lt", end)) if edge}
        )
    return events.filter(listed_from__isnull=False).during(start, end)


def _corrected(words: str) -> str:
    """The words as they were probably meant; the same where all of them are known: one query."""
    asked = [term for term in terms(words) if not term.is_excluded]
    typed = [word for term in asked for word in re.findall(r"\w+", term.text)]
    meant = corrections(typed, last_goes_on=bool(asked) and not asked[-1].is_phrase)
    return re.sub(r"\w+", lambda match: meant.get(match[0], match[0]), words) if meant else words


def _named_in(filters: EventFilters) -> _Names:
    """Look up what the question names; ids are constants by which PostgreSQL plans better than by a join."""
    organisation = building = None
    if filters.organisation:
        organisation = Organisation.objects.only("name", "slug").filter(slug=filters.organisation).first()
    if filters.building:
        building = Building.objects.only("name", "slug").filter(slug=filters.building).first()
    missing = bool((filters.organisation and not organisation) or (filters.building and not building))
    return _Names(organisation, building, missing)


def _matching(filters: EventFilters, names: _Names, now: dt.datetime) -> EventQuerySet:
    """What matches, but for the days asked for, which decide how it is best looked for: see `_stretches`."""
    # `ends_at > now`, said so that the planner expects all to hold it: of the plain form it expects a tenth, because
    # nine tenths of all events are over, and does not know that those were swept out already.
    to_come = ~Q(ends_at=Least("ends_at", Value(now)))
    events = Event.objects.past(now) if filters.archive else Event.objects.filter(SEARCHED, to_come)
    events = events.filter(_conditions(filters, names))
    if filters.q:
        query = text_query(filters.q)
        events = events.filter(search=query) if query is not None else events.none()
    return events


def _conditions(filters: EventFilters, names: _Names) -> Q:
    asked = Q()
    if filters.category:
        asked &= Q(category=filters.category)
    if names.organisation:
        asked &= Q(organisation=names.organisation.pk)
    if names.building:
        asked &= Q(building=names.building.pk)
    if filters.online:
        asked &= Q(online=True)
    if filters.language:
        asked &= Q(language=filters.language) | Q(language__startswith=f"{filters.language}-")
    if filters.tag:
        # Tags have no index of their own: their words stand in `search`, which finds the few to compare.
        words = SearchQuery(filters.tag, config="public.event_exact", search_type="phrase")
        asked &= Q(search=words, tags__contains=[filters.tag])
    return asked


def _page(
    filters: EventFilters, names: _Names, limit: int, after: str, fields: tuple[str, ...], now: dt.datetime
) -> Results:
    events = _matching(filters, names, now)
    most = limit + 1 if after else max(limit, MOST_COUNTED) + 1
    found = (
        _by_relevance(events, filters, after)
        if filters.by_relevance
        else _by_date(events, filters, after, most)
    )
    listed = found[:limit]
    return Results(
        filters=filters,
        rows=_rows(listed, fields),
        count=None if after else min(len(found), MOST_COUNTED),
        capped=not after and len(found) > MOST_COUNTED,
        more=_cursor(listed[-1]) if len(found) > limit else "",
        organisation=names.organisation,
        building=names.building,
    )


def _by_date(events: EventQuerySet, filters: EventFilters, after: str, most: int) -> list[_Found]:
    """The next events in order of time, the archive's newest first: one query."""
    last = _read_cursor(after) if after else None
    return [_Found(0, moment, pk) for moment, pk in _in_order(events, filters, most, last)]


def _by_relevance(events: EventQuerySet, filters: EventFilters, after: str) -> list[_Found]:
    """The nearest few hundred, what fits best first: two queries."""
    query = text_query(filters.q)
    if query is None:
        return []
    nearest = [pk for _, pk in _in_order(events, filters, MOST_RANKED)]
    rank = Cast(SearchRank(F("search"), query, weights=_WEIGHTS) * _RANK_STEPS, IntegerField())
    ranked = [
        _Found(rank, moment, pk)
        for rank, moment, pk in Event.objects.filter(pk__in=nearest).values_list(
            rank, _microseconds("starts_at"), "pk"
        )
    ]
    ranked.sort(key=_relevance)
    if after:
        last = _relevance(_read_cursor(after))
        ranked = [found for found in ranked if _relevance(found) > last]
    return ranked


def _relevance(found: _Found) -> tuple[int, int, int]:
    return (-found.rank, found.moment, found.pk)


def _in_order(
    events: EventQuerySet, filters: EventFilters, most: int, last: _Found | None = None
) -> list[tuple[int, int]]:
    """The first so many in the order of the list, after the last one of the page before: one query.

    One statement asks stretch by stretch, and PostgreSQL carries out no more of it than it needs.
    """
    back = filters.archive
    moment, begins, ends = ("starts_at", "lt", "gte") if back else ("listed_from", "gte", "lt")
    if filters.q or filters.tag:
        # The same moment, in words that no index knows.
        unindexed = Least("starts_at", "ends_at") if back else Greatest("listed_from", "starts_at")
        events = events.annotate(unindexed=unindexed)
    if last:
        same = {moment: last.starts_at, "pk__gte" if back else "pk__lte": last.pk}
        events = events.filter(**{f"{moment}__{'lte' if back else 'gte'}": last.starts_at}).exclude(**same)
    parts = []
    for stretch in _stretches(filters, most, last):
        by = "unindexed" if stretch.is_rest else moment
        edges = {f"{by}__{begins}": stretch.first, f"{by}__{ends}": stretch.last}
        part = events.filter(**{name: edge for name, edge in edges.items() if edge})
        if stretch.goes_on_at:
            part = part.filter(ends_at__gt=stretch.goes_on_at)
        if not (back or stretch.first or stretch.last):
            part = part.filter(listed_from__isnull=False)
        part = part.order_by(f"-{by}", "-id") if back else part.order_by(by, "id")
        parts.append(part.values_list(_microseconds(by), "pk")[:most])
    whole = parts[0].union(*parts[1:], all=True)[:most] if len(parts) > 1 else parts[0]
    return list(whole)


class _Stretch(NamedTuple):
    """Some of the time a list covers, in its order.

    `goes_on_at`: only what still goes on then. `is_rest`: what words have left over, to be found by them and not by date.
    """

    first: dt.datetime | None
    last: dt.datetime | None
    goes_on_at: dt.datetime | None = None
    is_rest: bool = False


def _stretches(filters: EventFilters, most: int, last: _Found | None) -> list[_Stretch]:
    """Cut the time a question covers into what is asked for one after the other.

    From a day on, what began before and still goes on stands first: few, and found by their end; in the archive a day
    holds what began on it. Words are looked for in the next days, where PostgreSQL walks along the dates for a common
    word and meets both indexes for another, and then in the rest, where only a rare word is still looked for: all that
    match are few. Asked for at once, a word of one text in twenty would be looked for in thousands of rows.
    """
    start, end = _period(filters)
    ongoing = [_Stretch(None, start, goes_on_at=start)] if start and not filters.archive else []
    begin, stop, direction = (end, start, -1) if filters.archive else (start, end, 1)
    if not (filters.q or filters.tag):
        return [*ongoing, _Stretch(begin, stop)]
    moments = [moment for moment in (begin, last.starts_at if last else None, timezone.now()) if moment]
    near = _NEAR if most <= MOST_COUNTED + 1 else _NEAR_FOR_RANKING
    edge = min(moments) - near if filters.archive else max(moments) + near
    if stop and (edge - stop) * direction >= dt.timedelta():
        return [*ongoing, _Stretch(begin, stop)]
    return [*ongoing, _Stretch(begin, edge), _Stretch(edge, stop, is_rest=True)]


def _period(filters: EventFilters) -> tuple[dt.datetime | None, dt.datetime | None]:
    """From when to when the days asked for last; None where a side is open."""
    first, last = filters.days()
    return midnight(first) if first else None, midnight(last + dt.timedelta(days=1)) if last else None


def _rows(found: list[_Found], fields: tuple[str, ...]) -> list[Row]:
    """What a list shows of these, in their order: one query."""
    if not found:
        return []
    events = Event.objects.filter(pk__in=[event.pk for event in found])
    if "beginning" in fields:
        events = events.annotate(beginning=Left("description_text", _BEGINNING))
    rows = {row["id"]: row for row in events.values(*fields)}
    return [rows[event.pk] for event in found if event.pk in rows]


# A cursor is where a page ended: moment, id, and rank where that is not 0, as hexadecimal numbers.


def _cursor(found: _Found) -> str:
    return f"{found.moment:x}-{found.pk:x}" + (f"-{found.rank:x}" if found.rank else "")


def _read_cursor(text: str) -> _Found:
    """Read what `_cursor` wrote; `EventFilters` has seen to its form. A moment no calendar has is the nearest it has."""
    moment, pk, *rank = text.removeprefix("-").split("-")
    moments = int(moment, 16) * (-1 if text.startswith("-") else 1)
    nearest = min(max(moments, _FIRST_MOMENT), _LAST_MOMENT)
    return _Found(int(rank[0], 16) if rank else 0, nearest, int(pk, 16) % 2**63)


def moment_of(cursor: str) -> dt.datetime:
    """Return when the event began with which the page before ended."""
    return _read_cursor(cursor).starts_at
