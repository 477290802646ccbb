"""The calendar: a month as a grid, a week as a timetable."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from myapp.events.calendar_days import Month, Week
from myapp.events.calendar_pages import month_grid, timetable
from myapp.events.filters import EventFilters
from myapp.events.models import Category, Event, EventQuerySet
from myapp.web.policies import public_page

KEEP = 60
READS = ("category",)


def _asked_for(request: HttpRequest) -> tuple[EventFilters, EventQuerySet]:
    """Return the question in ?category= and the public events it asks for. Raises `BadRequest` for no category."""
    filters = EventFilters.parse(request.GET)
    events = Event.objects.public()
    return filters, events.filter(category=filters.category) if filters.category else events


def _around(filters: EventFilters, shown: Month | Week, name: str) -> dict[str, object]:
    """Return what stands around a month or a week: the ways to others, and the categories to narrow it by."""

    def url(other: Month | Week | None) -> str:
        return reverse(f"events:{name}", args=[other]) + filters.link() if other else ""

    return {
        "filters": filters,
        "link": filters.link(),
        "previous_url": url(shown.neighbour(-1)),
        "following_url": url(shown.neighbour(1)),
        "categories": [
            (value, label, filters.with_(category=value).link()) for value, label in Category.choices
        ],
    }


def _month(request: HttpRequest, month: Month) -> HttpResponse:
    filters, events = _asked_for(request)
    today = timezone.localdate()
    context = _around(filters, month, "month") | {
        "month": month,
        "weeks": (weeks := month_grid(events, month)),
        "count": sum(cell.count for week in weeks for cell in week.cells if cell.in_month),
        "is_now": month == Month.of(today),
        "week": Week.of(today if month == Month.of(today) else month.first),
    }
    return TemplateResponse(request, "events/month.html", context)


@public_page(keep=KEEP, reads=READS)
def calendar(request: HttpRequest) -> HttpResponse:
    """Show this month; three queries."""
    return _month(request, Month.of(timezone.localdate()))


@public_page(keep=KEEP, reads=READS)
def month(request: HttpRequest, month: Month) -> HttpResponse:
    """Show a month; three queries."""
    return _month(request, month)


@public_page(keep=KEEP, reads=READS)
def week(request: HttpRequest, week: Week) -> HttpResponse:
    """Show a week as a timetable; three queries."""
    filters, events = _asked_for(request)
    context = _around(filters, week, "week") | {
        "timetable": timetable(events, week),
        "this_week": Week.this(),
        "is_now": week == Week.this(),
        # The month in which most of its days are.
        "month": Month.of(week.days[3]),
    }
    return TemplateResponse(request, "events/week.html", context)
