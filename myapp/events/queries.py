"""What can be asked about events; nothing here writes."""

import datetime as dt
from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.events import codes, rules
from myapp.events.models import Event, EventQuerySet, Status
from myapp.events.rules import Person

# What a row of a list shows: all of it on the event itself, so that no list joins another table.
ROW_FIELDS = (
    *("id", "slug", "title", "organisation_name", "place_label", "day", "starts_text", "ends_text"),
    *("all_day", "online", "category", "status", "starts_at", "ends_at"),
)
Row = dict[str, Any]


def rows(events: QuerySet[Event]) -> list[Row]:
    """Return what a list shows of each event, one query, no model objects: a list of thirty costs half as much."""
    return list(events.values(*ROW_FIELDS))


class Day(NamedTuple):
    """One day of an agenda: its date, what it is called when near, and its rows."""

    date: dt.date
    name: str
    rows: list[Row]


def by_day(listed: Iterable[Row], *, today: dt.date | None = None) -> list[Day]:
    """Group rows that are in order of time into days of the campus; what began earlier stands under today."""
    today = today or timezone.localdate()
    names = {today: _("Today"), today + dt.timedelta(days=1): _("Tomorrow")}
    return [
        Day(date, names.get(date, ""), list(of_day))
        for date, of_day in groupby(
            listed, key=lambda row: max(row["day"], today) if row["ends_at"] > timezone.now() else row["day"]
        )
    ]


def events_with_context() -> EventQuerySet:
    """Return events with everything their own page reads, for one query."""
    return Event.objects.select_related("organisation", "room__building", "building", "series")


class Gone(Exception):
    """The event was withdrawn: its address answers 410."""

    def __init__(self, event: Event) -> None:
        """Keep the event, so that the page can show a way on."""
        super().__init__(event.slug)
        self.event = event


def event_of_slug(slug: str) -> Event:
    """Return the event whose code stands at the end of a slug, whoever may see it: one query.

    Only for views that go on to ask `rules`; its slug may differ from the one asked for, where the title has
    changed since. Raises `Http404` where there is none or it is still a draft nobody was told of, `Gone` where it
    was withdrawn.
    """
    code = codes.code_of(slug)
    event = events_with_context().filter(code=code).first() if code else None
    if event is None:
        raise Http404(_("There is no such event."))
    if event.status == Status.WITHDRAWN:
        raise Gone(event)
    return event


def visible_event_or_404(user: Person, slug: str) -> Event:
    """Return the event if this person may see it; at most three queries. The one door for islands and pages."""
    event = event_of_slug(slug)
    if not rules.can_see(user, event):
        raise Http404(_("There is no such event."))
    return event
