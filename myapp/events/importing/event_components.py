"""One VEVENT: what it says, read once, and the event it makes for each of its dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from django.utils.translation import gettext as _

from myapp.events.importing import markup, texts
from myapp.events.importing.components import Component, Property
from myapp.events.importing.encodings import strip_controls
from myapp.events.importing.items import ImportedEvent
from myapp.events.importing.recurrence import Length, Recurring, When, end_of
from myapp.events.importing.recurrence_rules import RuleError
from myapp.events.importing.rule_reading import parse as parse_rule
from myapp.events.importing.timezones import Zone, Zones
from myapp.events.importing.values import (
    Duration,
    Moment,
    ValueProblem,
    read_duration,
    read_moment,
    read_period,
)

FIRST_YEAR, LAST_YEAR = 1900, 2200
LONGEST = timedelta(days=3660)
RULE_TEXT = 4_000

_PRIVATE = ("PRIVATE", "CONFIDENTIAL")


class Unreadable(ValueError):
    """The component cannot be taken; the message says why."""


class Hidden(Unreadable):
    """The component is not for everybody."""


@dataclass(slots=True)
class Reading:
    """A VEVENT with its dates read."""

    component: Component
    where: str
    uid: str
    title: str
    start: When
    length: Length
    zone_name: str
    original: Moment | None
    """Its RECURRENCE-ID; one with a zone has become UTC."""
    and_future: bool
    sequence: int
    cancelled: bool
    recurring: Recurring
    remarks: list[str] = field(default_factory=list)

    @property
    def rule_text(self) -> str:
        """The lines that make it a series, as they were written, for people to look at."""
        names = ("RRULE", "RDATE", "EXDATE", "EXRULE")
        lines = [f"{prop.name}:{prop.value}" for name in names for prop in self.component.all(name)]
        return strip_controls("\n".join(lines))[:RULE_TEXT]


def read_event(component: Component, zones: Zones, campus: Zone, where: str) -> Reading:
    """Return a VEVENT with its dates read; raises :class:`Unreadable` with a sentence."""
    if component.text("CLASS").upper() in _PRIVATE:
        raise Hidden(_("It is marked as private."))
    remarks: list[str] = []
    prop = component.first("DTSTART")
    if prop is None or not prop.value.strip():
        raise Unreadable(_("It has no start."))
    start, zone_name = _when(prop, zones, campus, remarks, all_day=_is_microsoft_day(component))
    if not FIRST_YEAR <= start.wall.year <= LAST_YEAR:
        raise Unreadable(_("The year %(year)d is no year we know of.") % {"year": start.wall.year})
    length = _length(component, start, zones, campus, remarks)
    title = texts.one_line(component.text("SUMMARY"), texts.TITLE)
    if not title:
        title = _("Untitled event")
        remarks.append(_("It has no title."))
    original, and_future = _original(component, zones)
    return Reading(
        component=component,
        where=where,
        uid=component.text("UID") or _content_uid(component),
        title=title,
        start=start,
        length=length,
        zone_name=zone_name,
        original=original,
        and_future=and_future,
        sequence=_sequence(component),
        cancelled=component.text("STATUS").upper() == "CANCELLED",
        recurring=_recurring(component, start, length, zones, remarks),
        remarks=list(dict.fromkeys(remarks)),
    )


def fill(reading: Reading, start: When, length: Length) -> ImportedEvent:
    """Return the event that a reading makes for one date."""
    component = reading.component
    place = texts.one_line(component.text("LOCATION"), texts.PLACE)
    link = texts.address(component.text("URL"))
    description, is_html = _description(component)
    meeting = texts.meeting_address(
        component.text("X-GOOGLE-CONFERENCE"), component.text("CONFERENCE"), place, link, description
    )
    summary = component.first("SUMMARY")
    return ImportedEvent(
        uid=texts.stored_uid(reading.uid),
        title=reading.title,
        starts_at=start.instant,
        ends_at=end_of(start, length),
        all_day=start.all_day,
        timezone=reading.zone_name,
        description=_as_markdown(description, link, is_html=is_html),
        place=place,
        tags=texts.tags([tag for prop in component.all("CATEGORIES") for tag in prop.texts]),
        organizer=_organizer(component),
        url=link or texts.address(place),
        language=texts.language(summary.parameter("LANGUAGE")) if summary else "",
        cancelled=reading.cancelled,
        sequence=reading.sequence,
        online=texts.is_online(place) or (bool(meeting) and not place),
        online_url=meeting,
    )


def _when(
    prop: Property, zones: Zones, campus: Zone, remarks: list[str], *, all_day: bool = False
) -> tuple[When, str]:
    """Return a start or end and the name of its zone; raises :class:`Unreadable`."""
    value, tzid = prop.value.strip(), prop.parameter("TZID")
    if ":" in value and tzid:
        # TZID=(UTC-05:00) Eastern Time:20210325T103500, not quoted: the name went on behind the colon.
        rest, _colon, value = value.rpartition(":")
        tzid = f"{tzid}:{rest}"
    try:
        moment = read_moment(value, as_date=prop.parameter("VALUE").upper() == "DATE")
    except ValueProblem as error:
        raise Unreadable(f"{prop.name}: {error}.") from error
    if moment.is_date or (all_day and moment.naive.time() == time() and not moment.is_utc):
        return When(datetime.combine(moment.naive, time()), campus.tz, all_day=True), campus.name
    if moment.is_utc:
        return When(moment.naive, UTC), "UTC"
    zone = zones.named(tzid) if tzid else zones.default
    if zone.guess:
        remarks.append(zone.guess)
    return When(moment.naive, zone.tz), zone.name


def _is_microsoft_day(component: Component) -> bool:
    return component.text("X-MICROSOFT-CDO-ALLDAYEVENT").upper() == "TRUE"


def _length(component: Component, start: When, zones: Zones, campus: Zone, remarks: list[str]) -> Length:
    """Return how long it takes by DTEND or DURATION; a day for a day that does not say."""
    length: Length = Duration(1, timedelta()) if start.all_day else None
    end, duration = component.first("DTEND"), component.first("DURATION")
    try:
        if end is not None and end.value.strip():
            length = _until_end(start, _when(end, zones, campus, remarks)[0]) or length
        elif duration is not None and duration.value.strip():
            told = _not_negative(read_duration(duration.value))
            length = told if not start.all_day or told.days else length
        _check_end(start, length)
    except (Unreadable, ValueProblem, OverflowError) as error:
        sentence = str(error).rstrip(".") or _("It ends too late")
        remarks.append(_("%(reason)s; it was taken without an end.") % {"reason": sentence})
        return Duration(1, timedelta()) if start.all_day else None
    return length


def _not_negative(length: Duration) -> Duration:
    if length.total < timedelta():
        raise Unreadable(_("DURATION is negative."))
    return length


def _until_end(start: When, end: When) -> Length:
    """Return the time between; nothing when a day ends as it begins, which many producers write for one day."""
    if start.all_day:
        days = (end.wall.date() - start.wall.date()).days + (end.wall.time() != time())
        if days < 0:
            raise Unreadable(_("It ends before it starts."))
        return Duration(days, timedelta()) if days else None
    exact = end.instant - start.instant
    if exact < timedelta():
        raise Unreadable(_("It ends before it starts."))
    return Duration(0, exact)


def _check_end(start: When, length: Length) -> None:
    if length is not None and length.total > LONGEST:
        raise Unreadable(_("It goes on for more than ten years."))
    end_of(start, length)


def _original(component: Component, zones: Zones) -> tuple[Moment | None, bool]:
    """Return the RECURRENCE-ID and whether it means all later dates as well."""
    prop = component.first("RECURRENCE-ID")
    if prop is None or not prop.value.strip():
        return None, False
    try:
        moment = _in_utc(
            read_moment(prop.value, as_date=prop.parameter("VALUE").upper() == "DATE"), prop, zones
        )
        _in_range(moment)
    except (ValueProblem, OverflowError) as error:
        raise Unreadable(f"RECURRENCE-ID: {error}.") from error
    return moment, prop.parameter("RANGE").upper() == "THISANDFUTURE"


def _in_utc(moment: Moment, prop: Property, zones: Zones) -> Moment:
    """Return a moment that names a zone in UTC; a date, or one without a zone, as it is."""
    tzid = prop.parameter("TZID")
    if moment.is_date or moment.is_utc or not tzid:
        return moment
    instant = moment.naive.replace(tzinfo=zones.named(tzid).tz).astimezone(UTC)
    return Moment(instant.replace(tzinfo=None), is_utc=True, day=moment.naive.date())


def _in_range(moment: Moment) -> None:
    if not FIRST_YEAR - 1 <= moment.naive.year <= LAST_YEAR + 1:
        raise ValueProblem(_("the year %(year)d is no year we know of") % {"year": moment.naive.year})


def _recurring(
    component: Component, start: When, length: Length, zones: Zones, remarks: list[str]
) -> Recurring:
    """Return its rules and dates. A rule without meaning costs the rule: what is left is its first date."""
    series = Recurring(start, length, day_tz=zones.home.tz)
    for name, into in (("RRULE", series.rules), ("EXRULE", series.exclusion_rules)):
        for prop in component.all(name):
            if not prop.value.strip():
                continue
            try:
                into.append(parse_rule(prop.value))
            except RuleError as error:
                sentence = (
                    _("Its rule was left out: %(reason)s")
                    if name == "RRULE"
                    else _("An EXRULE was left out: %(reason)s")
                )
                remarks.append(sentence % {"reason": error})
    for prop, text in _listed(component, "RDATE"):
        try:
            series.extra.append(_extra(prop, text, start, zones))
        except (ValueProblem, OverflowError) as error:
            remarks.append(f"RDATE: {error}.")
    for prop, text in _listed(component, "EXDATE"):
        try:
            moment = _in_utc(
                read_moment(text, as_date=prop.parameter("VALUE").upper() == "DATE"), prop, zones
            )
            _in_range(moment)
            series.excluded.append(moment)
        except (ValueProblem, OverflowError) as error:
            remarks.append(f"EXDATE: {error}.")
    return series


def _listed(component: Component, name: str) -> Iterator[tuple[Property, str]]:
    for prop in component.all(name):
        for text in prop.value.split(","):
            if text.strip():
                yield prop, text


def _extra(prop: Property, text: str, start: When, zones: Zones) -> tuple[When, Length]:
    """Return an RDATE on the clock of the series, and its own length when it is a period."""
    length: Length = None
    if "/" in text:
        period = read_period(text)
        moment = _in_utc(period.start, prop, zones)
        if period.duration is not None:
            length = period.duration
        elif period.end is not None:
            end = _in_utc(period.end, prop, zones)
            length = Duration(0, max(end.naive - moment.naive, timedelta()))
    else:
        moment = _in_utc(read_moment(text, as_date=prop.parameter("VALUE").upper() == "DATE"), prop, zones)
    _in_range(moment)
    if start.all_day:
        return When(datetime.combine(moment.naive, time()), start.tz, all_day=True), length
    if moment.is_date:
        return When(datetime.combine(moment.naive, start.wall.time()), start.tz), length
    if moment.is_utc:
        return When(
            moment.naive.replace(tzinfo=UTC).astimezone(start.tz).replace(tzinfo=None), start.tz
        ), length
    return When(moment.naive, start.tz), length


def _sequence(component: Component) -> int:
    text = component.text("SEQUENCE")
    return min(int(text), 2_000_000_000) if text.isdecimal() and len(text) < 12 else 0


def _content_uid(component: Component) -> str:
    """Return an identity for an event without UID: the same words and times, the same identity.

    Made of summary, start, end, place, rule and RECURRENCE-ID, as they are written; whoever changes one of these in
    the feed makes a new event of it.
    """
    names = ("SUMMARY", "DTSTART", "DTEND", "DURATION", "LOCATION", "RRULE")
    return texts.content_uid(*(component.text(name) for name in names))


def _organizer(component: Component) -> str:
    """Return the organiser's name; an e-mail address is not shown to a campus, so it is no name."""
    prop = component.first("ORGANIZER")
    name = texts.one_line(prop.parameter("CN"), texts.TITLE) if prop else ""
    return "" if "@" in name else name


def _as_markdown(description: str, link: str, *, is_html: bool) -> str:
    read = markup.from_html if is_html else markup.from_text
    return read(description, base=link)


def _description(component: Component) -> tuple[str, bool]:
    """Return the description and whether it says of itself that it is HTML."""
    for name in ("STYLED-DESCRIPTION", "X-ALT-DESC"):
        for prop in component.all(name):
            if prop.parameter("FMTTYPE").lower() == "text/html" and prop.text.strip():
                return prop.text, True
    return component.text("DESCRIPTION"), False
