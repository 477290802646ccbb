"""What the list of events shows around its rows: one source for the page and the fragment that replaces a part of it."""

import datetime as dt
from functools import partial
from typing import NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext as _, ngettext

from myapp.events import queries, search
from myapp.events.choices import Choice, choices, language_name
from myapp.events.filters import EventFilters, Order, When
from myapp.events.marks import mark_rows
from myapp.events.models import Category
from myapp.events.search import MOST_COUNTED, Results
from myapp.web.dates import spoken_date
from myapp.web.fragments import kept


class Chip(NamedTuple):
    """A filter as a link: choosing the current one again takes it away."""

    label: str
    url: str
    current: bool = False
    category: str = ""


def results_context(filters: EventFilters) -> dict[str, object]:
    """Return the context of "events/_results.html" and "events/_more_results.html"; the queries of `search`.

    Where nothing is found, one query more for each of at most two ways on.
    """
    found = search.search(filters, also=search.TEXTS if filters.q else ())
    if found.filters.q:
        mark_rows(found.rows, found.filters.q)
    page = reverse("events:list")
    return {
        "filters": found.filters,
        "asked": filters,
        "found": _sentence(found),
        "corrected": found.corrected,
        "corrected_url": page + found.filters.link(),
        # Asked for by the template, which keeps what it made of them for questions it has seen before.
        "when_chips": partial(_when_chips, page, found.filters),
        "category_chips": partial(_category_chips, page, found.filters),
        "active": _active(page, found),
        "orders": _orders(page, found.filters),
        "feed_query": found.filters.with_(order=Order.DATE.value).link(),
        **_listed(page, found),
        "ways": [] if found.rows or filters.after else _ways_on(page, filters),
    }


def form_context(filters: EventFilters) -> dict[str, object]:
    """Return what the form of "events/list.html" needs beside the results: one query, none where it is kept."""
    offered = kept("list.choices", get_language(), make=choices)
    return {
        "organisations": _with_current(offered.organisations, filters.organisation),
        "buildings": _with_current(offered.buildings, filters.building),
        "languages": _with_current(offered.languages, filters.language.partition("-")[0]),
        "more_filters": sum(
            bool(value)
            for value in (
                *(filters.start or filters.end, filters.organisation, filters.building),
                *(filters.language, filters.archive),
            )
        ),
    }


def _listed(page: str, found: Results) -> dict[str, object]:
    """The rows: by day, or in one list where what fits best comes first; and where they go on."""
    filters = found.filters
    context: dict[str, object] = {"rows" if filters.by_relevance else "days": found.rows}
    if not filters.by_relevance:
        since = None if filters.archive else max(filters.days()[0] or dt.date.min, timezone.localdate())
        context["days"] = queries.by_day(found.rows, since=since)
        if filters.after:
            context["continued"] = max(
                timezone.localdate(search.moment_of(filters.after)), since or dt.date.min
            )
    if found.more:
        link = filters.with_(after=found.more).link()
        context |= {"more_url": page + link, "more_part": reverse("events:results") + link}
    return context


def _sentence(found: Results) -> str:
    """How many were found, as the heading of the list says it."""
    words = found.filters.q
    if found.count is None:
        return _("More events for “%(words)s”") % {"words": words} if words else _("More events")
    if found.capped:
        many = {"count": f"{MOST_COUNTED}+", "words": words}
        return _("%(count)s events for “%(words)s”") % many if words else _("%(count)s events") % many
    if words:
        sentence = ngettext(
            "%(count)d event for “%(words)s”", "%(count)d events for “%(words)s”", found.count
        )
    else:
        sentence = ngettext("%(count)d event", "%(count)d events", found.count)
    return sentence % {"count": found.count, "words": words}


def _when_chips(page: str, filters: EventFilters) -> list[Chip]:
    if filters.archive:
        return []
    return [
        Chip(
            str(when.label),
            page + filters.with_(when="" if when == filters.when else when.value).link(),
            when == filters.when,
        )
        for when in When
    ]


def _category_chips(page: str, filters: EventFilters) -> list[Chip]:
    chips = [
        Chip(
            str(category.label),
            page + filters.with_(category="" if category == filters.category else category.value).link(),
            category == filters.category,
            category.value,
        )
        for category in Category
    ]
    online = Chip(_("Online"), page + filters.with_(online=not filters.online).link(), filters.online)
    return [*chips, online]


def _active(page: str, found: Results) -> list[Chip]:
    """The filters that no chip above the list shows, each as a link to the list without it."""
    filters = found.filters
    named = {
        "start": _range(filters.start, filters.end),
        "organisation": found.organisation.name if found.organisation else filters.organisation,
        "building": found.building.name if found.building else filters.building,
        "language": language_name(filters.language) if filters.language else "",
        "tag": filters.tag,
        "archive": _("What was on") if filters.archive else "",
    }
    alone = {"start": ("start", "end")}
    return [
        Chip(label, page + filters.without(*alone.get(name, (name,))).link(), current=True)
        for name, label in named.items()
        if label
    ]


def _range(start: dt.date | None, end: dt.date | None) -> str:
    """The days of a range in words; nothing where it is open on both sides."""
    if start and end and start != end:
        return _("%(first)s to %(last)s") % {
            "first": spoken_date(start, "short-date"),
            "last": spoken_date(end, "short-date"),
        }
    if start and end:
        return spoken_date(start, "short-date")
    if start:
        return _("from %(day)s") % {"day": spoken_date(start, "short-date")}
    return _("until %(day)s") % {"day": spoken_date(end, "short-date")} if end else ""


def _orders(page: str, filters: EventFilters) -> list[Chip]:
    """By date or by relevance, where there are words that something could be relevant to."""
    if not filters.q:
        return []
    return [
        Chip(str(order.label), page + filters.with_(order=order.value).link(), order == filters.order)
        for order in Order
    ]


def _ways_on(page: str, filters: EventFilters) -> list[Chip]:
    """Where nothing was found: wider questions that do find something, the nearest first."""
    wider = [
        (_("without filters"), EventFilters(q=filters.q, archive=filters.archive)),
        (_("among what was on"), filters.with_(archive=True, when="")),
    ]
    ways = []
    for label, question in wider:
        if question != filters.with_() and (count := search.count(question)):
            many = f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)
            sentence = ngettext("%(count)s event %(where)s", "%(count)s events %(where)s", count)
            ways.append(Chip(sentence % {"count": many, "where": label}, page + question.link()))
    return [*ways, Chip(_("All events"), page)]


def _with_current(offered: tuple[Choice, ...], current: str) -> tuple[Choice, ...]:
    """The options, with the current one even where nothing of it is to come."""
    if current and all(choice.value != current for choice in offered):
        return (Choice(current, current), *offered)
    return offered
