"""Reads what a test writes down, as of one fixed day."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from zoneinfo import ZoneInfo

from myapp.events.importing import icalendar_files
from myapp.events.importing.icalendar_files import Options
from myapp.events.importing.items import Parsed
from myapp.events.importing.recurrence import Window
from myapp.events.importing.timezones import Zone

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONDON = Zone(ZoneInfo("Europe/London"), "Europe/London")
NEW_YORK = Zone(ZoneInfo("America/New_York"), "America/New_York")

CUSTOM_ZONE = """
BEGIN:VTIMEZONE
TZID:Our Own
BEGIN:STANDARD
DTSTART:16010101T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""


def options(
    campus: Zone = LONDON, *, past: int = 60, horizon: int = 400, floating: Zone | None = None
) -> Options:
    return Options(campus, Window(NOW - timedelta(days=past), NOW + timedelta(days=horizon)), floating)


def calendar(*events: str, head: str = "") -> bytes:
    """Return a calendar of VEVENTs, each given by its lines without BEGIN and END."""
    blocks = "\n".join(f"BEGIN:VEVENT\n{dedent(event).strip()}\nEND:VEVENT" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{dedent(head).strip()}\n{blocks}\nEND:VCALENDAR\n".encode()


def read(*events: str, head: str = "", how: Options | None = None) -> Parsed:
    return icalendar_files.read(calendar(*events, head=head), how or options())


def starts(parsed: Parsed, zone: str = "UTC") -> list[str]:
    """Return the starts in a zone, as ``2026-11-20 18:00``."""
    return [f"{event.starts_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for event in parsed.events]


def reasons(parsed: Parsed) -> list[str]:
    return [one.reason for one in parsed.skipped]


def remarks(parsed: Parsed) -> list[str]:
    return [one.reason for one in parsed.remarks]


def event(start: str, *more: str, uid: str = "one") -> str:
    return "\n".join([f"UID:{uid}", "SUMMARY:Talk", start, *more])


def read_shared(path: Path) -> bytes:
    """Return the bytes of a file of the real input, unpacked where it is packed."""
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw
