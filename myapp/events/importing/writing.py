"""What was read, into the database: one transaction for a file, so that it is imported whole or not at all.

The feed is right about what an event says: a change made here by hand to a title or a time is undone by the next import.
People are right about what becomes of it: an event that was withdrawn here, or cancelled here by a person, stays so.

``mirror`` cancels what the feed no longer tells of, and only where the feed would: not dates of a series outside the
horizon, and not what lies before everything the feed still tells, since most feeds let go of the past.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events import vocabulary
from myapp.events.errors import NotAllowed
from myapp.events.importing.categories import category_of
from myapp.events.importing.items import ImportedEvent, Parsed, Remark, Skipped
from myapp.events.importing.organisers import named, organisations_named
from myapp.events.importing.places import Places
from myapp.events.importing.recurrence import Window
from myapp.events.importing.texts import PLACE, TITLE, one_line
from myapp.events.models import (
    DERIVED_FIELDS,
    Event,
    Organisation,
    Series,
    Source,
    Status,
    Visibility,
)
from myapp.events.showing import MOST_EVENTS, pages_showing_events
from myapp.events.signals import Change, events_changed
from myapp.web.page_store import forget_public_pages
from myapp.web.refresh import refresh_pages

_BATCH = 500
# What an import says of an event, and what is compared to find out whether it says anything new.
_TOLD = (
    *(
        "title",
        "description",
        "starts_at",
        "ends_at",
        "all_day",
        "timezone",
        "place",
        "tags",
        "url",
        "language",
    ),
    *("online", "online_url", "category", "status", "cancel_reason"),
    *("organisation_id", "room_id", "building_id", "series_id"),
)
_UPDATED = [
    *(name.removesuffix("_id") for name in _TOLD if name != "building_id"),
    *("published_at", "cancelled_at"),
    *DERIVED_FIELDS,
]


@dataclass(slots=True)
class Report:
    """What an import did, or with ``dry_run`` would have done."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    cancelled: int = 0
    organisations: int = 0
    """Organisations that had to be made."""
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many events of the file there are now."""
        return self.created + self.updated + self.unchanged


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a file is imported."""

    source_key: str
    source_name: str
    window: Window
    organisation: Organisation | None = None
    """Whose events they all are; otherwise as the file says, or as the source is called."""
    mirror: bool = False
    dry_run: bool = False


@transaction.atomic
def import_events(parsed: Parsed, terms: Terms, *, acting_user: User | None) -> Report:
    """Write what was read. ``acting_user`` is nobody when an operator runs a command.

    About ten queries, and one more for every 500 events made or changed. Two imports of one source take turns. Raises
    `NotAllowed`, and whatever the database raises, in which case nothing was imported.
    """
    if acting_user is not None and not acting_user.is_staff:
        raise NotAllowed(_("Only campus staff may import events."))
    report = Report(skipped=list(parsed.skipped), remarks=list(parsed.remarks))
    source = _source(terms)
    writer = _Writer(source, terms, report, parsed.calendar_name)
    writer.write(parsed.events)
    if terms.mirror:
        writer.cancel_vanished(parsed)
    writer.finish()
    if terms.dry_run:
        transaction.set_rollback(True)
    return report


def _source(terms: Terms) -> Source:
    """Return the source, its row held until the transaction ends."""
    Source.objects.get_or_create(key=terms.source_key, defaults={"name": terms.source_name[:200]})
    return Source.objects.select_for_update().get(key=terms.source_key)


