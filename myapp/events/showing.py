"""Which public pages show what: told to the cache in front when it changes, so that it fetches them anew.

Left out is what there is no end of (searches, narrowed calendars, other weeks of a room) and what names an event in passing
(events that are like it, the numbers beside organisations). All of that is as it was for a minute at most, and for half a
minute more to whoever asks while Nginx fetches it anew; the sitemap for five minutes.
"""

from collections.abc import Iterable, Iterator

from myapp.events.models import Event, Organisation
from myapp.venues.models import Building, Room

# Lists and feeds on which any event to come may stand
LISTS = ("/", "/events/", "/_part/events/", "/events.ics", "/events.atom", "/calendar/")
# A feed that brings more than this many changes has those pages made anew that most people look at.
MOST_EVENTS = 100


def pages_of_event(event: Event) -> Iterator[str]:
    """Yield the pages of an event alone: its page, its panel and its calendar file. No queries."""
    yield event.path
    yield f"/_part{event.path}"
    yield f"{event.path.rstrip('/')}.ics"


def pages_showing_event(event: Event) -> Iterator[str]:
    """Yield the pages on which an event stands, lists among them; a query for what of its place is not loaded."""
    yield from pages_of_event(event)
    yield from LISTS
    yield f"/calendar/{event.day:%Y-%m}/"
    yield f"/calendar/{event.day:%G-W%V}/"
    yield from pages_of_organisation(event.organisation)
    for place in (event.room, event.building):
        if place is not None:
            yield place.path


def pages_showing_events(events: Iterable[Event]) -> Iterator[str]:
    """Yield the lists, and the pages of the first of many events."""
    yield from LISTS
    for number, event in enumerate(events):
        if number == MOST_EVENTS:
            return
        yield from pages_of_event(event)


def pages_of_organisation(organisation: Organisation) -> Iterator[str]:
    """Yield an organisation's page and its feeds. No queries."""
    without_slash = organisation.path.rstrip("/")
    yield organisation.path
    yield f"{without_slash}.ics"
    yield f"{without_slash}.atom"


def pages_showing(thing: object) -> Iterator[str]:
    """Yield the pages of an organisation, a room or a building, and the lists that name it; nothing for what has no page."""
    if isinstance(thing, Organisation):
        yield from pages_of_organisation(thing)
        yield "/organisations/"
    elif isinstance(thing, Building):
        yield from (thing.path, "/buildings/")
    elif isinstance(thing, Room):
        yield from (thing.path, thing.building.path, "/rooms/")
    yield from LISTS
