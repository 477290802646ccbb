"""What the page, the panel and the island of one event show: one source for all three.

Rooms above this one add what they know of an event by `add_part`, in the `ready` of their AppConfig.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import get_language_info

from myapp.events import calendars, queries, rules
from myapp.events.models import Category, Event
from myapp.events.times import spoken_period
from myapp.web.languages import language_prefix

_SUMMARY = 200
Part = Callable[[Event], Mapping[str, object]]
_parts: list[Part] = []


def add_part(part: Part) -> None:
    """Have an event's page show more: `part` returns what its template reads, the same for everybody. Once for each."""
    if part not in _parts:
        _parts.append(part)


def event_context(event: Event) -> dict[str, object]:
    """Return the template context of "events/_event.html" for an event that the reader may see.

    At most one query, and those of the parts that other rooms add. The event comes from `queries.events_with_context()`.
    """
    context: dict[str, object] = {
        "event": event,
        "category": Category(event.category).label,
        "when": spoken_period(event),
        "starts_iso": localtime(event.starts_at).isoformat(),
        "is_past": event.is_past(),
        "summary": event.summary or _shortened(event.description_text),
        "language_name": _language_name(event.language),
        "link_host": urlsplit(event.url).hostname or "",
        "poster_url": _absolute(event.poster.url) if event.poster else "",
        "other_dates": queries.other_dates(event),
        "google_url": calendars.google_url(event),
        "outlook_url": calendars.outlook_url(event),
        "ics_url": _ics_url(event),
    }
    for part in _parts:
        context.update(part(event))
    return context


def _ics_url(event: Event) -> str:
    """The event for a calendar: for everyone, or under the address that asks who somebody is."""
    mine = "" if rules.is_open_to_everyone(event) else "/my"
    return f"{language_prefix()}{mine}/events/{event.slug}.ics"


def _shortened(text: str) -> str:
    """The beginning of a text, cut between words."""
    return text if len(text) <= _SUMMARY else text[:_SUMMARY].rsplit(" ", 1)[0] + "…"


def _language_name(code: str) -> str:
    """What the language calls itself; nothing for one that Django has no name for."""
    try:
        return str(get_language_info(code)["name_local"]).capitalize() if code else ""
    except KeyError:
        return ""


def _absolute(url: str) -> str:
    """Local media have a path, Cloudinary's a whole address."""
    return f"{settings.SITE_URL}{url}" if url.startswith("/") else url
