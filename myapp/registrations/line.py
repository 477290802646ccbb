"""What somebody on the waiting list is told: where they stand, how that came about, and what may become of it.

All of it is read from what anybody can check: the numbers in the queue and the log. The outlook is no promise and no
percentage: it says how many places came back at earlier events of the same organisation, and what that would mean here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from myapp.registrations import queries
from myapp.registrations.models import Desk, Registration

# Fewer places than these say nothing about the next event.
LEAST_HISTORY = 30
_HISTORY = dt.timedelta(days=365)

# Who stood before this one when it joined, and has left the line since; one pass over the log of the desk.
_LEFT = """
WITH joined AS (
    SELECT min(number) AS number FROM registrations_logentry
    WHERE desk_id = %(desk)s AND alias = %(alias)s AND state = 'waiting' AND queue_number = %(queue)s
), left_line AS (
    SELECT min(number) AS number, (array_agg(state ORDER BY number))[1] AS state
    FROM registrations_logentry
    WHERE desk_id = %(desk)s AND ticket_type = %(type)s AND queue_number < %(queue)s AND state <> 'waiting'
    GROUP BY alias
)
SELECT count(*) FILTER (WHERE state IN ('confirmed', 'offered')), count(*) FILTER (WHERE state NOT IN ('confirmed', 'offered'))
FROM left_line, joined WHERE left_line.number > joined.number
"""

# Places that people had at once and gave back themselves, of all that people had at once.
_CAME_BACK = """
SELECT coalesce(sum(places) FILTER (WHERE registration.state = 'cancelled'), 0), coalesce(sum(places), 0)
FROM registrations_registration registration JOIN events_event event ON event.id = registration.desk_id
WHERE event.organisation_id = %(organisation)s AND event.ends_at BETWEEN %(since)s AND %(now)s
    AND registration.queue_number IS NULL
    AND (registration.state = 'confirmed' OR registration.state = 'cancelled' AND registration.because = 'asked')
"""


@dataclass(frozen=True)
class Line:
    """Where a registration stands: `had_places` and `gave_up` of those before it have left the line since it joined."""

    position: int
    ahead_at_first: int
    had_places: int
    gave_up: int
    came_back: int = 0
    of_places: int = 0
    expected: int = 0

    @property
    def ahead(self) -> int:
        """How many stand before it now."""
        return self.position - 1

    @property
    def has_history(self) -> bool:
        """Whether there is enough to say something of what may come."""
        return self.of_places >= LEAST_HISTORY

    @property
    def is_within_reach(self) -> bool:
        """Whether as many places as at earlier events would be enough."""
        return self.expected >= self.position


def line_of(registration: Registration, desk: Desk) -> Line:
    """Return where a waiting registration stands; three queries."""
    position = queries.position(registration) or 1
    now = timezone.now()
    asked = {
        "desk": desk.pk,
        "alias": registration.alias,
        "queue": registration.queue_number,
        "type": registration.ticket_type_id,
        "organisation": desk.event.organisation_id,
        "since": now - _HISTORY,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, asked)
        had_places, gave_up = cursor.fetchone() or (0, 0)
        cursor.execute(_CAME_BACK, asked)
        came_back, of_places = cursor.fetchone() or (0, 0)
    expected = round(came_back / of_places * desk.taken) if of_places else 0
    return Line(
        position, position - 1 + had_places + gave_up, had_places, gave_up, came_back, of_places, expected
    )
