"""What must be true of registrations, whatever happened to their database. Counted by PostgreSQL, desk by desk."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connections

from myapp.registrations import log

_COUNTERS = """
WITH counted AS (
    SELECT desk_id, ticket_type_id,
        coalesce(sum(places) FILTER (WHERE state IN ('held', 'offered', 'confirmed')), 0) AS taken,
        count(*) FILTER (WHERE state = 'waiting') AS waiting
    FROM registrations_registration GROUP BY desk_id, ticket_type_id
), of_desk AS (
    SELECT desk_id, sum(taken) AS taken, sum(waiting) AS waiting FROM counted GROUP BY desk_id
)
SELECT event.code, '', desk.taken, coalesce(counted.taken, 0), desk.waiting, coalesce(counted.waiting, 0), desk.capacity
FROM registrations_desk desk JOIN events_event event ON event.id = desk.event_id
    LEFT JOIN of_desk counted ON counted.desk_id = desk.event_id
WHERE (desk.taken, desk.waiting) IS DISTINCT FROM (coalesce(counted.taken, 0), coalesce(counted.waiting, 0))
    OR desk.taken > desk.capacity
UNION ALL
SELECT event.code, type.name, type.taken, coalesce(counted.taken, 0), type.waiting, coalesce(counted.waiting, 0), type.capacity
FROM registrations_tickettype type JOIN events_event event ON event.id = type.desk_id
    LEFT JOIN counted ON counted.ticket_type_id = type.id
WHERE (type.taken, type.waiting) IS DISTINCT FROM (coalesce(counted.taken, 0), coalesce(counted.waiting, 0))
    OR type.taken > type.capacity
ORDER BY 1, 2
"""

_TWICE = """
SELECT event.code, count(*) FROM registrations_registration registration
    JOIN events_event event ON event.id = registration.desk_id
WHERE state IN ('held', 'offered', 'confirmed', 'entered', 'pending', 'waiting')
    AND (registration.user_id IS NOT NULL OR registration.email <> '')
GROUP BY event.code, coalesce(registration.user_id::text, lower(registration.email)) HAVING count(*) > 1
ORDER BY 1
"""

# A place that is free while somebody heads a line for it. Who heads a line that their ticket type has no room for holds up
# that line alone; the first of the others may need more places than the event has left, and then those are kept for them.
_PASSED_OVER = """
SELECT event.code, head.alias FROM registrations_desk desk JOIN events_event event ON event.id = desk.event_id
CROSS JOIN LATERAL (
    SELECT line.alias, line.places FROM registrations_tickettype type
    CROSS JOIN LATERAL (
        SELECT waiting.alias, waiting.places, waiting.queue_number FROM registrations_registration waiting
        WHERE waiting.ticket_type_id = type.id AND waiting.state = 'waiting'
        ORDER BY waiting.queue_number LIMIT 1
    ) line
    WHERE type.desk_id = desk.event_id AND (type.capacity IS NULL OR type.capacity - type.taken >= line.places)
    ORDER BY line.queue_number LIMIT 1
) head
WHERE desk.waiting > 0 AND event.status = 'published' AND event.starts_at > now()
    AND (desk.capacity IS NULL OR desk.capacity - desk.taken >= head.places)
ORDER BY 1
"""


def places_are_counted_right(using: str) -> Iterator[str]:
    """Yield the desks and ticket types whose counters differ from their rows, or pass their capacity; one query."""
    for code, kind, taken, counted, waiting, queued, capacity in _rows(using, _COUNTERS):
        yield (
            f"The desk of {code}{f' ({kind})' if kind else ''} says {taken} taken and {waiting} waiting; its registrations say"
            f" {counted} and {queued}, its capacity is {capacity}."
        )


def nobody_holds_two_places(using: str) -> Iterator[str]:
    """Yield the events at which one person has more than one live registration; one query."""
    for code, number in _rows(using, _TWICE):
        yield f"Somebody has {number} live registrations for {code}."


def nobody_is_passed_over(using: str) -> Iterator[str]:
    """Yield who waits for a place that is free; one query."""
    for code, alias in _rows(using, _PASSED_OVER):
        yield f"{alias} waits at {code} while there is a place."


def the_log_is_whole(using: str) -> Iterator[str]:
    """Yield the desks whose log is not what was written, of those whose event is not long over; a query for each."""
    yield from log.broken_logs(using)


def _rows(using: str, statement: str) -> list[tuple]:
    with connections[using].cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


INVARIANTS = (places_are_counted_right, nobody_holds_two_places, nobody_is_passed_over, the_log_is_whole)
