"""Which zone a calendar means by a TZID, and zones that only the file itself knows.

In order: the IANA database; Windows' names by Unicode's table (which icalendar ships); what a VTIMEZONE of the file
says; what can be read off the name ("(UTC-05:00) Eastern Time", "/mozilla.org/20050126_1/America/Boise", "UTC+11");
last the zone the importer named, with a remark. A known name is believed more than the file's VTIMEZONE, since those
are often cut short or out of date, except for short names like EST, which mean different things to different people.

Times that a zone does not have, or has twice, follow RFC 5545 §3.3.5: in a gap the offset before it counts, of two the
first is meant. That is what ``fold=0`` means to Python (PEP 495).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from myapp.events.importing.components import Component
from myapp.events.importing.recurrence_rules import Rule, RuleError
from myapp.events.importing.rule_reading import parse as parse_rule
from myapp.events.importing.values import ValueProblem, read_moment, split_moments

LAST_YEAR = 2100
"""Transitions of a file's own zone are worked out up to here."""
MAX_TRANSITIONS = 2_000

_NO_LATER = datetime(2101, 1, 1)  # noqa: DTZ001 - the clock on a wall
_NO_EARLIER = datetime(1900, 1, 1)  # noqa: DTZ001 - the clock on a wall

_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d\d)?:?(\d\d)?")
_NAMED_OFFSET = re.compile(
    r"\(?\s*(?:UTC|GMT)\s*(?:([+-])\s*(\d{1,2})(?::?(\d\d))?)?\s*\)?(.*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone and the IANA name to remember it by; ``guess`` says how it was found, if not by its name."""

    tz: tzinfo
    name: str
    guess: str = ""


class FileZone(tzinfo):
    """A zone as a VTIMEZONE describes it: a list of instants at which the offset changes."""

    def __init__(self, tzid: str, before: timedelta, transitions: list[tuple[datetime, timedelta]]) -> None:
        """Take the offset before all transitions, and (naive UTC instant, offset from then on) in order."""
        self._tzid = tzid
        self._offsets = [before, *(offset for _, offset in transitions)]
        self._instants = [instant for instant, _ in transitions]
        ends = [instant + self._offsets[at] for at, instant in enumerate(self._instants)]
        begins = [instant + self._offsets[at + 1] for at, instant in enumerate(self._instants)]
        # Wall-clock moments from which a transition counts: with fold=0 the later of the two readings, else the earlier.
        self._walls = (
            [max(pair) for pair in zip(ends, begins, strict=True)],
            [min(pair) for pair in zip(ends, begins, strict=True)],
        )

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """Return the offset at a wall-clock time."""
        if dt is None:
            return self._offsets[-1]
        return self._offsets[bisect_right(self._walls[bool(dt.fold)], dt.replace(tzinfo=None, fold=0))]

    def dst(self, dt: datetime | None) -> None:  # noqa: ARG002 - tzinfo's signature
        """Say nothing: a file does not reliably tell what is daylight saving."""
        return

    def tzname(self, dt: datetime | None) -> str:  # noqa: ARG002 - tzinfo's signature
        """Return the file's own name."""
        return self._tzid

    def fromutc(self, dt: datetime) -> datetime:
        """Return the wall-clock time of an instant, ``fold`` set on the second of two."""
        instant = dt.replace(tzinfo=None)
        at = bisect_right(self._instants, instant)
        local = instant + self._offsets[at]
        twice = at > 0 and local < self._instants[at - 1] + self._offsets[at - 1]
        return local.replace(tzinfo=self, fold=int(twice))


@dataclass(slots=True)
class Zones:
    """The zones of one file. ``default`` stands for times that name none."""

    default: Zone
    definitions: dict[str, Component] = field(default_factory=dict)
    _known: dict[str, Zone] = field(default_factory=dict)

    def define(self, component: Component) -> None:
        """Remember a VTIMEZONE under each TZID it gives; the first definition of a name counts."""
        for prop in component.all("TZID"):
            self.definitions.setdefault(_clean(prop.text), component)

    @property
    def home(self) -> Zone:
        """The zone the calendar was made in, as far as it shows: the only one it defines, else the default."""
        names = [name for name in self.definitions if name not in {"UTC", "GMT", "Etc/UTC", ""}]
        return self.named(names[0]) if len(names) == 1 else self.default

    def named(self, tzid: str) -> Zone:
        """Return the zone a TZID means. Never fails: an unknown one is the default zone, with a guess that says so."""
        name = _clean(tzid)
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Zone:
        iana = iana_name(name)
        definition = self.definitions.get(name)
        if iana and ("/" in iana or iana in ("UTC", "GMT") or definition is None):
            return Zone(ZoneInfo(iana), iana)
        if name in WINDOWS_TO_OLSON:
            return _iana_zone(WINDOWS_TO_OLSON[name])
        if definition is not None and (zone := self._defined(name, definition)):
            return zone
        return guessed(name) or self._unknown(name)

    def _defined(self, name: str, definition: Component) -> Zone | None:
        location = iana_name(definition.text("X-LIC-LOCATION"))
        if location:
            return Zone(ZoneInfo(location), location)
        own = file_zone(name, definition)
        if own is None:
            return None
        guess = guessed(name)
        return Zone(own, guess.name if guess else self.default.name)

    def _unknown(self, name: str) -> Zone:
        shown = name[:60] or "(empty)"
        return Zone(
            self.default.tz,
            self.default.name,
            _("The time zone “%(name)s” is not known; its times were taken as %(zone)s.")
            % {"name": shown, "zone": self.default.name},
        )


def zone_or_none(name: str) -> Zone | None:
    """Return the zone of an IANA or Windows name, or of a name that says what it means, or ``None``."""
    cleaned = _clean(name)
    iana = iana_name(cleaned) or WINDOWS_TO_OLSON.get(cleaned)
    return _iana_zone(iana) if iana else guessed(cleaned)


def iana_name(name: str) -> str | None:
    """Return the IANA name in its own spelling, or ``None``."""
    return _names().get(name.casefold()) if name else None


def guessed(name: str) -> Zone | None:
    """Return the zone that can be read off a name that is neither IANA's nor Windows'."""
    for part in _suffixes(name):
        if found := iana_name(part):
            return Zone(ZoneInfo(found), found)
    if "-" in name and (found := iana_name(name.replace("-", "/", 1))):
        return Zone(ZoneInfo(found), found)
    offset = _NAMED_OFFSET.fullmatch(name)
    rest = offset[4].strip() if offset else name
    ahead = _offset(*offset.groups()[:3]) if offset and (offset[1] or not rest) else None
    if rest and (zone := _by_words(rest, ahead)):
        return zone
    if ahead is None or (rest and not rest.startswith("/")):
        return None
    return Zone(timezone(ahead), "UTC" if not ahead else _fixed_name(ahead))


def file_zone(tzid: str, definition: Component) -> FileZone | None:
    """Return the zone a VTIMEZONE describes, or ``None`` when it describes none."""
    onsets: list[tuple[datetime, timedelta, timedelta]] = []
    for observance in definition.children:
        if observance.name not in ("STANDARD", "DAYLIGHT"):
            continue
        before, after = (
            parse_offset(observance.text("TZOFFSETFROM")),
            parse_offset(observance.text("TZOFFSETTO")),
        )
        if after is None:
            continue
        before = after if before is None else before
        onsets.extend((wall - before, before, after) for wall in _onsets(observance, before))
    if not onsets:
        return None
    onsets.sort(key=lambda onset: onset[0])
    transitions = [(instant, after) for instant, _, after in onsets[-MAX_TRANSITIONS:]]
    return FileZone(tzid, onsets[0][1], transitions)


def _onsets(observance: Component, before: timedelta) -> list[datetime]:
    """Give the wall-clock times at which one STANDARD or DAYLIGHT begins."""
    start = observance.first("DTSTART")
    try:
        first = read_moment(start.value).naive if start else None
    except ValueProblem:
        first = None
    if first is None:
        return []
    first = max(first, datetime(1601, 1, 1))  # noqa: DTZ001 - the clock on a wall
    walls = {first}
    for prop in observance.all("RDATE"):
        for moment in split_moments(prop.value):
            # An RDATE may be an instant in UTC; the transitions are told by the clock on the wall before.
            walls.add(moment.naive + before if moment.is_utc else moment.naive)
    for prop in observance.all("RRULE"):
        try:
            walls.update(_rule_onsets(parse_rule(prop.value), first, before))
        except RuleError:
            continue
    return sorted(wall for wall in walls if 1 < wall.year <= LAST_YEAR)


def _rule_onsets(rule: Rule, first: datetime, before: timedelta) -> list[datetime]:
    until = None
    if rule.until:
        until = rule.until.moment + (before if rule.until.is_utc else timedelta())
        until += timedelta(days=1) if rule.until.is_date else timedelta()
    walls = rule.dates(first, until=until, after=_NO_EARLIER, before=_NO_LATER)
    return list(islice(walls, MAX_TRANSITIONS))


def parse_offset(text: str) -> timedelta | None:
    """Return a UTC-OFFSET value, or ``None`` when it is none (or a day or more)."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0), seconds=int(found[4] or 0))
    return None if offset >= timedelta(days=1) else -offset if found[1] == "-" else offset


@cache
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if name not in ("localtime", "Factory")}


@cache
def _cities() -> dict[str, list[str]]:
    """The last part of every name, and the names it ends."""
    cities: dict[str, list[str]] = {}
    for name in sorted(available_timezones()):
        if name.count("/") and not name.startswith(("Etc/", "posix/", "right/", "SystemV/", "US/")):
            cities.setdefault(name.rpartition("/")[2].replace("_", " ").casefold(), []).append(name)
    return cities


def _iana_zone(name: str) -> Zone:
    return Zone(ZoneInfo(name), name)


def _clean(tzid: str) -> str:
    return tzid.replace("\\,", ",").replace("\\;", ";").strip().strip('"').strip().strip("/").rstrip(":")


def _suffixes(name: str) -> list[str]:
    parts = name.split("/")[:8]
    return ["/".join(parts[at:]) for at in range(1, len(parts) - 1)]


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> timedelta | None:
    ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if ahead >= timedelta(hours=15):
        return None
    return -ahead if sign == "-" else ahead


def _by_words(words: str, ahead: timedelta | None) -> Zone | None:
    """Read Windows' display names: "Eastern Time (US & Canada)", "Amsterdam, Berlin, Bern, Rome"."""
    plain = re.sub(r"\(.*?\)", "", words).strip()
    candidates = [plain, re.sub(r"\bTime$", "Standard Time", plain), f"{plain} Standard Time"]
    names = [WINDOWS_TO_OLSON[one] for one in candidates if one in WINDOWS_TO_OLSON]
    for city in re.split(r"\s*[,;]\s*", words)[:12]:
        names.extend(_cities().get(city.casefold(), []))
    winter = datetime(2025, 1, 15, tzinfo=UTC)
    summer = datetime(2025, 7, 15, tzinfo=UTC)
    for name in names:
        zone = ZoneInfo(name)
        # What such a name says of its offset is the one without daylight saving: the smaller of the two.
        offsets = [winter.astimezone(zone).utcoffset(), summer.astimezone(zone).utcoffset()]
        if ahead is None or ahead == min(offset for offset in offsets if offset is not None):
            return Zone(zone, name)
    return None


def _fixed_name(ahead: timedelta) -> str:
    """Return the IANA name of a whole-hour offset; the names have their signs the other way round."""
    hours, rest = divmod(int(ahead.total_seconds()), 3600)
    return "UTC" if rest else f"Etc/GMT{-hours:+d}"
