"""What's on: the campus's front page."""

import datetime as dt
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import ngettext

from myapp.events import queries
from myapp.events.filters import EventFilters
from myapp.events.models import Category, Status
from myapp.events.queries import BusyDay, Row
from myapp.events.search import Results, search
from myapp.web.fragments import kept
from myapp.web.policies import public_page

STRIP_DAYS = 9
_BUSIEST = 8  # the longest bar that the style sheet draws
_ON_NOW = 5
_FRESH = dt.timedelta(hours=12)
_FURTHEST_DAY = dt.timedelta(days=370)


def _day_asked_for(text: str) -> dt.date:
    """The day in ?day=, or today where it is none that an agenda can begin with."""
    today = timezone.localdate()
    try:
        asked = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return asked if today <= asked <= today + _FURTHEST_DAY else today


class StripDay(NamedTuple):
    """One day of the strip above the agenda; `busy` is 0 to 8, in proportion to the busiest day shown."""

    url: str
    weekday: str
    number: int
    busy: int
    spoken: str
    current: bool


def _strip(days: list[BusyDay], *, current: dt.date) -> tuple[StripDay, ...]:
    """The strip of days; a day with anything on is never drawn as an empty one."""
    most = max((day.events for day in days), default=0) or 1
    return tuple(
        StripDay(
            url=f"?day={day.date.isoformat()}",
            weekday=date_format(day.date, "D"),
            number=day.date.day,
            busy=-(-day.events * _BUSIEST // most),
            spoken=ngettext("%(events)d event", "%(events)d events", day.events) % {"events": day.events},
            current=day.date == current,
        )
        for day in days
    )


@public_page(keep=30, reads=("day",))
def home(request: HttpRequest) -> HttpResponse:
    """Show the agenda from a day on, today without ?day=; three queries, two where the strip is kept."""
    today = timezone.localdate()
    day = _day_asked_for(request.GET.get("day", ""))
    filters = EventFilters(start=day) if day > today else EventFilters()
    found = search(filters, also=("starts_at",))
    busy = kept("home.busy_days", today, make=lambda: queries.busy_days(today, STRIP_DAYS))
    context = {
        "strip": _strip(busy, current=day),
        "later_url": f"?day={today + dt.timedelta(days=STRIP_DAYS)}",
        "days": queries.by_day(found.rows, since=day),
        **_further(filters, found),
        "on_now": [row for row in found.rows if _is_on_now(row)][:_ON_NOW],
        "week": _in_numbers(busy[:7]),
        "categories": Category.choices,
    }
    return TemplateResponse(request, "events/home.html", context)


def _in_numbers(days: list[BusyDay]) -> dict[str, int]:
    """How many events of how many organisations begin in these days."""
    organisations = frozenset[int]().union(*(day.organisations for day in days))
    return {"events": sum(day.events for day in days), "organisations": len(organisations)}


def _further(filters: EventFilters, found: Results) -> dict[str, str]:
    """Where the agenda goes on: the page of the list, and the fragment that htmx puts below this one."""
    if not found.more:
        return {}
    link = filters.with_(after=found.more).link()
    return {"more_url": reverse("events:list") + link, "more_part": reverse("events:results") + link}


def _is_on_now(row: Row) -> bool:
    """Whether an event has begun and somebody could still walk in: exhibitions of a month are no news."""
    now = timezone.now()
    began = now - row["starts_at"]
    return not row["all_day"] and row["status"] != Status.CANCELLED and dt.timedelta() <= began < _FRESH
