"""What reading a file gives: events, and sentences about what could not be taken. No database here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Refused(Exception):
    """A whole file or address cannot be taken; the message is a sentence for the person importing."""


class Skipped(NamedTuple):
    """Something that was not taken: ``where`` is a row number, a UID or a component."""

    where: str
    reason: str


class Remark(NamedTuple):
    """Something that was taken, but not quite as written."""

    where: str
    reason: str


@dataclass(slots=True)
class ImportedEvent:
    """One event with one date, as a feed tells it. Texts are clean, instants are aware and in UTC."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    """Exclusive; ``None`` when the source does not say."""
    recurrence_id: datetime | None = None
    """When this date of its series was to begin, ``None`` for an event of its own."""
    all_day: bool = False
    timezone: str = "UTC"
    description: str = ""
    """Markdown."""
    place: str = ""
    room: str = ""
    tags: list[str] = field(default_factory=list)
    organizer: str = ""
    url: str = ""
    language: str = ""
    cancelled: bool = False
    cancel_reason: str = ""
    sequence: int = 0
    online: bool = False
    online_url: str = ""
    series: ImportedSeries | None = None

    @property
    def key(self) -> tuple[str, datetime | None]:
        """What makes it the same event in the next import."""
        return self.uid, self.recurrence_id


@dataclass(slots=True)
class ImportedSeries:
    """The rule that stamped several events; shared by all of them."""

    uid: str
    title: str
    rule: str
    starts_at: datetime
    timezone: str


@dataclass(slots=True)
class Parsed:
    """Everything one file held."""

    events: list[ImportedEvent] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    calendar_name: str = ""
    truncated: bool = False
    """The file seems to end early: what is missing from it may still exist."""
    unread: set[str] = field(default_factory=set)
    """UIDs that stand in the file but could not be read: their events have not vanished."""
    kind: str = ""
    """``icalendar`` or ``csv``."""

    def skip(self, where: str, reason: str) -> None:
        """Note that something was not taken."""
        self.skipped.append(Skipped(where, reason))

    def remark(self, where: str, reason: str) -> None:
        """Note that something was taken, but not quite as written."""
        self.remarks.append(Remark(where, reason))