class _Writer:
    """One import under way."""

    def __init__(self, source: Source, terms: Terms, report: Report, calendar_name: str) -> None:
        self._source, self._terms, self._report = source, terms, report
        self._calendar_name = calendar_name
        self._now = timezone.now()
        self._changed: list[int] = []
        self._changes: list[Change] = []
        # Held to the end: what somebody withdraws while a long file is being written must not come back with it.
        known = (
            Event.objects.filter(source=source)
            .select_related("organisation", "room__building", "building")
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        self._known = {
            (event.uid, event.recurrence_id): event
            for event in known.defer("search", "description_html", "description_text")
        }
        self._reasons = {
            "said": _("The calendar it comes from says so."),
            "gone": _("It is no longer in the calendar it came from."),
        }

    def write(self, imported: list[ImportedEvent]) -> None:
        """Make and change events."""
        organisations = self._organisations(imported)
        series = self._series(imported, organisations)
        places = Places()
        made: list[Event] = []
        changed: list[Event] = []
        for one in imported:
            event = self._known.get(one.key)
            organisation = self._organisation_of(one, organisations)
            told = self._told(one, organisation, series, places)
            if event is None:
                event = Event(
                    source=self._source, uid=one.uid, recurrence_id=one.recurrence_id, sequence=one.sequence
                )
                event.visibility = Visibility.EVERYONE
                self._tell(event, told)
                made.append(event)
            elif event.status == Status.WITHDRAWN:
                self._report.skipped.append(
                    Skipped(one.uid[:120], _("“%(title)s” was withdrawn here.") % {"title": event.title})
                )
            elif self._keeps(event, told):
                self._report.unchanged += 1
            else:
                self._changes.append(Change(event, copy(event)))
                self._tell(event, told)
                event.sequence = max(event.sequence, one.sequence)
                changed.append(event)
        self._save(made, changed)
        self._report.created += len(made)
        self._report.updated += len(changed)

    def cancel_vanished(self, parsed: Parsed) -> None:
        """Cancel what the feed no longer tells of."""
        if parsed.truncated or not parsed.events:
            sentence = _(
                "Nothing was cancelled: the file is empty or breaks off, so what is missing may still take place."
            )
            self._report.remarks.append(Remark(self._terms.source_name, sentence))
            return
        present = {one.key for one in parsed.events}
        earliest = min(one.starts_at for one in parsed.events)
        gone = [
            event
            for key, event in self._known.items()
            if key not in present
            and event.uid not in parsed.unread
            and event.status == Status.PUBLISHED
            and self._would_be_told(event, earliest)
        ]
        for event in gone:
            self._changes.append(Change(event, copy(event)))
            event.status, event.cancel_reason = Status.CANCELLED, self._reasons["gone"]
            event.cancelled_at = self._now
            event.prepare()
        self._save([], gone)
        self._report.cancelled = len(gone)

    def finish(self) -> None:
        """Say what has changed to the rooms above, let search learn the new words and shared pages be made anew."""
        self._source.imported_at = self._now
        self._source.save(update_fields=["imported_at"])
        if self._changes:
            events_changed.send(Event, changes=self._changes)
        if self._changed:
            vocabulary.learn(self._changed)
            # Those that are off first, and then the nearest: the rest is as it should be within a minute and a half.
            told = Event.objects.filter(pk__in=self._changed).order_by("status", "starts_at")
            refresh_pages(pages_showing_events(told[:MOST_EVENTS]))
        if self._changed or self._report.organisations:
            forget_public_pages()

    def _would_be_told(self, event: Event, earliest: datetime) -> bool:
        """Whether the feed would tell of the event if it still took place."""
        if event.recurrence_id is not None:
            return self._terms.window.holds(event.recurrence_id)
        return event.starts_at >= earliest or event.ends_at > self._now

    def _organisations(self, imported: list[ImportedEvent]) -> dict[str, Organisation]:
        if self._terms.organisation is not None:
            return {}
        names = {self._name_of(one) for one in imported}
        organisations, made = organisations_named(names, source_key=self._source.key)
        self._report.organisations = made
        return organisations

    def _name_of(self, one: ImportedEvent) -> str:
        """Whose event it is: a calendar's own name before its events' organisers, who are people."""
        return named(self._calendar_name or one.organizer or self._terms.source_name) or _("Imported events")

    def _organisation_of(self, one: ImportedEvent, organisations: dict[str, Organisation]) -> Organisation:
        return self._terms.organisation or organisations[self._name_of(one).lower()]

    def _series(
        self, imported: list[ImportedEvent], organisations: dict[str, Organisation]
    ) -> dict[str, Series]:
        """Return the series of the file by UID, made or brought up to date."""
        known = {series.uid: series for series in Series.objects.filter(source=self._source)}
        told = {one.series.uid: one for one in imported if one.series is not None}
        made, changed = [], []
        for uid, one in told.items():
            if one.series is None:
                continue
            values = {
                "organisation": self._organisation_of(one, organisations),
                "title": one.series.title,
                "rule": one.series.rule,
                "timezone": one.series.timezone,
                "horizon": timezone.localdate(self._terms.window.last),
            }
            series = known.get(uid)
            if series is None:
                made.append(Series(source=self._source, uid=uid, **values))
            elif any(getattr(series, name) != value for name, value in values.items()):
                for name, value in values.items():
                    setattr(series, name, value)
                changed.append(series)
        Series.objects.bulk_create(made, batch_size=_BATCH)
        if changed:
            Series.objects.bulk_update(
                changed, ["organisation", "title", "rule", "timezone", "horizon"], batch_size=_BATCH
            )
        return known | {series.uid: series for series in made}

    def _told(
        self, one: ImportedEvent, organisation: Organisation, series: dict[str, Series], places: Places
    ) -> dict[str, Any]:
        """Return what the feed says of an event, as our fields."""
        room, building = places.find(one.place, one.room)
        place = one.place
        if room is None and one.room:
            place = one_line(f"{one.room}, {one.place}" if one.place else one.room, PLACE)
        status = Status.CANCELLED if one.cancelled else Status.PUBLISHED
        return {
            "title": one.title[:TITLE],
            "description": one.description,
            "starts_at": one.starts_at,
            # Nobody said when it ends: it is listed as a moment.
            "ends_at": max(one.ends_at or one.starts_at, one.starts_at),
            "all_day": one.all_day,
            "timezone": one.timezone[:60],
            "place": place,
            "tags": one.tags,
            "url": one.url,
            "language": one.language[:12],
            "online": one.online,
            "online_url": one.online_url,
            "category": category_of(one.tags, one.title),
            "status": status,
            "cancel_reason": self._reasons["said"] if one.cancelled else "",
            "organisation": organisation,
            "room": room,
            "building": building,
            "series": series.get(one.series.uid) if one.series else None,
        }

    def _keeps(self, event: Event, told: dict[str, Any]) -> bool:
        """Whether nothing changes; puts into ``told`` what people here decided."""
        decided = event.status == Status.CANCELLED and event.cancel_reason not in self._reasons.values()
        if event.status == Status.DRAFT or decided:
            told["status"], told["cancel_reason"] = event.status, event.cancel_reason
        return all(_same(event, name, told) for name in _TOLD)

    def _tell(self, event: Event, told: dict[str, Any]) -> None:
        for name, value in told.items():
            setattr(event, name, value)
        if event.status == Status.CANCELLED:
            event.cancelled_at = event.cancelled_at or self._now
        else:
            event.cancelled_at = None
        if event.status != Status.DRAFT:
            event.published_at = event.published_at or self._now
        event.prepare()

    def _save(self, made: list[Event], changed: list[Event]) -> None:
        Event.objects.bulk_create(made, batch_size=_BATCH)
        for start in range(0, len(changed), _BATCH):
            Event.objects.bulk_update(changed[start : start + _BATCH], _UPDATED)
        self._changed.extend(event.pk for event in (*made, *changed))


def _same(event: Event, name: str, told: dict[str, Any]) -> bool:
    if not name.endswith("_id"):
        return bool(getattr(event, name) == told[name])
    value = told[name.removesuffix("_id")]
    return bool(getattr(event, name) == (value.pk if value is not None else None))
