"""Who is in: scans and their sum, written together and only here.

`scan` is the way of a door that has a network: one statement notes the scan and moves the person, so that of two doors
that scan the same ticket at the same moment one lets in and the other says "already in". `merge` takes what doors without
a network have let in; whatever order that arrives in, the sum is the same, because it is worked out from all scans of a
place in the order of their times (`_SUM`). The row of `Presence` is the lock: both take it before they look.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from myapp.checkin.models import Direction, How, Scan
from myapp.web.rows import prepared

ALREADY_IN = "already_in"
NOT_IN = "not_in"

# Only a confirmed place of this event moves anybody, and only a nonce that is new. The registration is held as its foreign
# keys hold it anyway when the statement ends, only from the beginning: who gives a place away (registrations/presence.py)
# waits until this scan is seen, or has this scan wait and see that the place is gone.
_TICKET = """
WITH ticket AS (
    SELECT id, desk_id,
        (SELECT type.name FROM registrations_tickettype type WHERE type.id = ticket_type_id) AS type_name, CASE WHEN %(place)s = 0 THEN name ELSE guests[%(place)s] END AS name
    FROM registrations_registration
    WHERE id = %(registration)s AND desk_id = %(desk)s AND state = 'confirmed' AND places > %(place)s
        AND (%(rotation)s::int IS NULL OR rotation = %(rotation)s)
        AND NOT EXISTS (SELECT FROM checkin_scan WHERE nonce = %(nonce)s)
    FOR KEY SHARE
), """

# A scan made now comes after every other of its place, whatever the clocks of the servers say.
_IN = """moved AS (
    INSERT INTO checkin_presence AS presence (desk_id, registration_id, place, is_in, first_in_at, changed_at, door)
    SELECT desk_id, id, %(place)s, true, %(at)s, %(at)s, %(door)s FROM ticket
    ON CONFLICT (registration_id, place) DO UPDATE SET
        is_in = true, door = excluded.door,
        first_in_at = coalesce(presence.first_in_at, excluded.first_in_at),
        changed_at = greatest(excluded.changed_at, presence.changed_at + interval '1 microsecond')
    WHERE NOT presence.is_in
    RETURNING changed_at
)"""

_OUT = """moved AS (
    UPDATE checkin_presence presence SET
        is_in = false, door = %(door)s,
        changed_at = greatest(%(at)s, presence.changed_at + interval '1 microsecond')
    FROM ticket
    WHERE presence.registration_id = ticket.id AND presence.place = %(place)s AND presence.is_in
    RETURNING presence.changed_at
)"""

_NOTED = """, noted AS (
    INSERT INTO checkin_scan
        (desk_id, registration_id, place, direction, at, received_at, door, device, nonce, user_id, how, refused)
    SELECT desk_id, id, %(place)s, %(direction)s, coalesce(changed_at, %(at)s), coalesce(changed_at, %(at)s),
        %(door)s, %(device)s, %(nonce)s, %(user)s, %(how)s,
        CASE WHEN changed_at IS NULL THEN %(else)s ELSE '' END
    FROM ticket LEFT JOIN moved ON true
    ON CONFLICT (nonce) DO NOTHING
    RETURNING refused, at
)
SELECT noted.refused, noted.at, ticket.name, ticket.type_name, (SELECT count(*) FROM moved)
FROM (SELECT) always LEFT JOIN noted ON true LEFT JOIN ticket ON true
"""

# The sum of some places' scans: where the last one left the person, and when they first came.
_SUM = """
UPDATE checkin_presence presence SET
    is_in = coalesce(last.direction = 'in', false), first_in_at = last.first_in_at, changed_at = last.at,
    door = coalesce(last.door, '')
FROM unnest(%(registrations)s::bigint[], %(places)s::int[]) AS asked (registration_id, place)
LEFT JOIN LATERAL (
    SELECT direction, at, door,
        (SELECT min(at) FROM checkin_scan WHERE registration_id = asked.registration_id AND place = asked.place
            AND direction = 'in' AND refused = '' AND undone_at IS NULL) AS first_in_at
    FROM checkin_scan
    WHERE registration_id = asked.registration_id AND place = asked.place AND refused = '' AND undone_at IS NULL
    ORDER BY at DESC, nonce DESC LIMIT 1
) last ON true
WHERE presence.registration_id = asked.registration_id AND presence.place = asked.place
"""

_LOCK = """
INSERT INTO checkin_presence (desk_id, registration_id, place)
SELECT %(desk)s, registration_id, place
FROM unnest(%(registrations)s::bigint[], %(places)s::int[]) AS asked (registration_id, place)
ORDER BY registration_id, place
ON CONFLICT (registration_id, place) DO NOTHING
"""

_LOCKED = """
SELECT presence.id FROM checkin_presence presence
JOIN unnest(%(registrations)s::bigint[], %(places)s::int[]) AS asked (registration_id, place) USING (registration_id, place)
ORDER BY registration_id, place FOR UPDATE OF presence
"""

# What happened outweighs what was answered: a scan that the server refused, but whose answer never reached the door,
# counts once the door says that it has let the person in.
_MERGE = """
INSERT INTO checkin_scan
    (desk_id, registration_id, place, direction, at, received_at, door, device, nonce, user_id, how, remark, undone_at)
