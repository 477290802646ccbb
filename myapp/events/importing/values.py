"""Single values of iCalendar: moments, durations, periods (RFC 5545 §3.3), read leniently, without zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d):?(\d\d)?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?)?"
)
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:(T)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.IGNORECASE,
)
_MAX_DAYS = 366_000


class ValueProblem(ValueError):
    """A value that cannot be read; the message is the end of a sentence: “… cannot be read as a date”."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A DATE or DATE-TIME as written. ``naive`` is the clock on the wall, or UTC when ``is_utc``."""

    naive: datetime
    is_date: bool = False
    is_utc: bool = False
    day: date | None = None
    """The day as written, where a zone has been reckoned away."""


@dataclass(frozen=True, slots=True)
class Duration:
    """Days are nominal (the same time on another day), the rest is exact (RFC 5545 §3.3.6)."""

    days: int
    exact: timedelta

    @property
    def total(self) -> timedelta:
        """The length where no day is longer than another."""
        return timedelta(days=self.days) + self.exact


@dataclass(frozen=True, slots=True)
class Period:
    """A start with an end or a length."""

    start: Moment
    end: Moment | None
    duration: Duration | None


def read_moment(text: str, *, as_date: bool = False) -> Moment:
    """Return a DATE or DATE-TIME; also with the punctuation of ISO 8601, without seconds, or with an offset."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueProblem(_("“%(text)s” cannot be read as a date") % {"text": text.strip()[:40]})
    year, month, day, hour, minute, second, zone = found.groups()
    if as_date:
        hour = None
    try:
        naive = datetime(  # noqa: DTZ001 - the clock on a wall
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59)
        )
        if hour and zone and zone != "Z":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            naive = naive + offset if zone[0] == "-" else naive - offset
    except (ValueError, OverflowError) as error:
        raise ValueProblem(
            _("“%(text)s” is no date of any calendar") % {"text": text.strip()[:40]}
        ) from error
    return Moment(naive, is_date=hour is None, is_utc=bool(hour and zone))


def read_duration(text: str) -> Duration:
    """Return a DURATION; raises :class:`ValueProblem`."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()[1:3] + found.groups()[4:]):
        raise ValueProblem(_("“%(text)s” cannot be read as a length of time") % {"text": text.strip()[:40]})
    sign = -1 if found[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (int(found[at] or 0) for at in (2, 3, 5, 6, 7))
    exact = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if weeks * 7 + days + exact.days > _MAX_DAYS:
        raise ValueProblem(_("“%(text)s” is longer than a thousand years") % {"text": text.strip()[:40]})
    return Duration(sign * (weeks * 7 + days), sign * exact)


def read_period(text: str) -> Period:
    """Return a PERIOD; raises :class:`ValueProblem`."""
    start, slash, end = text.partition("/")
    if not slash:
        raise ValueProblem(_("“%(text)s” cannot be read as a period") % {"text": text.strip()[:40]})
    if end.strip().upper().lstrip("+-").startswith("P"):
        return Period(read_moment(start), None, read_duration(end))
    return Period(read_moment(start), read_moment(end), None)


def split_moments(text: str) -> list[Moment]:
    """Return the moments of a comma-separated list, a period counting by its start; what cannot be read is left out."""
    moments = []
    for part in text.split(","):
        try:
            moments.append(read_moment(part.partition("/")[0]))
        except ValueProblem:
            continue
    return moments
