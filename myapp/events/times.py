"""When an event is, in words: the campus's time, the active language."""

import datetime as dt

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from myapp.events.models import Event
from myapp.events.queries import midnight
from myapp.web.dates import spoken_date

# A night that ends before this hour belongs to the day it began on: nobody calls a party "two days".
NIGHT_ENDS = dt.time(6)


def _day(date: dt.date, *, short: bool = False) -> str:
    """The day as a sentence says it, with the year where it is not this one."""
    text = spoken_date(date, "short" if short else "day")
    return text if date.year == timezone.localdate().year else f"{text} {date.year}"


def whole_days(starts_at: dt.datetime, ends_at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return the days of the campus that a period touches, from midnight to the midnight after; at least one."""
    first, last = timezone.localtime(starts_at).date(), timezone.localtime(ends_at).date()
    # Compared in UTC: where clocks are set forward at midnight, a day begins at one.
    begun = ends_at.astimezone(dt.UTC) > midnight(last).astimezone(dt.UTC)
    end = last + dt.timedelta(days=1) if begun or last == first else last
    return midnight(first), midnight(end)


def spoken_moment(moment: dt.datetime) -> str:
    """Return like "Friday 20 November, 16:00", for the middle of a sentence. No queries."""
    local = timezone.localtime(moment)
    return _("%(day)s, %(time)s") % {"day": _day(local.date()), "time": f"{local:%H:%M}"}


def spoken_period(event: Event) -> str:
    """Return like "Friday 20 November, 16:00 to 17:30": one day, a night, several days, or all day. No queries.

    It stands alone, so it begins with a capital also where days do not.
    """
    return capfirst(_period(event))


def _period(event: Event) -> str:
    start, end = timezone.localtime(event.starts_at), timezone.localtime(event.ends_at)
    if event.all_day:
        last = (end - dt.timedelta(microseconds=1)).date() if end > start else start.date()
        if last == start.date():
            return _("%(day)s, all day") % {"day": _day(last)}
        return _("%(first)s to %(last)s") % {"first": _day(start.date()), "last": _day(last)}
    if end == start:
        return _("%(day)s, %(time)s") % {"day": _day(start.date()), "time": f"{start:%H:%M}"}
    night = end.date() == start.date() + dt.timedelta(days=1) and end.time() < NIGHT_ENDS
    if end.date() == start.date() or night:
        return _("%(day)s, %(start)s to %(end)s") % {
            "day": _day(start.date()),
            "start": f"{start:%H:%M}",
            "end": f"{end:%H:%M}",
        }
    return _("%(first)s, %(start)s to %(last)s, %(end)s") % {
        "first": _day(start.date(), short=True),
        "start": f"{start:%H:%M}",
        "last": _day(end.date(), short=True),
        "end": f"{end:%H:%M}",
    }
