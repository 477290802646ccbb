"""Events for other people's calendars: iCalendar (RFC 5545, with RFC 7986's names for feeds), and links that add one.

An event is one VEVENT with a UID that never changes. Repeated events have been stamped one by one, so each is its own
VEVENT and no rule is written. Times are written in UTC: an instant needs no VTIMEZONE, which programs read differently,
and the reader's calendar shows it in the reader's zone either way; the zone would matter to a rule only. All-day events
are dates of the campus.

The library that reads feeds for us does not write them: it takes a backslash before N for a line break, so that
"C:\\New" would lose its N, and costs six times as much. The tests read with it what is written here.

The bytes depend on nothing but the events (DTSTAMP is when the event last changed, not now), so an unchanged calendar
keeps its ETag and is not sent again.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from itertools import chain
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from myapp.events.models import Category, Event, Status
from myapp.web.addresses import whole_address
from myapp.web.texts import printable, shortened

PRODUCER = "-//EventMate//EventMate//EN"
# How often a program should ask again. Once an hour is what the large ones do at best, whatever one asks for.
REFRESH = "PT1H"
# An address longer than about 2,000 characters is refused by some of what stands between a reader and the calendar.
_LONGEST_DETAILS = 600
_DATE, _MOMENT = "%Y%m%d", "%Y%m%dT%H%M%SZ"
_URI = "!#$%&'()*+,/:;=?@[]~"
Line = tuple[str, str]


@dataclass(frozen=True)
class Told:
    """What one person's calendar says of an event beyond everybody's: how it stands with them, in a word and a sentence.

    `status` is CONFIRMED, TENTATIVE or CANCELLED; `sequence` and `changed_at` take the place of the event's own; `path` is
    that of the person's own page, without the language's prefix.
    """

    status: str
    sequence: int
    changed_at: dt.datetime
    sentence: str
    path: str = ""


def uid(event: Event) -> str:
    """Return what the event is known by in every calendar, for ever."""
    return f"{event.code}@eventmate"


def event_ics(event: Event, *, method: str = "") -> bytes:
    """Return a calendar of one event; no queries where `room.building` or `building` are loaded.

    With a `method` it is one that a mail brings (RFC 5546): it says who publishes it, for which `organisation` is read.
    """
    return _one(event, _vevent(event), method)


def personal_ics(event: Event, told: Told, *, method: str = "") -> bytes:
    """Return the same of one event as it stands with one person."""
    return _one(event, _vevent(event, told), method)


def feed_ics(events: Iterable[Event], *, name: str, address: str) -> bytes:
    """Return a calendar to subscribe to: its name, its own address, its events in the order given."""
    return _calendar([_head(name, address), *map(_vevent, events)])


def personal_feed_ics(events: Iterable[tuple[Event, Told]], *, name: str) -> bytes:
    """Return the same of one person: each event as it stands with them.

    It does not say its address, which is a secret: people send calendars on as files.
    """
    return _calendar([_head(name), *(_vevent(event, told) for event, told in events)])


def _one(event: Event, vevent: Iterator[Line], method: str) -> bytes:
    """Return a calendar of one VEVENT."""
    if not method:
        return _calendar([vevent])
    *lines, end = vevent
    return _calendar([[("METHOD", method)], [*lines, _organiser(event), end]])


def _head(name: str, address: str = "") -> list[Line]:
    """Return what a calendar to subscribe to says of itself."""
    return [
        ("NAME", _text(name)),
        ("X-WR-CALNAME", _text(name)),
        ("X-WR-TIMEZONE", _text(settings.TIME_ZONE)),
        ("REFRESH-INTERVAL;VALUE=DURATION", REFRESH),
        ("X-PUBLISHED-TTL", REFRESH),
        *([("SOURCE;VALUE=URI", address)] if address else []),
    ]


def _calendar(parts: Iterable[Iterable[Line]]) -> bytes:
    """Return the parts inside a calendar's frame. No METHOD of its own: it is to be read, not an invitation to answer."""
    frame = [("BEGIN", "VCALENDAR"), ("VERSION", "2.0"), ("PRODID", PRODUCER), ("CALSCALE", "GREGORIAN")]
    lines = chain(frame, *parts, [("END", "VCALENDAR")])
    return b"".join(_folded(f"{name}:{value}".encode()) for name, value in lines)


def _folded(line: bytes) -> bytes:
    """Return a line in pieces of 75 octets at most (RFC 5545, 3.1); characters and escapes stay whole."""
    pieces, rest, room = [], line, 75
    while len(rest) > room:
        end = room
        while rest[end] & 0xC0 == 0x80:  # inside a UTF-8 sequence
            end -= 1
        backslashes = end - len(rest[:end].rstrip(b"\\"))
        end -= backslashes % 2
        pieces.append(rest[:end])
        rest, room = rest[end:], 74
    return b"\r\n ".join([*pieces, rest]) + b"\r\n"


