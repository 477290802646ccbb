"""One look at a desk: who asks, the event, its ticket types, and what the person has there, in one statement.

It is what everybody who is signed in asks for with each page of an event, so it is written by hand (see web/rows.py). What
it yields are the same models that `queries.desk_of` and `queries.latest_registration` yield, with no more of them than is
shown; what is decided is decided elsewhere, under the desk's lock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from myapp.accounts.models import Department, User
from myapp.accounts.signed_in import PERSON
from myapp.events import codes
from myapp.events.models import Event, Organisation
from myapp.registrations import queries
from myapp.registrations.line import IN_LINE, InLine
from myapp.registrations.models import LIVE, Desk, Registration, TicketType
from myapp.web.rows import Columns, prepared, read

_EVENT = Columns(
    Event,
    "event",
    *("code", "slug", "status", "visibility", "starts_at", "ends_at", "organisation", "organisation_name"),
)
_CLUB = Columns(Organisation, "club", "name", "slug")
_DESK = Columns(
    Desk,
    "desk",
    *("way", "url", "mode", "capacity", "taken", "waiting", "is_open", "asks", "cancel_until"),
    *("without_account", "draw_at", "drawn_at"),
)
_REGISTRATION = Columns(
    Registration,
    "registration",
    *("code", "alias", "desk", "ticket_type", "user", "guests", "state", "sentence", "queue_number", "until"),
    "answered_at",
)
_TYPE = Columns(TicketType, "type")
_HOST = Columns(Organisation, "host", "name", "slug")
_DEPARTMENT = Columns(Department, "department")

# A row for each ticket type; one without any where there is no desk.
_LOOK = f"""
SELECT {_TYPE}, {_HOST}, {_DEPARTMENT}, {PERSON}, {_EVENT}, {_CLUB}, {_DESK}, {_REGISTRATION},
    EXISTS (
        SELECT FROM events_membership member
        WHERE member.organisation_id = club.id AND member.user_id = person.id AND member.role = 'organiser'
    ),
    line.position, line.had_places, line.gave_up
FROM accounts_user person
LEFT JOIN (
    events_event event
    JOIN events_organisation club ON club.id = event.organisation_id
    JOIN registrations_desk desk ON desk.event_id = event.id AND desk.way <> 'none'
) ON event.code = %(code)s
LEFT JOIN LATERAL (
    SELECT * FROM registrations_registration mine
    WHERE mine.desk_id = desk.event_id AND mine.user_id = person.id
    ORDER BY mine.state = ANY(%(live)s) DESC, mine.id DESC LIMIT 1
) registration ON true
LEFT JOIN LATERAL ({IN_LINE}) line ON true
LEFT JOIN registrations_tickettype type ON type.desk_id = desk.event_id
LEFT JOIN events_organisation host ON host.id = type.organisation_id
LEFT JOIN accounts_department department ON department.id = type.department_id
WHERE person.id = %(person)s
ORDER BY type.position, type.id
"""  # noqa: S608 - columns alone
_LIVE = [str(state) for state in LIVE]


class Seen(NamedTuple):
    """What a person sees of a desk. `registration` is theirs that is not over, else their last."""

    desk: Desk
    kinds: list[TicketType]
    registration: Registration | None
    is_organiser: bool = False
    in_line: InLine | None = None  # where it has been read; says nothing of a registration that does not wait


def look(slug: str, person: int) -> tuple[User | None, Seen | None]:
    """Return a person, and what they see of the desk of the event whose code ends a slug; None for what there is not.

    One query. The person is whom a session names, and not proved yet; whether they may see the event is asked of
    `events.rules` before anything is shown.
    """
    with prepared() as cursor:
        cursor.execute(_LOOK, {"code": codes.code_of(slug), "person": person, "live": _LIVE})
        rows = cursor.fetchall()
    if not rows:
        return None, None
    user, event, club, desk, registration, is_organiser, *line = read(
        rows[0], _TYPE, _HOST, _DEPARTMENT, PERSON, _EVENT, _CLUB, _DESK, _REGISTRATION
    )[3:]
    if desk is None:
        return user, None
    event.organisation, desk.event = club, event
    kinds = [kind for kind in map(_kind, rows) if kind]
    if registration is not None:
        registration.ticket_type = next(each for each in kinds if each.pk == registration.ticket_type_id)
    return user, Seen(desk, kinds, registration, is_organiser, InLine(*line))


def seen_of(user: User, desk: Desk) -> Seen:
    """Return what a person sees of a desk that has been read with its types; one query."""
    return Seen(desk, list(desk.types.all()), queries.latest_registration(desk, user))


def _kind(row: tuple[Any, ...]) -> TicketType | None:
    kind: TicketType | None
    kind, host, department, *_rest = read(row, _TYPE, _HOST, _DEPARTMENT)
    if host is not None and kind is not None:
        kind.organisation = host
    if department is not None and kind is not None:
        kind.department = department
    return kind
