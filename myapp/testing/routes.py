"""Every address the site answers, for promises about all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import LocalePrefixPattern

from myapp.events.calendar_days import Month, Week
from myapp.events.models import Event, Status
from myapp.notify.links import signer
from myapp.registrations.keys import seats_key_of
from myapp.testing.factories import (
    make_building,
    make_desk,
    make_event,
    make_organisation,
    make_room,
    make_series,
)
from myapp.web.policies import Kind, Policy, policy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from myapp.events.models import Organisation
    from myapp.venues.models import Building, Room


@dataclass(frozen=True)
class Route:
    """One line of a urls.py: its name with namespaces, its pattern without the language's prefix, and its view."""

    name: str
    pattern: str
    view: Callable[..., Any]

    @property
    def policy(self) -> Policy | None:
        """The policy the view states."""
        return policy_of(self.view)

    def __str__(self) -> str:
        return self.name or self.pattern


def every_route(patterns: Iterable[URLPattern | URLResolver] | None = None) -> Iterator[Route]:
    """Yield the routes of the site, or of some patterns, in the order in which they are tried."""
    yield from _routes(get_resolver().url_patterns if patterns is None else patterns, "", "")


def routes_of(kind: Kind) -> list[Route]:
    """Return the routes whose views state this kind."""
    return [route for route in every_route() if route.policy and route.policy.kind is kind]


def _routes(patterns: Iterable[URLPattern | URLResolver], prefix: str, namespace: str) -> Iterator[Route]:
    for entry in patterns:
        here = "" if isinstance(entry.pattern, LocalePrefixPattern) else str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _routes(entry.url_patterns, prefix + here, inner)
        else:
            name = f"{namespace}{entry.name}" if entry.name else ""
            yield Route(name, prefix + here, entry.callback)


@dataclass(frozen=True)
class World:
    """A small campus on which every public page has something to show."""

    event: Event
    organisation: Organisation
    building: Building
    room: Room
    draw: Event


def make_world() -> World:
    """Create the small campus: an event with dates, place and company, and one that is over."""
    building = make_building("Loomis Hall", address="1 Green Lane", latitude="51.5", longitude="-0.1")
    room = make_room("141", building=building)
    organisation = make_organisation("Astronomy Society", description="We *look up*.")
    where = {"organisation": organisation, "room": room, "building": building}
    event = make_event("Dark skies", description="Bring **a coat**.", tags=["stars"], **where)
    make_desk(event)
    make_event("Meteors", tags=["stars"], status=Status.CANCELLED, **where)
    series = make_series("Moon watch", organisation=organisation)
    drawn = series.events.order_by("starts_at")[0]
    make_desk(drawn, mode="lottery", draw_at=drawn.starts_at, seed="seed", seed_hash="hash")
    return World(event, organisation, building, room, drawn)


def _slug_of(what: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"slug": getattr(world, what).slug}


def _code_of_event(world: World) -> dict[str, Any]:
    return {"code": world.event.code}


def _seats_key(world: World) -> dict[str, Any]:
    return {"key": seats_key_of(world.event)}


def _ticket(_world: World) -> dict[str, Any]:
    return {"code": "abcdefghjk"}


def _key(_world: World) -> dict[str, Any]:
    return {"key": "1.0.nobodys"}


# What stands in the addresses of pages, by their names. A page that is new says here how to reach it.
SAMPLES: dict[str, Callable[[World], dict[str, Any]]] = {
    "events:detail": _slug_of("event"),
    "events:panel": _slug_of("event"),
    "events:ics": _slug_of("event"),
    "events:month": lambda world: {"month": Month.parse(f"{world.event.day:%Y-%m}")},
    "events:week": lambda world: {"week": Week.parse(f"{world.event.day:%G-W%V}")},
    "events:organisation": _slug_of("organisation"),
    "events:organisation_ics": _slug_of("organisation"),
    "events:organisation_atom": _slug_of("organisation"),
    "events:building": _slug_of("building"),
    "events:room": _slug_of("room"),
    "checkin:door": _slug_of("event"),
    "checkin:let_through": _slug_of("event"),
    "checkin:undo": _slug_of("event"),
    "checkin:manifest": _slug_of("event"),
    "checkin:places": _slug_of("event"),
    "checkin:from_queue": _slug_of("event"),
    "checkin:release": _slug_of("event"),
    "checkin:board": _slug_of("event"),
    "checkin:board_now": _slug_of("event"),
    "checkin:setup": _slug_of("event"),
    "checkin:add_helper": _slug_of("event"),
    "checkin:code": _slug_of("event"),
    "checkin:code_now": _slug_of("event"),
    "checkin:self": _slug_of("event"),
    "checkin:remove_helper": lambda world: {"slug": world.event.slug, "pk": 1},
    "checkin:states": _slug_of("event"),
    "checkin:scan": _slug_of("event"),
    "checkin:sync": _slug_of("event"),
    "mine:event": _slug_of("event"),
    "mine:place": _slug_of("event"),
    "mine:event_page": _slug_of("event"),
    "mine:event_ics": _slug_of("event"),
    "mine:calendar_ics": lambda _world: {"secret": "none"},
    "notify:remove_device": lambda _world: {"pk": 1},
    "notify:stop": lambda _world: {"token": signer.sign_object(["guest@example.org", "places"])},
    "organise:desk": _slug_of("event"),
    "organise:feedback": _slug_of("event"),
    "organise:pause": _slug_of("event"),
    "registrations:register": _slug_of("event"),
    **{f"registrations:{name}": _ticket for name in ("accept", "answers", "cancel", "change")},
    **{f"registrations:{name}_by_key": _key for name in ("accept", "answers", "cancel", "change", "confirm")},
    "registrations:seats_stream": _code_of_event,
    "registrations:seats_part": _code_of_event,
    "registrations:seats_stream_by_key": _seats_key,
    "registrations:seats_part_by_key": _seats_key,
    "registrations:feedback": lambda _world: {"code": "abcdefghjk"},
    "registrations:feedback_by_key": lambda _world: {"key": "1.0.signature"},
    "registrations:hand_on": lambda _world: {"code": "abcdefghjk"},
    "registrations:hand_on_by_key": lambda _world: {"key": "1.0.none"},
    "registrations:take_over": lambda _world: {"key": "1.none"},
    "registrations:ticket": lambda _world: {"code": "0123456789"},
    "registrations:ticket_ics": lambda _world: {"code": "0123456789"},
    "registrations:ticket_by_key": lambda _world: {"key": "1.0.none"},
    "registrations:ticket_ics_by_key": lambda _world: {"key": "1.0.none"},
    "organise:draw": _slug_of("event"),
    "organise:strikes": _slug_of("event"),
    "proof:log": _slug_of("event"),
    "proof:log_text": _slug_of("event"),
    "proof:draw": _slug_of("draw"),
    "proof:draw_json": _slug_of("draw"),
    "organise:people": _slug_of("event"),
    "organise:people_csv": _slug_of("event"),
    "pages:sitemap_section": lambda world: {"name": f"events-{world.event.day:%Y-%m}-1"},
}


def address_of(route: Route, world: World) -> str:
    """Return an address of the route that shows something of the small campus; KeyError where SAMPLES knows none."""
    if "<" not in route.pattern:
        return reverse(route.name)
    if route.name not in SAMPLES:
        message = f"{route.name} ({route.pattern}) needs an entry in SAMPLES of myapp/testing/routes.py."
        raise KeyError(message)
    return reverse(route.name, kwargs=SAMPLES[route.name](world))
