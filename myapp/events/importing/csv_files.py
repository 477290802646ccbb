"""A table of events (CSV) as events.

Columns, by name and in any order; only the first two must be there:

``title``, ``start``, ``end``, ``all_day``, ``timezone``, ``description``, ``place``, ``room``, ``tags``, ``organizer``,
``url``, ``language``, ``source``, ``source_id``.

``start`` and ``end`` are ISO 8601. With ``all_day`` = 1 they are dates, and ``end`` is the last day, not the day after.
A date-time without an offset is the clock on the wall in ``timezone``; with one it is that instant. What is empty is
not known. ``description`` is Markdown and may hold HTML.

An event is found again by ``source`` and ``source_id``, or where these are missing by its title, start and place. An
identity that several rows of a file share stays with the earliest of them; the others get their start and place added.
Rows that agree in all of that are one event told twice: the last is taken.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import zip_longest

from django.utils.translation import gettext as _

from myapp.events.importing import deadline, markup, texts
from myapp.events.importing.encodings import decode
from myapp.events.importing.event_components import FIRST_YEAR, LAST_YEAR
from myapp.events.importing.icalendar_files import MAX_EVENTS, Options
from myapp.events.importing.items import ImportedEvent, Parsed, Refused
from myapp.events.importing.recurrence import When
from myapp.events.importing.timezones import Zone, zone_or_none
from myapp.events.importing.values import Moment, ValueProblem, read_moment

REQUIRED = ("title", "start")
_OTHER_NAMES = {
    "name": "title",
    "summary": "title",
    "starts_at": "start",
    "starts": "start",
    "ends_at": "end",
    "ends": "end",
    "location": "place",
    "categories": "tags",
    "organiser": "organizer",
    "organisation": "organizer",
    "uid": "source_id",
}
_TRUE = {"1", "true", "yes", "y", "x"}
_FALSE = {"", "0", "false", "no", "n"}
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_MAX_FIELD = 1_000_000

Row = dict[str, str]


def read(raw: bytes, options: Options) -> Parsed:
    """Return what the bytes of a table hold; raises :class:`Refused` when it lacks a column that must be there."""
    text, assumed = decode(raw)
    parsed = Parsed(kind="csv")
    if assumed:
        parsed.remark(_("file"), assumed)
    rows = _rows(text, parsed)
    for number, row in rows:
        if not number % 200:
            deadline.check()
        if len(parsed.events) >= MAX_EVENTS:
            raise Refused(_("It holds more than %(number)d events.") % {"number": MAX_EVENTS})
        where = _("row %(number)d") % {"number": number}
        try:
            parsed.events.append(_event(row, where, options, parsed))
        except ValueProblem as error:
            parsed.skip(where, f"{str(error).rstrip('.')}.")
            parsed.unread.add(texts.stored_uid(_identity(row)))
    _tell_apart(parsed)
    if not parsed.events and not parsed.skipped:
        parsed.skip(_("file"), _("The table holds no event."))
    return parsed


def _rows(text: str, parsed: Parsed) -> Iterator[tuple[int, Row]]:
    """Give the rows as columns by name, with the number a spreadsheet shows beside them."""
    csv.field_size_limit(_MAX_FIELD)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    try:
        names = [
            _OTHER_NAMES.get(name, name) for name in (cell.strip().casefold() for cell in next(reader, []))
        ]
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise Refused(
                _("The first row must name the columns; %(names)s is missing.")
                % {"names": ", ".join(missing)}
            )
        for number, cells in enumerate(reader, 2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                parsed.skip(
                    _("row %(number)d") % {"number": number}, _("It has more cells than the first row.")
                )
                continue
            yield number, dict(zip_longest(names, cells, fillvalue=""))
    except csv.Error as error:
        raise Refused(_("This is no table we can read: %(reason)s.") % {"reason": error}) from error


def _event(row: Row, where: str, options: Options, parsed: Parsed) -> ImportedEvent:
    """Return the event of a row; raises :class:`ValueProblem` with a sentence."""
    title = texts.one_line(row["title"], texts.TITLE)
    if not title:
        raise ValueProblem(_("It has no title"))
    start, zone = _start(row, options, where, parsed)
    try:
        ends_at = _end(row, start, zone)
    except (ValueProblem, OverflowError) as error:
        ends_at = start.shifted(timedelta(days=1)).instant if start.all_day else None
        parsed.remark(where, _("%(reason)s; it was taken without an end.") % {"reason": error})
    place, room = (
        texts.one_line(row.get("place", ""), texts.PLACE),
        texts.one_line(row.get("room", ""), texts.PLACE),
    )
    link = texts.address(row.get("url", ""))
    description = row.get("description", "")
    meeting = texts.meeting_address(place, link, description)
    return ImportedEvent(
        uid=texts.stored_uid(_identity(row) or texts.content_uid(title, start.instant, place)),
        title=title,
        starts_at=start.instant,
        ends_at=ends_at,
        all_day=start.all_day,
        timezone=options.campus.name if start.all_day else zone.name,
        description=markup.from_markdown(description, base=link),
        place=place,
        room=room,
        tags=texts.tags(row.get("tags", "").split(",")),
        organizer=texts.one_line(row.get("organizer", "") or row.get("source", ""), texts.TITLE),
        url=link,
        language=texts.language(row.get("language", "")),
        online=texts.is_online(place),
        online_url=meeting,
    )


def _start(row: Row, options: Options, where: str, parsed: Parsed) -> tuple[When, Zone]:
    all_day = row.get("all_day", "").strip().casefold()
    if all_day not in _TRUE | _FALSE:
        raise ValueProblem(_("“%(text)s” is neither 1 nor 0 for all_day") % {"text": all_day[:20]})
    moment = _moment(row["start"], "start")
    zone = options.floating or options.campus
    if named := row.get("timezone", "").strip():
        found = zone_or_none(named)
        if found is None:
            sentence = _("The time zone “%(name)s” is not known; its times were taken as %(zone)s.")
            parsed.remark(where, sentence % {"name": named[:60], "zone": zone.name})
        zone = found or zone
    if not FIRST_YEAR <= moment.naive.year <= LAST_YEAR:
        raise ValueProblem(_("The year %(year)d is no year we know of") % {"year": moment.naive.year})
    if moment.is_date or all_day in _TRUE:
        return When(datetime.combine(moment.naive, time()), options.campus.tz, all_day=True), zone
    return _when(moment, zone), zone


def _end(row: Row, start: When, zone: Zone) -> datetime | None:
    """Return the exclusive end: of a day the midnight after it; ``None`` when it is not known."""
    text = row.get("end", "").strip()
    if start.all_day:
        last = _moment(text, "end").naive if text else start.wall
        end = When(datetime.combine(last, time()), start.tz, all_day=True).shifted(timedelta(days=1))
    elif not text:
        return None
    else:
        moment = _moment(text, "end")
        # The end of an evening is a day only when the day is over.
        end = _when(moment, zone).shifted(timedelta(days=1)) if moment.is_date else _when(moment, zone)
    if end.instant < start.instant or (start.all_day and end.instant == start.instant):
        raise ValueProblem(_("It ends before it starts"))
    if (end.instant - start.instant).days > 3660:
        raise ValueProblem(_("It goes on for more than ten years"))
    return end.instant


def _moment(text: str, column: str) -> Moment:
    text = text.strip()
    if not _ISO.fullmatch(text):
        sentence = (
            _("“%(text)s” cannot be read as a date for %(column)s") if text else _("It has no %(column)s")
        )
        raise ValueProblem(sentence % {"text": text[:40], "column": column})
    return read_moment(text)


def _when(moment: Moment, zone: Zone) -> When:
    return When(moment.naive, UTC if moment.is_utc else zone.tz)


def _identity(row: Row) -> str:
    source_id = row.get("source_id", "").strip()
    return f"{row.get('source', '').strip()}:{source_id}" if source_id else ""


def _tell_apart(parsed: Parsed) -> None:
    """Give each event an identity of its own, and leave out what stands in the file twice."""
    kept: dict[tuple[str, datetime, str], ImportedEvent] = {}
    for event in parsed.events:
        key = (event.uid, event.starts_at, event.place)
        if key in kept:
            sentence = _(
                "“%(title)s” stands in the file again with the same start and place; the last was taken."
            )
            parsed.skip(event.uid[:120], sentence % {"title": event.title})
        kept[key] = event
    taken: set[str] = set()
    for event in sorted(kept.values(), key=lambda one: (one.starts_at, one.place)):
        if event.uid in taken:
            event.uid = texts.stored_uid(
                f"{event.uid}#{texts.content_uid(event.starts_at, event.place)[8:24]}"
            )
        taken.add(event.uid)
    parsed.events = list(kept.values())
