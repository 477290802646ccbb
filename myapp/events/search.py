"""The search: what matches a question, in which order, how many, and how the words could be meant.

Words are looked for in the `search` column, where every text stands in two readings (see the first migration): as
stems, so that "workshops" finds "workshop", and as written, so that a word half typed finds its beginning. The common
question, what is to come, stands on the partial indexes over `is_upcoming`.

Nothing here does more work for a common word than for a rare one: found events are counted up to a limit, in the
order in which they are shown, and relevance ranks no more than the nearest few hundred.
"""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery, SearchRank
from django.db.models import F, IntegerField, Q
from django.db.models.functions import Cast
from django.utils import timezone

from myapp.events.filters import EventFilters
from myapp.events.models import Event, EventQuerySet, Organisation
from myapp.events.queries import ROW_FIELDS, Row, midnight
from myapp.venues.models import Building

PAGE = 30
MOST_COUNTED = 100
MOST_RANKED = 500
_MOST_TERMS = 8
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»❝❞＂", '"'))
_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]+)"|(?P<word>[^\s"]+))')
_RANK_STEPS = 1_000_000

TextQuery = SearchQuery | CombinedSearchQuery


class Term(NamedTuple):
    """One thing that is looked for: a word, or words that stand together; or that must not be there."""

    text: str
    is_phrase: bool = False
    is_excluded: bool = False


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
    """One found event as the order needs it; `rank` is 0 by date."""

    rank: int
    starts_at: dt.datetime
    pk: int


def search(
    filters: EventFilters, *, limit: int = PAGE, after: str | None = None, now: dt.datetime | None = None
) -> Results:
    """Return a page of at most `limit` rows of what matches, after a cursor (by default the question's own).

    Two queries, one more for each organisation or building that the question names. Where words find nothing on the
    first page, one more to correct them and, when that helps, two for what the corrected words find.
    """
    names = _named_in(filters)
    if names.missing:
        return Results(
            filters=filters, rows=[], count=0, organisation=names.organisation, building=names.building
        )
    return _page(filters, names, limit, filters.after if after is None else after, now or timezone.now())


def matching(filters: EventFilters, *, now: dt.datetime | None = None) -> EventQuerySet:
    """Return everything that matches, in no order, for feeds: a query for each organisation or building named."""
    names = _named_in(filters)
    return Event.objects.none() if names.missing else _matching(filters, names, now or timezone.now())


def terms(words: str) -> list[Term]:
    """Return what is looked for: words, "words in quotes" that stand together, and -words that must not be there.

    At most eight; whoever types more has typed enough to be found by the first.
    """
    found = []
    for match in _TERM.finditer(words.translate(_QUOTES)):
        text = match["phrase"] or match["word"]
        if any(char.isalnum() for char in text):
            found.append(Term(text.strip(), bool(match["phrase"]), bool(match["minus"])))
    return found[:_MOST_TERMS]


def text_query(words: str) -> TextQuery | None:
    """Return the words as PostgreSQL looks for them, None where there is nothing to look for (such as "?!").

    All terms must be there; the last word may be half typed.
    """
    asked = terms(words)
    whole: TextQuery | None = None
    for term in asked:
        part = _term_query(term, may_go_on=term is asked[-1])
        whole = part if whole is None else whole & part
    return whole


def _term_query(term: Term, *, may_go_on: bool) -> TextQuery:
    kind = "phrase" if term.is_phrase else "plain"
    stem = SearchQuery(term.text, config="public.event_stem", search_type=kind, invert=term.is_excluded)
    exact = SearchQuery(term.text, config="public.event_exact", search_type=kind, invert=term.is_excluded)
    if term.is_excluded:
        return stem & exact
    if may_go_on and not term.is_phrase and _is_beginning(term.text):
        # One lexeme in quotes, so that no character of it is read as an operator of a tsquery.
        exact = SearchQuery(f"'{term.text}':*", config="public.event_exact", search_type="raw")
    return stem | exact


