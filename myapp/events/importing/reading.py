"""One file or address, from its bytes to its events: what it is, how large, how long it may take."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from myapp.events.importing import csv_files, deadline, icalendar_files
from myapp.events.importing.fetch import MAX_BYTES, fetch
from myapp.events.importing.icalendar_files import Options
from myapp.events.importing.items import Parsed, Refused
from myapp.events.importing.recurrence import Window
from myapp.events.importing.texts import content_uid
from myapp.events.importing.timezones import Zone, zone_or_none

log = logging.getLogger(__name__)

PAST_DAYS = 60
HORIZON_DAYS = 400

_ARCHIVES = {b"PK\x03\x04": "ZIP", b"\xd0\xcf\x11\xe0": "Excel", b"%PDF": "PDF", b"\x1f\x9d": "compress"}


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file or address, and what to call it."""

    raw: bytes
    key: str
    """What a later import of the same is recognised by: the address, or where the file lies."""
    name: str

    @property
    def title(self) -> str:
        """What to call it to people: the host, or the file's name without its endings."""
        if is_address(self.name):
            return urlsplit(self.name).hostname or self.name
        return self.name.split(".")[0].replace("_", " ").strip() or self.name


def options(
    *, now: datetime | None = None, floating: str = "", past: int = PAST_DAYS, horizon: int = HORIZON_DAYS
) -> Options:
    """Return how to read, by the campus's settings; raises :class:`Refused` for a zone nobody knows."""
    now = now or datetime.now(UTC)
    campus = Zone(ZoneInfo(settings.TIME_ZONE), settings.TIME_ZONE)
    zone = zone_or_none(floating) if floating else None
    if floating and zone is None:
        raise Refused(_("The time zone “%(name)s” is not known.") % {"name": floating[:60]})
    return Options(campus, Window(now - timedelta(days=past), now + timedelta(days=horizon)), zone)


def is_address(where: str) -> bool:
    """Whether something to import is an address rather than a file."""
    return "://" in where


def load(where: str) -> Content:
    """Return the bytes of a file or address; raises :class:`Refused` with a sentence."""
    if is_address(where):
        found = fetch(where)
        key = where.strip()
        return Content(_unpacked(found.body), key if len(key) <= 300 else content_uid(key), key)
    path = Path(where)
    key = str(path.resolve())
    try:
        if not path.is_file():
            raise Refused(_("There is no such file."))
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Refused(_("The file cannot be opened: %(reason)s.") % {"reason": error}) from error
    if len(raw) > MAX_BYTES:
        raise Refused(_too_large())
    return Content(_unpacked(raw), key if len(key) <= 300 else content_uid(key), path.name)


def parse(content: Content, how: Options, *, seconds: float | None = None) -> Parsed:
    """Return what the bytes hold; raises :class:`Refused` with a sentence for whatever they turn out to be.

    Takes ``seconds`` at most, ten unless told otherwise.
    """
    seconds = deadline.SECONDS if seconds is None else seconds
    try:
        with deadline.within(seconds):
            return _reader(content)(content.raw, how)
    except deadline.TookTooLong as error:
        raise Refused(
            _("Reading it takes longer than %(seconds)d seconds.") % {"seconds": seconds}
        ) from error
    except (RecursionError, MemoryError) as error:
        raise Refused(_("It is too deeply nested, or too large, to be read.")) from error
    except Refused:
        raise
    except Exception as error:
        # One feed must not keep the others from being imported; what it was is for whoever reads the log.
        log.exception("Reading %s failed", content.name)
        raise Refused(_("It could not be read; the log says why.")) from error


def _reader(content: Content) -> Callable[[bytes, Options], Parsed]:
    head = content.raw[:4]
    for magic, kind in _ARCHIVES.items():
        if head.startswith(magic):
            raise Refused(_("This is a %(kind)s file; export it as iCalendar or CSV.") % {"kind": kind})
    if not content.raw.strip():
        raise Refused(_("It is empty."))
    start = content.raw[:20_000].replace(b"\x00", b"").upper()
    if b"BEGIN:V" in start:
        return icalendar_files.read
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<!DOCTYPE", b"<HTML", b"<?XML")):
        raise Refused(_("This is a web page, not a calendar; perhaps it asks to be signed in."))
    name = content.name.lower().partition("?")[0].removesuffix(".gz")
    return csv_files.read if name.endswith((".csv", ".tsv")) else icalendar_files.read


def _unpacked(raw: bytes) -> bytes:
    """Return gzipped bytes unpacked, up to the limit; others as they are."""
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    unpack = zlib.decompressobj(wbits=31)
    try:
        body = unpack.decompress(raw, MAX_BYTES + 1)
    except zlib.error as error:
        raise Refused(_("It is packed, and cannot be unpacked.")) from error
    if len(body) > MAX_BYTES:
        raise Refused(_too_large())
    if not unpack.eof:
        raise Refused(_("It is packed, and breaks off in the middle."))
    return body


def _too_large() -> str:
    return _("It is larger than %(size)d MB.") % {"size": MAX_BYTES // 1_000_000}