def _vevent(event: Event, told: Told | None = None) -> Iterator[Line]:
    """Yield the event's VEVENT line by line, as everybody or as one person is told of it."""
    start, end = _period(event)
    pattern, value = (_DATE, ";VALUE=DATE") if event.all_day else (_MOMENT, "")
    is_off = event.status in {Status.CANCELLED, Status.WITHDRAWN}
    told = told or Told("CANCELLED" if is_off else "CONFIRMED", event.sequence, event.changed_at, "")
    changed = told.changed_at.astimezone(dt.UTC).strftime(_MOMENT)
    yield "BEGIN", "VEVENT"
    yield "UID", uid(event)
    yield "DTSTAMP", changed
    yield "LAST-MODIFIED", changed
    yield "SEQUENCE", str(told.sequence)
    yield f"DTSTART{value}", start.strftime(pattern)
    yield f"DTEND{value}", end.strftime(pattern)
    yield "SUMMARY", _text(event.title)
    yield "STATUS", told.status
    # What is called off or lasts whole days leaves the reader's time free, as calendars show it.
    yield "TRANSP", "TRANSPARENT" if told.status == "CANCELLED" or event.all_day else "OPAQUE"
    yield "CATEGORIES", ",".join(map(_text, _categories(event)))
    ticket = whole_address(told.path) if told.path else ""
    above = "\n".join(part for part in (told.sentence, ticket) if part)
    yield "DESCRIPTION", _text("\n\n".join(part for part in (above, _description(event)) if part))
    yield "URL", ticket or whole_address(event.path)
    yield from _place(event)
    yield "END", "VEVENT"


def _organiser(event: Event) -> Line:
    """Return who publishes the event: the organisation, at the site's address where it has none."""
    address = event.organisation.email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    # A quoted parameter has no escapes at all (RFC 5545, 3.2).
    name = re.sub(r'["\x00-\x1f\x7f]', "", printable(event.organisation_name))
    return f'ORGANIZER;CN="{name}"', f"mailto:{quote(address, safe='@')}"


def _place(event: Event) -> Iterator[Line]:
    """Yield where it is, as far as it is known."""
    if where := location(event):
        yield "LOCATION", _text(where)
    building = event.building
    if building is not None and building.latitude is not None and building.longitude is not None:
        yield "GEO", f"{building.latitude:f};{building.longitude:f}"
    if event.online and event.online_url:
        yield "CONFERENCE;VALUE=URI", quote(event.online_url, safe=_URI)


def _text(text: str) -> str:
    """Return a text as RFC 5545 (3.3.11) escapes it."""
    escaped = printable(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n")


def _period(event: Event) -> tuple[dt.date, dt.date]:
    """Return when it starts and ends: dates of the campus where it lasts whole days, else moments in UTC."""
    if not event.all_day:
        return event.starts_at.astimezone(dt.UTC), event.ends_at.astimezone(dt.UTC)
    first, end = localtime(event.starts_at).date(), localtime(event.ends_at).date()
    return first, max(end, first + dt.timedelta(days=1))


def _categories(event: Event) -> list[str]:
    """Return the words under which a calendar may file it."""
    kind = [] if event.category == Category.OTHER else [str(Category(event.category).label)]
    return [*kind, event.organisation_name, *event.tags]


def location(event: Event) -> str:
    """Return where it is, as a map or a taxi driver understands it: room, building, address; or "Online"."""
    building = event.building
    parts = [event.place_label]
    if building is not None:
        parts += [building.name if building.name not in event.place_label else "", building.address]
    if event.online:
        parts.append(_("Online"))
    return ", ".join(part for part in parts if part)


def _description(event: Event) -> str:
    """Return what a person reads in their calendar, the way back to the event's own page at its end."""
    cancelled = ""
    if event.status == Status.CANCELLED:
        reason = event.cancel_reason
        cancelled = _("Cancelled: %s") % reason if reason else _("Cancelled")
    online = event.online_url if event.online else ""
    summary = event.summary if not event.description_text.startswith(event.summary) else ""
    parts = (cancelled, summary, event.description_text, online, whole_address(event.path))
    return "\n\n".join(part for part in parts if part)


def _details(event: Event) -> str:
    """Return a description short enough for an address."""
    text = shortened(event.summary or event.description_text, _LONGEST_DETAILS)
    return f"{text}\n\n{whole_address(event.path)}".strip()


def google_url(event: Event) -> str:
    """Return the address that offers the event to the reader's Google calendar; no queries beyond `location`'s."""
    pattern = _DATE if event.all_day else _MOMENT
    query = {
        "action": "TEMPLATE",
        "text": event.title,
        "dates": "/".join(moment.strftime(pattern) for moment in _period(event)),
        "details": _details(event),
        "location": location(event),
    }
    return f"https://calendar.google.com/calendar/render?{urlencode(query)}"


def outlook_url(event: Event) -> str:
    """Return the address that offers the event to the reader's Outlook of work or study; no queries as above."""
    start, end = _period(event)
    query = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": event.title,
        "startdt": f"{start:%Y-%m-%d}" if event.all_day else f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{end:%Y-%m-%d}" if event.all_day else f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "allday": "true" if event.all_day else "false",
        "body": _details(event),
        "location": location(event),
    }
    # Outlook shows a plus sign as one, so spaces must be %20.
    return f"https://outlook.office.com/calendar/deeplink/compose?{urlencode(query, quote_via=quote)}"
