"""What can be asked about events; nothing here writes."""

import datetime as dt
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.events import codes
from myapp.events.models import Event, EventQuerySet, Status

# What a row of a list shows: all of it on the event itself, so that no list joins another table.
ROW_FIELDS = (
    *("id", "slug", "title", "organisation_name", "place_label", "day", "starts_text", "ends_text"),
    *("all_day", "category", "status"),
)
# The moments themselves are for what computes with them: reading one costs as much as four texts.
TIMED_ROW_FIELDS = (*ROW_FIELDS, "starts_at", "ends_at")
Row = dict[str, Any]


def rows(events: QuerySet[Event]) -> list[Row]:
    """Return what a list shows of each event, one query, no model objects: a list of thirty costs half as much."""
    return list(events.values(*ROW_FIELDS))


class Day(NamedTuple):
    """One day of an agenda: its date, what it is called when near, and its rows."""

    date: dt.date
    name: str
    rows: list[Row]

    @property
    def of_another_year(self) -> bool:
        """Whether the date needs its year said."""
        return self.date.year != timezone.localdate().year


def by_day(listed: Iterable[Row], *, since: dt.date | None = None) -> list[Day]:
    """Group rows, in order of time, into days of the campus; what began before `since` and goes on stands under it.

    Marks such a row as `ongoing`, so that a list need not pretend that it begins then, and puts it behind what does
    begin: an exhibition of a month is not the news of its thirtieth day. No queries.
    """
    today = timezone.localdate()
    names = {today: _("Today"), today + dt.timedelta(days=1): _("Tomorrow")}
    days: list[Day] = []
    for row in listed:
        row["ongoing"] = since is not None and row["day"] < since
        date = since if row["ongoing"] and since is not None else row["day"]
        if not days or days[-1].date != date:
            days.append(Day(date, names.get(date, ""), []))
        days[-1].rows.append(row)
    if days:
        days[0].rows.sort(key=itemgetter("ongoing"))
    return days


class BusyDay(NamedTuple):
    """One day ahead: how many events begin on it, and which organisations put them on."""

    date: dt.date
    events: int = 0
    organisations: frozenset[int] = frozenset()


def busy_days(first: dt.date, days: int) -> list[BusyDay]:
    """Return how busy each of so many days is, counting upcoming events: one query, empty days included."""
    dates = [first + dt.timedelta(days=n) for n in range(days)]
    counted = {
        date: BusyDay(date, events, frozenset(organisations))
        for date, events, organisations in Event.objects.upcoming()
        .filter(starts_at__gte=midnight(first), starts_at__lt=midnight(dates[-1] + dt.timedelta(days=1)))
        .values_list("day")
        .annotate(events=Count("id"), organisations=ArrayAgg("organisation_id", distinct=True))
    }
    return [counted.get(date, BusyDay(date)) for date in dates]


def midnight(date: dt.date) -> dt.datetime:
    """Return when a day of the campus begins."""
    return timezone.make_aware(dt.datetime.combine(date, dt.time()))


_CANDIDATES = 60


def similar_to(event: Event, *, limit: int = 3) -> list[Row]:
    """Return upcoming events of the same category that share most tags, the nearest first: one query.

    Looks at the nearest sixty only: what is on in half a year is no suggestion for tonight, however alike.
    """
    others = (
        Event.objects.upcoming().filter(category=event.category, status=Status.PUBLISHED).exclude(pk=event.pk)
    )
    if event.series_id:
        others = others.exclude(series=event.series_id)
    near = list(others.by_date().values(*ROW_FIELDS, "tags", "series_id")[:_CANDIDATES])
    wanted = set(event.tags)
    near.sort(key=lambda row: -len(wanted & set(row["tags"])))
    chosen: list[Row] = []
    for row in near:
        if row["series_id"] is None or all(row["series_id"] != other["series_id"] for other in chosen):
            chosen.append(row)
    return chosen[:limit]


def other_dates(event: Event, *, limit: int = 6) -> list[Row]:
    """Return the upcoming events of the same series: one query, none for an event that stands alone."""
    if not event.series_id:
        return []
    return rows(
        Event.objects.upcoming().filter(series=event.series_id).exclude(pk=event.pk).by_date()[:limit]
    )


def events_with_context() -> EventQuerySet:
    """Return events with everything their own page reads, for one query."""
    return Event.objects.select_related("organisation", "room__building", "building", "series")


class EventWithdrawn(Exception):
    """The event was taken back: its address answers 410."""

    def __init__(self, event: Event) -> None:
        """Keep the event, so that the page can show a way on."""
        super().__init__(event.slug)
        self.event = event


def event_of_slug(slug: str) -> Event:
    """Return the event whose code stands at the end of a slug, whoever may see it: one query.

    Only for views that go on to ask `rules`; its slug may differ from the one asked for, where the title has
    changed since. Raises `Http404` where there is none or it is still a draft nobody was told of, `EventWithdrawn`
    where it was taken back.
    """
    code = codes.code_of(slug)
    event = events_with_context().filter(code=code).first() if code else None
    if event is None:
        raise Http404(_("There is no such event."))
    if event.status == Status.WITHDRAWN:
        raise EventWithdrawn(event)
    return event
