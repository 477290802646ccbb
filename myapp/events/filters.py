"""What a list of events is asked for: the one reader of its query string, and the one writer of links to it.

Every list, feed and fragment that can be narrowed reads its address here, so that one question has one address
everywhere: `/events/?q=jazz&when=weekend` and `/events.ics?q=jazz&when=weekend` ask the same.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from django.core.exceptions import BadRequest
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, pgettext_lazy

from myapp.events.models import Category
from myapp.web.query_strings import query_string

LONGEST_WORDS = 200
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")
_CURSOR = re.compile(r"-?[0-9a-f]{1,16}-[0-9a-f]{1,16}(?:-[0-9a-f]{1,8})?")
_YEARS = range(1900, 2200)


class When(TextChoices):
    """Days that have a name."""

    TODAY = "today", gettext_lazy("Today")
    TOMORROW = "tomorrow", gettext_lazy("Tomorrow")
    WEEKEND = "weekend", gettext_lazy("This weekend")
    WEEK = "week", gettext_lazy("This week")
    MONTH = "month", gettext_lazy("This month")


class Order(TextChoices):
    """What comes first."""

    DATE = "date", pgettext_lazy("order", "By date")
    RELEVANCE = "relevance", pgettext_lazy("order", "By relevance")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilters:
    """One question to the list of events; the empty one asks for everything that is to come.

    Equal questions are equal objects and have equal query strings. `organisation` and `building` are slugs that may
    name nothing; `after` is where the page before ended.
    """

    q: str = ""
    when: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    category: str = ""
    organisation: str = ""
    building: str = ""
    online: bool = False
    language: str = ""
    tag: str = ""
    archive: bool = False
    order: str = Order.DATE.value
    after: str = ""

    @classmethod
    def parse(cls, query: QueryDict | Mapping[str, str]) -> Self:
        """Read a query string; names it does not know and empty values count for nothing.

        Raises `BadRequest` with a sentence where a value is none of those that the filter knows.
        """
        given = {name: _clean(query.get(name, "")) for name in READS}
        start, end = _day(given["from"]), _day(given["to"])
        if start and end and end < start:
            start, end = end, start
        return cls(
            q=given["q"][:LONGEST_WORDS].strip(),
            when="" if start or end else _choice(given["when"], When),
            start=start,
            end=end,
            category=_choice(given["category"], Category),
            organisation=given["organisation"][:100],
            building=given["building"][:100],
            online=_switch(given["online"]),
            language=_matching(given["language"], _LANGUAGE),
            tag=given["tag"][:60].strip(),
            archive=_switch(given["archive"]),
            order=_choice(given["order"], Order) if given["q"] and given["order"] else Order.DATE.value,
            after=_matching(given["after"], _CURSOR),
        )

    def query_string(self) -> str:
        """Return the canonical query string without its question mark: equal questions give equal text."""
        values: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                values[_NAMES.get(field.name, field.name)] = "1" if value is True else value
        return query_string(values)

    def link(self) -> str:
        """Return what stands behind a page's path: "?q=jazz", or nothing for the empty question."""
        text = self.query_string()
        return f"?{text}" if text else ""

    def with_(self, **changes: Any) -> Self:
        """Return the same question with some answers changed, from its first page; a named day replaces a range."""
        if changes.get("when"):
            changes |= {"start": None, "end": None}
        elif changes.get("start") or changes.get("end"):
            changes["when"] = ""
        if changes.get("q") == "":
            changes["order"] = Order.DATE.value
        return replace(self, **{"after": "", **changes})

    def without(self, *names: str) -> Self:
        """Return the question without these filters, from its first page."""
        return self.with_(**{field.name: field.default for field in fields(self) if field.name in names})

    @property
    def narrowing(self) -> tuple[str, ...]:
        """The names of the filters that leave something out, the words not counted, a range of days as `start`."""
        names = ("when", "start", "end", "category", "organisation", "building", "online", "language", "tag")
        return tuple(name for name in names if getattr(self, name) and not (name == "end" and self.start))

    @property
    def by_relevance(self) -> bool:
        """Whether what fits best comes first."""
        return bool(self.q) and self.order == Order.RELEVANCE

    def days(self, today: dt.date | None = None) -> tuple[dt.date | None, dt.date | None]:
        """Return the first and the last day asked for, both included; None where a side is open.

        A week ends on Sunday; on a Sunday "this weekend" is what is left of it.
        """
        today = today or timezone.localdate()
        sunday = today + dt.timedelta(days=6 - today.weekday())
        match self.when:
            case When.TODAY:
                return today, today
            case When.TOMORROW:
                return today + dt.timedelta(days=1), today + dt.timedelta(days=1)
            case When.WEEKEND:
                return max(today, sunday - dt.timedelta(days=1)), sunday
            case When.WEEK:
                return today, sunday
            case When.MONTH:
                return today, (today.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(
                    days=1
                )
        return self.start, self.end


# Names in addresses that Python keeps for itself.
_NAMES = {"start": "from", "end": "to"}
# What a page that can be narrowed reads of its address, for `@public_page(reads=READS)`.
READS = tuple(_NAMES.get(field.name, field.name) for field in fields(EventFilters))
# The same without what belongs to pages of a list: what a feed reads.
FEED_READS = tuple(name for name in READS if name not in {"after", "order"})


def _clean(value: str) -> str:
    """Composed Unicode, no control characters, single spaces: the same words typed on two machines are the same."""
    text = unicodedata.normalize("NFC", value)
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in text).split())


def _refuse(value: str) -> BadRequest:
    return BadRequest(_("“%(value)s” is not something this list can be narrowed by.") % {"value": value[:60]})


def _choice(value: str, choices: type[TextChoices]) -> str:
    if value and value not in choices.values:
        raise _refuse(value)
    return value


def _matching(value: str, form: re.Pattern[str]) -> str:
    if value and not form.fullmatch(value):
        raise _refuse(value)
    return value


def _switch(value: str) -> bool:
    if value not in {"", "0", "1"}:
        raise _refuse(value)
    return value == "1"


def _day(value: str) -> dt.date | None:
    """Read an ISO day of a year that calendars know."""
    if not value:
        return None
    try:
        day = dt.date.fromisoformat(value) if _ISO_DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise BadRequest(_("“%(value)s” is no day like 2026-11-30.") % {"value": value[:60]})
    return day
