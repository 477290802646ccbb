"""The search: what matches a question, in which order, how many, and how the words could be meant.

Words are looked for in the `search` column, where every text stands in two readings (see the first migration): as
stems, so that "workshops" finds "workshop", and as written, so that a word half typed finds its beginning. The common
question, what is to come, stands on the partial indexes over `is_upcoming` and `is_near`; `stretches` asks them in turn.

Nothing here does more work for a common word than for a rare one: found events are counted up to a limit, in the
order in which they are shown, and relevance ranks no more than the nearest few hundred.
"""

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, IntegerField, Q, Value
from django.db.models.functions import Cast, Least, Left
from django.utils import timezone

from myapp.events.filters import EventFilters
from myapp.events.models import Event, EventQuerySet, Organisation
from myapp.events.models.events import SEARCHED
from myapp.events.queries import ROW_FIELDS, Row
from myapp.events.spelling import corrections
from myapp.events.stretches import FIRST_MOMENT, LAST_MOMENT, Found, in_order, microseconds, period
from myapp.events.terms import terms, text_query
from myapp.venues.models import Building

PAGE = 30
MOST_COUNTED = 100
MOST_RANKED = 500
_RANK_STEPS = 1_000_000
# Of description, place, organisation and tags, title. However often a word stands in one of them, once in the next
# counts for more; the place stands in `search` in one reading only, so that it needs the weight of two.
_WEIGHTS = [0.1, 0.4, 0.4, 1.0]
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
    start, end = period(filters)
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
    """What matches, but for the days asked for, which decide how it is best looked for: see `stretches`."""
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


def _by_date(events: EventQuerySet, filters: EventFilters, after: str, most: int) -> list[Found]:
    """The next events in order of time, the archive's newest first: one query."""
    last = _read_cursor(after) if after else None
    return [Found(0, moment, pk) for moment, pk in in_order(events, filters, most, last)]


def _by_relevance(events: EventQuerySet, filters: EventFilters, after: str) -> list[Found]:
    """The nearest few hundred, what fits best first: two queries."""
    query = text_query(filters.q)
    if query is None:
        return []
    nearest = [pk for _, pk in in_order(events, filters, MOST_RANKED)]
    rank = Cast(SearchRank(F("search"), query, weights=_WEIGHTS) * _RANK_STEPS, IntegerField())
    ranked = [
        Found(rank, moment, pk)
        for rank, moment, pk in Event.objects.filter(pk__in=nearest).values_list(
            rank, microseconds("starts_at"), "pk"
        )
    ]
    ranked.sort(key=_relevance)
    if after:
        last = _relevance(_read_cursor(after))
        ranked = [found for found in ranked if _relevance(found) > last]
    return ranked


def _relevance(found: Found) -> tuple[int, int, int]:
    return (-found.rank, found.moment, found.pk)


def _rows(found: list[Found], fields: tuple[str, ...]) -> list[Row]:
    """What a list shows of these, in their order: one query."""
    if not found:
        return []
    events = Event.objects.filter(pk__in=[event.pk for event in found])
    if "beginning" in fields:
        events = events.annotate(beginning=Left("description_text", _BEGINNING))
    rows = {row["id"]: row for row in events.values(*fields)}
    return [rows[event.pk] for event in found if event.pk in rows]


# A cursor is where a page ended: moment, id, and rank where that is not 0, as hexadecimal numbers.


def _cursor(found: Found) -> str:
    return f"{found.moment:x}-{found.pk:x}" + (f"-{found.rank:x}" if found.rank else "")


def _read_cursor(text: str) -> Found:
    """Read what `_cursor` wrote; `EventFilters` has seen to its form. A moment no calendar has is the nearest it has."""
    moment, pk, *rank = text.removeprefix("-").split("-")
    moments = int(moment, 16) * (-1 if text.startswith("-") else 1)
    nearest = min(max(moments, FIRST_MOMENT), LAST_MOMENT)
    return Found(int(rank[0], 16) if rank else 0, nearest, int(pk, 16) % 2**63)


def moment_of(cursor: str) -> dt.datetime:
    """Return when the event began with which the page before ended."""
    return _read_cursor(cursor).starts_at
