"""An iCalendar file (RFC 5545) as events, with a sentence for everything that could not be taken.

What is not one event for everybody is left out and said: what is marked private, to-dos, answers to invitations. A
component that cannot be read costs itself, never the file. A file is refused only when it is no calendar at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from django.utils.translation import gettext as _, ngettext

from myapp.events.importing import deadline
from myapp.events.importing.components import Component, parse
from myapp.events.importing.encodings import decode
from myapp.events.importing.event_components import Hidden, Reading, Unreadable, fill, read_event
from myapp.events.importing.items import ImportedEvent, ImportedSeries, Parsed, Refused
from myapp.events.importing.recurrence import Change, Occurrence, When, Window, expand
from myapp.events.importing.recurrence_rules import RuleError
from myapp.events.importing.texts import TITLE, one_line, stored_uid
from myapp.events.importing.timezones import Zone, Zones, zone_or_none

MAX_EVENTS = 20_000
"""Events in one file; a campus has fewer in a year."""

_ANSWERS = {"REPLY", "REFRESH", "COUNTER", "DECLINECOUNTER"}
_OTHER_KINDS = ("VTODO", "VJOURNAL", "VFREEBUSY")


@dataclass(frozen=True, slots=True)
class Options:
    """What the importer says about a file."""

    campus: Zone
    """The zone all-day events are at home in, and floating times when the calendar names none."""
    window: Window
    """Where dates of series are wanted. Events of their own are taken whenever they are."""
    floating: Zone | None = None
    """The zone of floating times, when the importer knows better than the calendar."""


def read(raw: bytes, options: Options) -> Parsed:
    """Return what the bytes of an iCalendar file hold; raises :class:`Refused` when they are none."""
    text, assumed = decode(raw, unfold=True)
    if "BEGIN:" not in text[:100_000].upper():
        raise Refused(_("This is no iCalendar file: it has no BEGIN:VCALENDAR."))
    root, unreadable = parse(text)
    parsed = Parsed(kind="icalendar")
    if assumed:
        parsed.remark(_("file"), assumed)
    if unreadable:
        sentence = ngettext(
            "%(number)d line could not be read.", "%(number)d lines could not be read.", unreadable
        )
        parsed.remark(_("file"), sentence % {"number": unreadable})
    calendars = _calendars(root)
    if not calendars:
        raise Refused(_("This is no iCalendar file: it holds neither a calendar nor an event."))
    if any(not calendar.closed for calendar in calendars if calendar.name):
        parsed.truncated = True
        parsed.remark(_("file"), _("It ends in the middle of a calendar; it may have been cut short."))
    for calendar in calendars:
        _Calendar(calendar, root, options, parsed).read()
        if len(parsed.events) > MAX_EVENTS:
            raise Refused(_("It holds more than %(number)d events.") % {"number": MAX_EVENTS})
    _keep_newest(parsed)
    if not parsed.events and not parsed.skipped:
        parsed.skip(_("file"), _("The calendar holds no event."))
    return parsed


def _calendars(root: Component) -> list[Component]:
    """Return the calendars of a file, and what stands outside any of them as one more."""
    calendars = [child for child in root.children if child.name == "VCALENDAR"]
    loose = [child for child in root.children if child.name != "VCALENDAR"]
    if any(child.name == "VEVENT" for child in loose):
        calendars.append(Component("", children=loose))
    return calendars


@dataclass(slots=True)
class _Calendar:
    """One VCALENDAR being read."""

    component: Component
    root: Component
    options: Options
    parsed: Parsed

    def read(self) -> None:
        """Add its events to what was parsed."""
        method = self.component.text("METHOD").upper()
        name = one_line(self.component.text("X-WR-CALNAME") or self.component.text("NAME"), TITLE)
        self.parsed.calendar_name = self.parsed.calendar_name or name
        events = list(self.component.walk("VEVENT"))
        self._count_other_kinds()
        if method in _ANSWERS and events:
            self.parsed.skip(
                name or _("calendar"),
                _("An answer to an invitation (%(method)s) announces nothing.") % {"method": method},
            )
            return
        zones = self._zones()
        groups = self._groups(events, zones, cancelled=method == "CANCEL")
        for readings in groups.values():
            deadline.check()
            try:
                self._read_group(readings)
            except OverflowError:
                self.parsed.skip(readings[0].where, _("One of its times lies at the end of time."))
                self.parsed.unread.add(stored_uid(readings[0].uid))

    def _zones(self) -> Zones:
        """Return the zones defined in this calendar, then elsewhere in the file, wherever they stand."""
        floating = self.options.floating
        if floating is None and (named := self.component.text("X-WR-TIMEZONE")):
            floating = zone_or_none(named)
        zones = Zones(floating or self.options.campus)
        for source in (self.component, self.root):
            for definition in source.walk("VTIMEZONE"):
                zones.define(definition)
        return zones

    def _count_other_kinds(self) -> None:
        for kind in _OTHER_KINDS:
            number = sum(1 for _one in self.component.walk(kind))
            if number:
                sentence = ngettext(
                    "%(number)d of these is no event.", "%(number)d of these are no events.", number
                )
                self.parsed.skip(kind, sentence % {"number": number})

    def _groups(self, events: list[Component], zones: Zones, *, cancelled: bool) -> dict[str, list[Reading]]:
        """Return what could be read, by UID, in the order of the file."""
        groups: dict[str, list[Reading]] = {}
        for number, component in enumerate(events, 1):
            if not number % 50:
                deadline.check()
            where = component.text("UID")[:120] or _("event %(number)d") % {"number": number}
            try:
                reading = read_event(component, zones, self.options.campus, where)
            except Unreadable as error:
                self.parsed.skip(where, str(error))
                if not isinstance(error, Hidden):
                    self.parsed.unread.add(stored_uid(component.text("UID")))
                continue
            reading.cancelled = reading.cancelled or cancelled
            for sentence in reading.remarks:
                self.parsed.remark(where, sentence)
            groups.setdefault(reading.uid, []).append(reading)
        return groups

    def _read_group(self, readings: list[Reading]) -> None:
        """Add the events of one UID: single ones, or a series with its changes."""
        masters = [one for one in readings if one.original is None]
        changes = [one for one in readings if one.original is not None]
        masters = self._newest(masters)
        changes = self._newest(changes)
        if not masters:
            for change in changes:
                self._add(change, _original_of(change))
            return
        master = masters[0]
        if not master.recurring.recurs and not changes:
            self._add(master, None)
            return
        self._add_series(master, changes)

    def _newest(self, readings: list[Reading]) -> list[Reading]:
        """Keep one of several that claim to be the same: the highest SEQUENCE, then the last in the file."""
        kept: dict[object, Reading] = {}
        for one in readings:
            before = kept.get(one.original)
            if before is not None:
                older = one if one.sequence < before.sequence else before
                self.parsed.skip(
                    one.where,
                    _("“%(title)s” stands in the file again; the newer one was taken.")
                    % {"title": older.title},
                )
                kept[one.original] = before if older is one else one
            else:
                kept[one.original] = one
        return list(kept.values())

    def _add_series(self, master: Reading, readings: list[Reading]) -> None:
        changes = [
            Change(one.original, one.start, one.length, one.and_future, one.component)
            for one in readings
            if one.original is not None
        ]
        by_component = {id(one.component): one for one in readings}
        try:
            occurrences = expand(master.recurring, changes, self.options.window)
        except RuleError as error:
            self.parsed.skip(master.where, str(error))
            self.parsed.unread.add(stored_uid(master.uid))
            return
        if not occurrences:
            first, last = (
                f"{edge:%Y-%m-%d}" for edge in (self.options.window.first, self.options.window.last)
            )
            sentence = _("None of the dates of “%(title)s” lies between %(first)s and %(last)s.")
            self.parsed.skip(master.where, sentence % {"title": master.title, "first": first, "last": last})
            return
        if self._is_out_of_step(master, occurrences):
            self.parsed.remark(
                master.where, _("Its first date does not follow its own rule, so it is none of its dates.")
            )
        series = self._series(master)
        for occurrence in occurrences:
            reading = by_component[id(occurrence.component)] if occurrence.component is not None else master
            event = self._event_of(reading, occurrence, master)
            event.series = series
            self.parsed.events.append(event)

    def _is_out_of_step(self, master: Reading, occurrences: list[Occurrence]) -> bool:
        """Whether DTSTART is no date of the rule, which RFC 5545 leaves undefined and ical.net's answers leave out."""
        return (
            bool(master.recurring.rules)
            and not master.recurring.excluded
            and not master.recurring.exclusion_rules
            and self.options.window.holds(master.start.instant)
            and all(one.key != master.start.key for one in occurrences)
        )

    def _event_of(self, reading: Reading, occurrence: Occurrence, master: Reading) -> ImportedEvent:
        event = fill(reading, occurrence.start, occurrence.length)
        event.uid = stored_uid(master.uid)
        event.recurrence_id = occurrence.original.instant
        event.cancelled = event.cancelled or master.cancelled
        return event

    def _series(self, master: Reading) -> ImportedSeries:
        return ImportedSeries(
            uid=stored_uid(master.uid),
            title=master.title,
            rule=master.rule_text,
            starts_at=master.start.instant,
            timezone=master.zone_name,
        )

    def _add(self, reading: Reading, original: When | None) -> None:
        event = fill(reading, reading.start, reading.length)
        event.recurrence_id = original.instant if original else None
        self.parsed.events.append(event)


def _original_of(change: Reading) -> When | None:
    """Return when a changed date was to begin, for a change whose series is not in the file."""
    moment = change.original
    if moment is None:
        return None
    tz, all_day = change.start.tz, change.start.all_day
    if moment.is_utc:
        return When(moment.naive.replace(tzinfo=UTC).astimezone(tz).replace(tzinfo=None), tz, all_day)
    return When(moment.naive, tz, all_day)


def _keep_newest(parsed: Parsed) -> None:
    """Keep one of the events that several calendars of one file tell of: the highest SEQUENCE, then the last."""
    kept: dict[object, ImportedEvent] = {}
    for event in parsed.events:
        before = kept.get(event.key)
        if before is not None:
            parsed.skip(
                event.uid[:120],
                _("“%(title)s” stands in the file again; the newer one was taken.") % {"title": event.title},
            )
            if event.sequence < before.sequence:
                continue
            del kept[event.key]
        kept[event.key] = event
    parsed.events = list(kept.values())
