"""Places: the counters and the rows that they count, changed together and only here.

`take` is the way most places go: one statement that checks, counts and writes, so that a rush spends one round trip under
the lock of the event's row; `join` is the same for the queue of an event that is full. They do nothing where anything is
unusual (a queue of one ticket type, a draw, an approval, guests); `settle`,
under the lock of the desk, can do everything. Both check for themselves that there is room; behind them stand constraints
of the database.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from myapp.events.codes import new_code
from myapp.notify import outbox
from myapp.registrations import messages, strikes
from myapp.registrations.models import WITH_PLACE, Because, Desk, Registration, State, TicketType
from myapp.registrations.models.registrations import new_alias
from myapp.web.rows import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from myapp.accounts.models import User

HOLD = dt.timedelta(minutes=10)
_NO_PLACE = "EM001"  # raised by registrations_take_back()

# The guard of the first promise. `tests/test_rush.py` shows what happens without it.
ROOM_AT_DESK = "(desk.capacity IS NULL OR desk.taken < desk.capacity)"
ROOM_OF_TYPE = "(type.capacity IS NULL OR type.taken < type.capacity)"

# Desk, then type, then registration: the order in which everybody locks. What is unusual matches no row.
_USUAL = """
    event.code = %(event)s AND desk.event_id = event.id AND type.id = %(type)s AND type.desk_id = event.id
    AND desk.way = 'here' AND desk.mode = 'first_come' AND desk.is_open
    AND event.status = 'published' AND event.visibility <> 'members'
    AND type.audience IN ('everyone', 'campus') AND type.years = '{}' AND NOT type.needs_approval
    AND (type.opens_at IS NULL OR type.opens_at <= %(now)s)
    AND least(coalesce(type.closes_at, event.starts_at), event.ends_at) > %(now)s
    AND NOT EXISTS (
        SELECT FROM registrations_registration other
        WHERE other.desk_id = desk.event_id AND other.user_id = %(user)s AND other.state = ANY(%(live)s)
    )