SELECT * FROM unnest(
    %(desks)s::bigint[], %(registrations)s::bigint[], %(places)s::int[], %(directions)s::text[], %(ats)s::timestamptz[],
    %(received)s::timestamptz[], %(doors)s::text[], %(devices)s::text[], %(nonces)s::uuid[], %(users)s::bigint[],
    %(hows)s::text[], %(remarks)s::text[], %(undone)s::timestamptz[]
) AS given (desk_id, registration_id, place, direction, at, received_at, door, device, nonce, user_id, how, remark, undone_at)
ORDER BY nonce
ON CONFLICT (nonce) DO UPDATE SET
    refused = '', remark = excluded.remark, undone_at = least(checkin_scan.undone_at, excluded.undone_at)
WHERE checkin_scan.registration_id = excluded.registration_id AND checkin_scan.place = excluded.place
    AND checkin_scan.direction = excluded.direction
"""


@dataclass(frozen=True, slots=True)
class Passing:
    """Somebody passes a door: which place, which way, when, where, and who and what saw it."""

    desk: int
    registration: int
    place: int
    direction: Direction
    at: dt.datetime
    door: str
    device: str
    nonce: UUID
    user: int
    how: How
    remark: str = ""
    undone_at: dt.datetime | None = None


class Noted(NamedTuple):
    """What came of a scan: why it was refused ("" where it was not), when it was, who it is, with which ticket type."""

    refused: str
    at: dt.datetime
    name: str
    ticket_type: str


def scan(passing: Passing, *, rotation: int | None = None) -> Noted | None:
    """Note a scan at a door that has a network, and move the person; one query.

    `rotation` is that of the ticket shown; None where no ticket was. Returns None where nothing was noted: the ticket is
    not confirmed for this event, is an old one, or the nonce is known already.
    """
    given: dict[str, Any] = {
        "desk": passing.desk,
        "registration": passing.registration,
        "place": passing.place,
        "direction": passing.direction.value,
        "at": passing.at,
        "door": passing.door,
        "device": passing.device,
        "nonce": passing.nonce,
        "user": passing.user,
        "how": passing.how.value,
        "rotation": rotation,
        "else": ALREADY_IN if passing.direction is Direction.IN else NOT_IN,
    }
    with prepared() as cursor:
        cursor.execute(_TICKET + (_IN if passing.direction is Direction.IN else _OUT) + _NOTED, given)
        refused, at, name, ticket_type, moved = cursor.fetchone()
    if refused is None:
        if moved:
            # The same nonce twice at the same moment, and the person moved in between: what was noted decides.
            sum_up([(passing.registration, passing.place)])
        return None
    return Noted(refused, at, name or "", ticket_type)


def sum_up(places: Iterable[tuple[int, int]]) -> None:
    """Work out anew who of these places, (registration, place), is in; one query."""
    registrations, numbers = _columns(places)
    with connection.cursor() as cursor:
        cursor.execute(_SUM, {"registrations": registrations, "places": numbers})


@transaction.atomic
def merge(passings: Sequence[Passing], *, received_at: dt.datetime) -> None:
    """Add what doors have seen by themselves, all of one event; four queries, and none where there is nothing.

    A nonce that is known adds nothing but its undoing.
    """
    if not passings:
        return
    places = sorted({(passing.registration, passing.place) for passing in passings})
    registrations, numbers = _columns(places)
    given: dict[str, Any] = {"desk": passings[0].desk, "registrations": registrations, "places": numbers}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, given)
        cursor.execute(_LOCKED, given)
        cursor.execute(_MERGE, _rows(_once(passings), received_at))
    sum_up(places)


def _once(passings: Sequence[Passing]) -> list[Passing]:
    """Return one passing for each nonce, undone where any of them says so: a statement may not touch a row twice."""
    by_nonce: dict[UUID, Passing] = {}
    for passing in passings:
        known = by_nonce.get(passing.nonce)
        if known is None:
            by_nonce[passing.nonce] = passing
        elif passing.undone_at is not None and (
            known.undone_at is None or passing.undone_at < known.undone_at
        ):
            by_nonce[passing.nonce] = replace(known, undone_at=passing.undone_at)
    return list(by_nonce.values())


def _rows(passings: Sequence[Passing], received_at: dt.datetime) -> dict[str, list[Any]]:
    return {
        "desks": [each.desk for each in passings],
        "registrations": [each.registration for each in passings],
        "places": [each.place for each in passings],
        "directions": [each.direction.value for each in passings],
        "ats": [each.at for each in passings],
        "received": [received_at] * len(passings),
        "doors": [each.door for each in passings],
        "devices": [each.device for each in passings],
        "nonces": [each.nonce for each in passings],
        "users": [each.user for each in passings],
        "hows": [each.how.value for each in passings],
        "remarks": [each.remark for each in passings],
        "undone": [each.undone_at for each in passings],
    }


def _columns(places: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    pairs = list(places)
    return [registration for registration, _ in pairs], [place for _, place in pairs]


@transaction.atomic
def undo(nonce: UUID, *, desk: int, at: dt.datetime) -> Scan | None:
    """Take a scan back; returns it, None where there is no such scan of this event. At most four queries."""
    found = Scan.objects.filter(nonce=nonce, desk=desk).first()
    if found is None:
        return None
    places = [(found.registration_id, found.place)]
    registrations, numbers = _columns(places)
    with connection.cursor() as cursor:
        cursor.execute(_LOCKED, {"registrations": registrations, "places": numbers})
    Scan.objects.filter(pk=found.pk, undone_at=None).update(undone_at=at)
    sum_up(places)
    return found