def _is_beginning(word: str) -> bool:
    """Whether a word may be the beginning of others: letters and digits alone, and not a single Latin letter."""
    return (len(word) > 1 or not word.isascii()) and all(
        unicodedata.category(char)[0] in "LMN" for char in word
    )


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
    events = Event.objects.past(now) if filters.archive else Event.objects.upcoming(now)
    events = events.filter(_conditions(filters, names))
    if filters.q:
        query = text_query(filters.q)
        events = events.filter(search=query) if query is not None else events.none()
    first, last = filters.days()
    if first or last:
        events = events.during(
            midnight(first) if first else None, midnight(last + dt.timedelta(days=1)) if last else None
        )
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


def _page(filters: EventFilters, names: _Names, limit: int, after: str, now: dt.datetime) -> Results:
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
        rows=_rows(listed),
        count=None if after else min(len(found), MOST_COUNTED),
        capped=not after and len(found) > MOST_COUNTED,
        more=_cursor(listed[-1]) if len(found) > limit else "",
        organisation=names.organisation,
        building=names.building,
    )


def _by_date(events: EventQuerySet, filters: EventFilters, after: str, most: int) -> list[_Found]:
    """The next events in order of time, the archive's newest first: one query."""
    if after:
        last = _read_cursor(after)
        if filters.archive:
            events = events.filter(starts_at__lte=last.starts_at)
            events = events.exclude(starts_at=last.starts_at, pk__gte=last.pk)
        else:
            events = events.filter(starts_at__gte=last.starts_at)
            events = events.exclude(starts_at=last.starts_at, pk__lte=last.pk)
    ordered = _in_order(events, filters).values_list("starts_at", "pk")[:most]
    return [_Found(0, starts_at, pk) for starts_at, pk in ordered]


def _by_relevance(events: EventQuerySet, filters: EventFilters, after: str) -> list[_Found]:
    """The nearest few hundred, what fits best first: one query."""
    query = text_query(filters.q)
    if query is None:
        return []
    nearest = _in_order(events, filters).values("pk")[:MOST_RANKED]
    rank = Cast(SearchRank(F("search"), query) * _RANK_STEPS, IntegerField())
    ranked = [
        _Found(rank, starts_at, pk)
        for rank, starts_at, pk in Event.objects.filter(pk__in=nearest).values_list(rank, "starts_at", "pk")
    ]
    ranked.sort(key=_relevance)
    if after:
        last = _relevance(_read_cursor(after))
        ranked = [found for found in ranked if _relevance(found) > last]
    return ranked


def _relevance(found: _Found) -> tuple[int, dt.datetime, int]:
    return (-found.rank, found.starts_at, found.pk)


def _in_order(events: EventQuerySet, filters: EventFilters) -> EventQuerySet:
    return events.order_by("-starts_at", "-id") if filters.archive else events.by_date()


def _rows(found: list[_Found]) -> list[Row]:
    """What a list shows of these, in their order: one query."""
    if not found:
        return []
    rows = {
        row["id"]: row
        for row in Event.objects.filter(pk__in=[event.pk for event in found]).values(*ROW_FIELDS)
    }
    return [rows[event.pk] for event in found if event.pk in rows]


# A cursor is where a page ended: moment, id, and rank where that is not 0, as hexadecimal numbers.

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def _cursor(found: _Found) -> str:
    moment = (found.starts_at - _EPOCH) // _MICROSECOND
    return f"{moment:x}-{found.pk:x}" + (f"-{found.rank:x}" if found.rank else "")


def _read_cursor(text: str) -> _Found:
    """Read what `_cursor` wrote; `EventFilters` has seen to its form. A moment beyond all calendars is the last one."""
    negative = text.startswith("-")
    moment, pk, *rank = text.removeprefix("-").split("-")
    try:
        starts_at = _EPOCH + int(moment, 16) * (-1 if negative else 1) * _MICROSECOND
    except OverflowError:
        starts_at = dt.datetime.max.replace(tzinfo=dt.UTC)
    return _Found(int(rank[0], 16) if rank else 0, starts_at, int(pk, 16) % 2**63)