"""

# The type is looked at twice: as it was when the statement began, which spares the desk's row, and as it is once the desk is
# ours.
_TAKE = """
WITH counted AS (
    UPDATE registrations_desk desk SET taken = desk.taken + 1
    FROM events_event event, registrations_tickettype type
    WHERE {usual} AND {room_at_desk} AND desk.waiting = 0 AND {room_of_type} AND type.waiting = 0
        AND (NOT desk.strikes OR event.starts_at <= %(last_minute)s OR (
            SELECT count(*) FROM registrations_strike strike
            WHERE strike.user_id = %(user)s AND strike.lifted_at IS NULL AND strike.expires_at > %(now)s
        ) < %(many)s)
    RETURNING desk.event_id, desk.asks
), counted_type AS (
    UPDATE registrations_tickettype type SET taken = type.taken + 1
    FROM counted
    WHERE type.id = %(type)s AND {room_of_type}
    RETURNING type.id, counted.event_id, CASE WHEN counted.asks THEN 'held' ELSE 'confirmed' END AS state,
        CASE WHEN counted.asks THEN %(until)s END AS until, NULL::bigint AS queue_number
)"""

# Where the event has no place left everybody waits, whatever their type has: that is seen on the desk's own row.
_JOIN = """
WITH counted AS (
    UPDATE registrations_desk desk SET waiting = desk.waiting + 1, last_in_queue = desk.last_in_queue + 1
    FROM events_event event, registrations_tickettype type
    WHERE {usual} AND desk.taken >= desk.capacity
    RETURNING desk.event_id, desk.last_in_queue
), counted_type AS (
    UPDATE registrations_tickettype type SET waiting = type.waiting + 1
    FROM counted
    WHERE type.id = %(type)s
    RETURNING type.id, counted.event_id, 'waiting' AS state, NULL::timestamptz AS until,
        counted.last_in_queue AS queue_number
)"""

_WRITE = """, made AS (
    INSERT INTO registrations_registration
        (code, alias, desk_id, ticket_type_id, user_id, name, state, because, until, queue_number, revision)
    SELECT %(code)s, %(alias)s, event_id, id, %(user)s, %(name)s, state, %(because)s, until, queue_number, 1
    FROM counted_type
    ON CONFLICT DO NOTHING
    RETURNING id, state, revision
), told AS (
    INSERT INTO notify_message (kind, user_id, about, cause)
    SELECT %(kind)s, %(user)s, jsonb_build_object('registration', id, 'revision', revision),
        concat('registration:', id, ':', revision)
    FROM made WHERE state <> 'held'
)
SELECT CASE WHEN made.id IS NULL THEN registrations_take_back() ELSE made.id END
FROM counted LEFT JOIN made ON true
"""


def take(event_code: str, ticket_type: int, user: User) -> str | None:
    """Take a place for a person in one statement, and return the registration's code; None where there is more to say.

    It is held for ten minutes where the desk asks questions, confirmed where not; the statement also puts the confirmation
    into the outbox. The person has signed in; that the ticket type is for them is checked for types that are for everyone
    or for the campus, no other matches. One query.
    """
    statement = _TAKE.format(usual=_USUAL, room_at_desk=ROOM_AT_DESK, room_of_type=ROOM_OF_TYPE)
    return _written(
        statement, event_code, ticket_type, user, because=Because.WAS_FREE, kind=messages.CONFIRMED
    )


def join(event_code: str, ticket_type: int, user: User) -> str | None:
    """Put a person at the end of the queue of an event that has no place left, as `take` would; one query.

    Returns the registration's code; None where there is more to say, or a place.
    """
    statement = _JOIN.format(usual=_USUAL)
    return _written(statement, event_code, ticket_type, user, because=Because.WAS_FULL, kind=messages.WAITING)


def _written(
    statement: str, event_code: str, ticket_type: int, user: User, *, because: Because, kind: str
) -> str | None:
    """Run one of the two statements, and return the code of the registration it has written."""
    code, now = new_code(), timezone.now()
    given: dict[str, Any] = {
        "event": event_code,
        "type": ticket_type,
        "user": user.pk,
        "name": user.get_full_name()[:150],
        "code": code,
        "alias": new_alias(),
        "now": now,
        "until": now + HOLD,
        "last_minute": now + strikes.LAST_MINUTE,
        "many": strikes.MANY,
        "live": _LIVE,
        "because": str(because),
        "kind": kind,
    }
    try:
        # A savepoint inside a transaction; on its own a single statement needs none.
        with (
            transaction.atomic() if connection.in_atomic_block else nullcontext(),
            prepared() as cursor,
        ):
            cursor.execute(statement + _WRITE, given)
            if cursor.fetchone() is None:
                return None
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") == _NO_PLACE:
            return None
        raise
    outbox.nudge()
    return code


def locked_desk(pk: int) -> Desk:
    """Return the desk as it is now, with its event; its row is held until the transaction ends. One query.

    Held against everybody who counts or decides, and not against rows that only refer to it: no scan waits for it.
    """
    held = Desk.objects.select_for_update(of=("self",), no_key=True)
    return held.select_related("event__organisation").get(pk=pk)


def has_room(desk: Desk, ticket_type: TicketType, places: int = 1) -> bool:
    """Whether so many more places of a type can be taken. No queries: both were read under the desk's lock."""
    return all(free is None or free >= places for free in (desk.free, ticket_type.free))


def settle(
    registration: Registration,
    desk: Desk,
    state: State,
    *,
    because: Because,
    ticket_type: TicketType | None = None,
    guests: Sequence[str] | None = None,
    until: dt.datetime | None = None,
) -> Registration:
    """Put a registration into a state, its places and its turn in the queue counted; saves whatever else was set on it.

    The desk is locked, and `registration` was read or made under that lock. Who joins a line, or changes to that of
    another ticket type, gets the next number; who leaves it keeps theirs, as the trace of how they came. The person is told
    in the same transaction. Raises `NoRoom`. Four queries, five where the ticket type changes.
    """
    before = State(registration.state) if registration.pk else None
    before_type = registration.ticket_type_id if registration.pk else 0
    after_type = ticket_type.pk if ticket_type else registration.ticket_type_id
    before_taken, before_waiting = _counted(registration) if registration.pk else (0, 0)
    if guests is not None:
        registration.guests = list(guests)
    if ticket_type is not None:
        registration.ticket_type = ticket_type
    if state == State.WAITING and (before_type != after_type or registration.state != State.WAITING):
        desk.last_in_queue += 1
        registration.queue_number = desk.last_in_queue
    registration.state, registration.because, registration.until = state, because, until
    after_taken, after_waiting = _counted(registration)

    _count_desk(desk, after_taken - before_taken, after_waiting - before_waiting)
    if before_type in {0, after_type}:
        _count_type(after_type, after_taken - before_taken, after_waiting - before_waiting)
    else:
        _count_type(before_type, -before_taken, -before_waiting)
        _count_type(after_type, after_taken, after_waiting)
    registration.revision += 1
    registration.changed_at = timezone.now()
    registration.save()
    messages.told(registration, before)
    return registration


