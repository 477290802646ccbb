"""What somebody on the waiting list is told: where they stand, how that came about, and what may become of it.

All of it is read from what anybody can check: the numbers in the queue and the log. The outlook is no promise and no
percentage: it says how many places came back at earlier events of the same organisation, and what that would mean here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from myapp.registrations.models import Desk, Registration
from myapp.web.fragments import kept

# Fewer places than these say nothing about the next event.
LEAST_HISTORY = 30
_HISTORY = dt.timedelta(days=365)

# Where a registration that waits stands, and who stood before it when it joined and has left the line since: one pass over
# the log of the desk. It stands in a statement behind a table of registrations, LATERAL, and finds nothing for others.
IN_LINE = """
SELECT
    (
        SELECT count(*) FROM registrations_registration ahead
        WHERE registration.state = 'waiting' AND ahead.desk_id = registration.desk_id AND ahead.state = 'waiting'
            AND ahead.ticket_type_id = registration.ticket_type_id AND ahead.queue_number <= registration.queue_number
    ) AS position,
    count(*) FILTER (WHERE left_line.state IN ('confirmed', 'offered')) AS had_places,
    count(*) FILTER (WHERE left_line.state NOT IN ('confirmed', 'offered')) AS gave_up
FROM (
    SELECT min(number) AS number, (array_agg(state ORDER BY number))[1] AS state
    FROM registrations_logentry entry
    WHERE registration.state = 'waiting' AND entry.desk_id = registration.desk_id AND entry.state <> 'waiting'
        AND entry.ticket_type = registration.ticket_type_id AND entry.queue_number < registration.queue_number
    GROUP BY alias
) left_line
WHERE left_line.number > (
    SELECT min(number) FROM registrations_logentry joined
    WHERE joined.desk_id = registration.desk_id AND joined.alias = registration.alias AND joined.state = 'waiting'
        AND joined.queue_number = registration.queue_number
)
"""
_IN_LINE = f"SELECT line.* FROM registrations_registration registration, LATERAL ({IN_LINE}) line WHERE registration.id = %s"  # noqa: S608

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


class InLine(NamedTuple):
    """What `IN_LINE` says of a registration that waits."""

    position: int
    had_places: int
    gave_up: int


def line_of(registration: Registration, desk: Desk, in_line: InLine | None = None) -> Line:
    """Return where a waiting registration stands, `in_line` where that has been read.

    One query without `in_line`; one more every ten minutes for each organisation.
    """
    position, had_places, gave_up = in_line or _in_line(registration)
    position = position or 1
    organisation = desk.event.organisation_id
    came_back, of_places = kept("line.came_back", organisation, make=partial(_came_back, organisation))
    expected = round(came_back / of_places * desk.taken) if of_places else 0
    return Line(
        position, position - 1 + had_places + gave_up, had_places, gave_up, came_back, of_places, expected
    )


def _in_line(registration: Registration) -> InLine:
    with connection.cursor() as cursor:
        cursor.execute(_IN_LINE, [registration.pk])
        return InLine(*(cursor.fetchone() or (0, 0, 0)))


def _came_back(organisation: int) -> tuple[int, int]:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_CAME_BACK, {"organisation": organisation, "since": now - _HISTORY, "now": now})
        came_back, of_places = cursor.fetchone() or (0, 0)
    return int(came_back), int(of_places)
