"""Rows with sensible defaults: each function takes what matters to the test and makes the rest up.

Names are numbered, so that two rows never collide; whatever is passed wins. Everything is saved through the model's
own `save`, so that derived fields are as in life.
"""

import datetime as dt
from itertools import count
from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from myapp.accounts.models import User
from myapp.events.models import (
    Category,
    Event,
    Membership,
    Organisation,
    Role,
    Series,
    Source,
    Status,
    Visibility,
)
from myapp.registrations.actions import register
from myapp.registrations.models import Audience, Desk, Registration, TicketType
from myapp.testing.people import Person, make_account
from myapp.venues.models import Building, Room, RoomKind

_numbers = count(1)


def make_person(name: str = "", **fields: Any) -> User:
    """Create somebody outside the cast, with a verified address; two queries."""
    number = next(_numbers)
    username = fields.pop("username", f"person{number}")
    return make_account(Person(username, name or f"Person {number}", "somebody"), **fields)


def make_organisation(
    name: str = "", *, organiser: User | None = None, member: User | None = None, **fields: Any
) -> Organisation:
    """Create an organisation; `organiser` and `member` join it."""
    name = name or f"Kite Club {next(_numbers)}"
    organisation = Organisation.objects.create(**{"name": name, "slug": slugify(name), **fields})
    if organiser is not None:
        join(organisation, organiser, Role.ORGANISER)
    if member is not None:
        join(organisation, member)
    return organisation


def join(organisation: Organisation, user: User, role: Role = Role.MEMBER) -> Membership:
    """Make somebody a member or an organiser; one query."""
    return Membership.objects.create(organisation=organisation, user=user, role=role)


def make_building(name: str = "", **fields: Any) -> Building:
    """Create a building."""
    name = name or f"Hartley Building {next(_numbers)}"
    return Building.objects.create(**{"name": name, "slug": slugify(name), **fields})


def make_room(name: str = "", *, building: Building | None = None, **fields: Any) -> Room:
    """Create a room for thirty, in a building of its own unless one is given."""
    building = building or make_building()
    name = name or str(100 + next(_numbers))
    label = fields.pop("label", f"{building.name} {name}")
    defaults = {"slug": slugify(label), "kind": RoomKind.SEMINAR, "capacity": 30}
    return Room.objects.create(building=building, name=name, label=label, **(defaults | fields))


def make_source(key: str = "", **fields: Any) -> Source:
    """Create a feed that events come from."""
    return Source.objects.create(key=key or f"https://feeds.example.org/{next(_numbers)}.ics", **fields)


def local(text: str) -> dt.datetime:
    """Return the moment that a clock on the campus shows as `2026-11-20 18:00`."""
    return timezone.make_aware(dt.datetime.fromisoformat(text))


def tomorrow(hour: int = 18, minute: int = 0) -> dt.datetime:
    """Return that hour of tomorrow on the campus: always to come, never far."""
    day = timezone.localdate() + dt.timedelta(days=1)
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour, minute)))


def new_event(title: str = "", *, lasts: dt.timedelta | None = None, **fields: Any) -> Event:
    """Return an event that is not saved; see `make_event` for what it holds."""
    starts_at = fields.pop("starts_at", None) or tomorrow()
    organisation = fields.pop("organisation", None) or make_organisation()
    defaults: dict[str, Any] = {
        "ends_at": starts_at + (lasts or dt.timedelta(minutes=90)),
        "category": Category.TALK,
        "status": Status.PUBLISHED,
        "visibility": Visibility.EVERYONE,
    }
    values = defaults | fields
    if values["status"] != Status.DRAFT:
        values.setdefault("published_at", timezone.now())
    if values["status"] == Status.CANCELLED:
        values.setdefault("cancelled_at", timezone.now())
    return Event(
        title=title or f"An evening with kites {next(_numbers)}",
        organisation=organisation,
        starts_at=starts_at,
        **values,
    )


def make_event(title: str = "", **fields: Any) -> Event:
    """Create an event: a published talk for everyone, tomorrow at six for ninety minutes (`lasts=`).

    An organisation is made where none is given. One insert, and two for the organisation.
    """
    event = new_event(title, **fields)
    event.save()
    return event


def make_events(number: int, **fields: Any) -> list[Event]:
    """Create that many events, an hour apart, of one organisation unless told otherwise."""
    fields.setdefault("organisation", None)
    fields["organisation"] = fields["organisation"] or make_organisation()
    first = fields.pop("starts_at", None) or tomorrow(8)
    return [make_event(starts_at=first + dt.timedelta(hours=step), **fields) for step in range(number)]


def make_series(title: str = "", *, events: int = 3, **fields: Any) -> Series:
    """Create a weekly series and stamp its events, the first one tomorrow at six (or at `starts_at=`)."""
    starts_at = timezone.localtime(
        fields.pop("starts_at", None) or tomorrow()
    )  # weeks pass on the campus's clock
    organisation = fields.pop("organisation", None) or make_organisation()
    title = title or f"Kite repair night {next(_numbers)}"
    series = Series.objects.create(
        organisation=organisation,
        title=title,
        rule=f"RRULE:FREQ=WEEKLY;COUNT={events}",
        timezone=timezone.get_default_timezone_name(),
    )
    for week in range(events):
        make_event(
            title,
            organisation=organisation,
            series=series,
            starts_at=starts_at + dt.timedelta(weeks=week),
            **fields,
        )
    return series


def make_desk(event: Event | None = None, *, types: int = 1, **fields: Any) -> Desk:
    """Open a desk with two places and ticket types for the campus, at an event of its own unless one is given."""
    desk = Desk.objects.create(**{"event": event or make_event(), "capacity": 2, **fields})
    for number in range(types):
        make_ticket_type(desk, position=number)
    return desk


def make_ticket_type(desk: Desk, name: str = "", **fields: Any) -> TicketType:
    """Add a ticket type for the campus, with as many places as the desk has."""
    name = name or f"Ticket {next(_numbers)}"
    return TicketType.objects.create(**{"desk": desk, "name": name, "audience": Audience.CAMPUS, **fields})


def make_registration(ticket_type: TicketType, user: User | None = None, **given: Any) -> Registration:
    """Register somebody, by the action: a fresh person unless one is given."""
    return register(ticket_type, acting_user=user or make_person(), **given)