class Decided(NamedTuple):
    """What is to become of a registration that keeps its ticket type and guests."""

    registration: Registration
    state: State
    because: Because
    until: dt.datetime | None = None


def settle_all(decided: Sequence[Decided], desk: Desk) -> None:
    """Put many registrations into states, as `settle` would one after the other, with the log in their order.

    What it says of the lock holds. Raises `NoRoom`. One query for the desk, one for each ticket type, one for the
    registrations, which are sent together and written one by one, and one for each thousand messages.
    """
    before = [State(each.registration.state) for each in decided]
    taken, waiting = Counter[int](), Counter[int]()
    now = timezone.now()
    for registration, state, because, until in decided:
        kind = registration.ticket_type_id
        before_taken, before_waiting = _counted(registration)
        if state == State.WAITING and registration.state != State.WAITING:
            desk.last_in_queue += 1
            registration.queue_number = desk.last_in_queue
        registration.state, registration.because, registration.until = state, because, until
        registration.revision += 1
        registration.changed_at = now
        after_taken, after_waiting = _counted(registration)
        taken[kind] += after_taken - before_taken
        waiting[kind] += after_waiting - before_waiting

    _count_desk(desk, taken.total(), waiting.total())
    for kind in sorted(taken):
        _count_type(kind, taken[kind], waiting[kind])
    _write_all([each.registration for each in decided])
    messages.told_all(zip((each.registration for each in decided), before, strict=True))


def _write_all(registrations: Sequence[Registration]) -> None:
    """Write what `settle_all` has changed. The log is written by a trigger: a row in its turn, which one UPDATE of all rows
    would not promise; psycopg sends them without waiting for each.
    """
    rows = [
        (each.state, each.because, each.until, each.queue_number, each.revision, each.changed_at, each.pk)
        for each in registrations
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE registrations_registration SET state = %s, because = %s, until = %s, queue_number = %s,"
            " revision = %s, changed_at = %s WHERE id = %s",
            rows,
        )


class NoRoom(Exception):
    """More places would be taken than there are. Whoever asked had to see that there is room first."""


def _counted(registration: Registration) -> tuple[int, int]:
    """How many places and how many turns in the queue it stands for."""
    taken = 1 + len(registration.guests) if registration.state in WITH_PLACE else 0
    return taken, int(registration.state == State.WAITING)


def _count_desk(desk: Desk, taken: int, waiting: int) -> None:
    room = Q() if taken <= 0 else Q(capacity=None) | Q(capacity__gte=F("taken") + taken)
    if not Desk.objects.filter(room, pk=desk.pk).update(
        taken=F("taken") + taken, waiting=F("waiting") + waiting, last_in_queue=desk.last_in_queue
    ):
        raise NoRoom
    desk.taken += taken
    desk.waiting += waiting


def _count_type(pk: int, taken: int, waiting: int) -> None:
    if not taken and not waiting:
        return
    room = Q() if taken <= 0 else Q(capacity=None) | Q(capacity__gte=F("taken") + taken)
    if not TicketType.objects.filter(room, pk=pk).update(
        taken=F("taken") + taken, waiting=F("waiting") + waiting
    ):
        raise NoRoom


_LIVE = [str(state) for state in (*WITH_PLACE, State.ENTERED, State.PENDING, State.WAITING)]
