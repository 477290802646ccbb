"""What feeds hold: calendars to subscribe to, and Atom (RFC 4287) for those who read what is announced.

A calendar holds what is to come, the nearest first, and what was on lately, so that a phone which asks once a day does
not see an event vanish on the day after; cancelled events stay in it as cancelled, because a calendar keeps what it is
not told to strike. Whoever needs more than `MOST_IN_CALENDAR` narrows the search that the feed follows.
"""

import datetime as dt
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, gettext as _

from myapp.events.filters import EventFilters, When
from myapp.events.models import Category, Event, EventQuerySet
from myapp.events.times import spoken_period
from myapp.web.addresses import whole_address
from myapp.web.texts import printable

MOST_IN_CALENDAR = 1000
PAST_DAYS = 30
MOST_PAST = 250
MOST_IN_ATOM = 100
# What no feed shows, and what is large: the words as search reads them, the description in its other two forms.
_NOT_IN_CALENDAR = ("search", "description", "description_html", "keywords")
_NOT_IN_ATOM = ("search", "description", "description_text", "keywords")
# An id is for ever (RFC 4151): the year is one in which the host was already ours, and never changes.
_TAG_YEAR = 2026
_BEGINNING = dt.datetime(_TAG_YEAR, 1, 1, tzinfo=dt.UTC)


def calendar_events(upcoming: EventQuerySet, past: EventQuerySet) -> list[Event]:
    """Return what a calendar shows of what is to come and what is over, in order of time: two queries."""
    # By the column that the search walks along; it is `starts_at` of what is upcoming.
    since = timezone.now() - dt.timedelta(days=PAST_DAYS)
    lately = past.filter(ends_at__gt=since).order_by("-starts_at", "-id")[:MOST_PAST]
    parts = (
        part.select_related("building").defer(*_NOT_IN_CALENDAR)
        for part in (upcoming.order_by("listed_from", "id")[:MOST_IN_CALENDAR], lately)
    )
    return sorted((event for part in parts for event in part), key=lambda event: (event.starts_at, event.pk))


def announced_events(upcoming: EventQuerySet) -> list[Event]:
    """Return what an Atom feed shows of what is to come, what was changed last first: one query."""
    newest = upcoming.order_by("-changed_at", "-id")[:MOST_IN_ATOM]
    return list(newest.select_related("building").defer(*_NOT_IN_ATOM))


def feed_name(filters: EventFilters, *names: str) -> str:
    """Return what a feed is called: what was asked for, `names` of organisation and building included, and where."""
    asked = [
        _("“%(words)s”") % {"words": filters.q} if filters.q else "",
        Category(filters.category).label if filters.category else "",
        When(filters.when).label if filters.when else "",
        _("Online") if filters.online else "",
        filters.tag,
        *names,
    ]
    words = " · ".join(str(part) for part in asked if part)
    return f"{words} · {settings.CAMPUS_NAME}" if words else _("What's on at %s") % settings.CAMPUS_NAME


class AtomFeed(Atom1Feed):
    """Django's Atom, with the same bytes for the same events: one without entries does not say that it is new."""

    def latest_post_date(self) -> dt.datetime:
        """Return when anything in it last changed; a fixed moment where there is nothing."""
        return max((item["updateddate"] for item in self.items), default=_BEGINNING)


def atom(events: list[Event], *, name: str, page: str, address: str) -> bytes:
    """Return an Atom feed of events, with the page it is about and its own address; no queries."""
    feed = AtomFeed(
        title=printable(name),
        link=page,
        description="",
        language=get_language(),
        feed_url=address,
        feed_guid=_tag(f"feed{urlsplit(address).path}?{urlsplit(address).query}"),
        author_name=printable(settings.CAMPUS_NAME),
    )
    for event in events:
        feed.add_item(
            title=printable(_title(event)),
            link=whole_address(event.path),
            description=printable(_summary(event)),
            unique_id=_tag(f"event/{event.code}"),
            pubdate=event.published_at or event.created_at,
            updateddate=event.changed_at,
            author_name=printable(event.organisation_name),
            categories=[printable(word) for word in (event.category, *event.tags)],
        )
    return feed.writeString("utf-8").encode()


def _tag(what: str) -> str:
    return f"tag:{urlsplit(settings.SITE_URL).hostname},{_TAG_YEAR}:{what}"


def _title(event: Event) -> str:
    return _("Cancelled: %s") % event.title if event.is_cancelled else event.title


def _summary(event: Event) -> str:
    """Return when and where it is, and what it is about, as HTML."""
    place = f" · {event.place_label}" if event.place_label else ""
    head = format_html("<p><b>{}{}</b></p>", spoken_period(event), place)
    reason = format_html("<p>{}</p>", event.cancel_reason) if event.cancel_reason else ""
    summary = format_html("<p>{}</p>", event.summary) if event.summary else ""
    about = mark_safe(event.description_html) or summary  # noqa: S308 - sanitised when saved
    return f"{head}{reason}{about}"
