"""What search engines may find: every page that is for everyone, in parts of 5,000 addresses.

Django's own sitemaps take the site's name from the request or a table, these from SITE_URL; its template takes most of
a second for five thousand addresses, three lines of text take a hundredth. Events are cut by the month in which they begin, so that an old part never changes again and none
is found by counting through a million rows.
"""

import datetime as dt
import re
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncMonth

from myapp.events.calendar_days import Month
from myapp.events.models import Event, Organisation
from myapp.venues.models import Building, Room
from myapp.web.addresses import whole_address

# The protocol (https://www.sitemaps.org/protocol.html) allows ten times as many; these stay quick to make.
LARGEST = 5000
_NAME = re.compile(r"(?P<kind>[a-z]+)(?:-(?P<month>[0-9]{4}-[0-9]{2}))?(?:-(?P<part>[1-9][0-9]{0,3}))?")
_PAGES = (
    "/",
    "/events/",
    "/calendar/",
    "/organisations/",
    "/buildings/",
    "/rooms/",
    "/subscribe/",
    "/about/",
    "/help/",
)

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"

Entry = tuple[str, dt.datetime | None]


class Section(NamedTuple):
    """One part of the sitemap, and when anything in it last changed, where that is known."""

    name: str
    changed_at: dt.datetime | None = None


def index_xml(parts: list[Entry]) -> str:
    """Return the list of the parts; no queries."""
    return _xml("sitemapindex", "sitemap", parts)


def entries_xml(found: list[Entry]) -> str:
    """Return one part; no queries."""
    return _xml("urlset", "url", found)


def _xml(whole: str, part: str, found: list[Entry]) -> str:
    """Return addresses as the protocol writes them."""
    listed = "\n".join(
        f"<{part}><loc>{escape(whole_address(path))}</loc>"
        f"{f'<lastmod>{changed_at:%Y-%m-%dT%H:%M:%SZ}</lastmod>' if changed_at else ''}</{part}>"
        for path, changed_at in found
    )
    return f'{_HEAD}<{whole} xmlns="{_SCHEMA}">\n{listed}\n</{whole}>\n'


def sections(using: str = DEFAULT_DB_ALIAS) -> list[Section]:
    """Return every part that holds anything, as the database of that name knows it; four queries."""
    listed = [Section("pages")]
    for kind, found in (
        ("organisations", _organisations(using)),
        ("buildings", _buildings(using)),
        ("rooms", _rooms(using)),
    ):
        listed += [Section(f"{kind}-{part}") for part in _parts(found.count())]
    months = (
        Event.objects.using(using)
        .public()
        .annotate(month=TruncMonth("day"))
        .values("month")
        .annotate(events=Count("id"), changed_at=Max("changed_at"))
        .order_by("month")
    )
    for month in months:
        name = f"events-{month['month']:%Y-%m}"
        listed += [Section(f"{name}-{part}", month["changed_at"]) for part in _parts(month["events"])]
    return listed


def entries(name: str, using: str = DEFAULT_DB_ALIAS) -> list[Entry]:
    """Return the paths of one part, and when each last changed; none where there is no such part. One query at most."""
    match = _NAME.fullmatch(name)
    if match is None:
        return []
    kind, month, part = match["kind"], match["month"], int(match["part"] or 0)
    if kind == "pages" and not month and not part:
        return [(path, None) for path in _PAGES]
    if kind == "events" and month and part:
        return _events(month, part, using)
    lists = {"organisations": _organisations, "buildings": _buildings, "rooms": _rooms}
    if kind not in lists or month or not part:
        return []
    slugs = _slice(lists[kind](using).values_list("slug", flat=True), part)
    return [(f"/{kind}/{slug}/", None) for slug in slugs]


def _events(month: str, part: int, using: str) -> list[Entry]:
    """Return the public events that begin in a month of the campus."""
    try:
        days = Month.parse(month)
    except ValueError:
        return []
    events = Event.objects.using(using).public()
    starting = events.filter(starts_at__gte=days.starts_at, starts_at__lt=days.ends_at)
    found = _slice(starting.by_date().values_list("slug", "changed_at"), part)
    return [(f"/events/{slug}/", changed_at) for slug, changed_at in found]


def _organisations(using: str) -> QuerySet[Organisation]:
    return Organisation.objects.using(using).filter(is_active=True).order_by("id")


def _buildings(using: str) -> QuerySet[Building]:
    return Building.objects.using(using).order_by("id")


def _rooms(using: str) -> QuerySet[Room]:
    return Room.objects.using(using).order_by("id")


def _parts(number: int) -> range:
    """Return the numbers of the parts that so many addresses need, from 1."""
    return range(1, -(-number // LARGEST) + 1)


def _slice(found: QuerySet[Any, Any], part: int) -> QuerySet[Any, Any]:
    return found[(part - 1) * LARGEST : part * LARGEST]
