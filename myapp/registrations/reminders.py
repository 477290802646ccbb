"""Reminders before an event and thanks after it: rows of the outbox, made by the clock for everybody at once.

The cause of a reminder holds when the event starts, so one that is moved has new ones; whether a reminder is still true
is asked when it is sent (`reminder_mails.py`).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection

from myapp.notify import outbox

_PARTS = {
    "to_whom": """registration.user_id,
    CASE WHEN registration.user_id IS NULL THEN registration.email ELSE '' END, registration.language""",
    "confirmed": """registration.state = 'confirmed'
    AND (registration.user_id IS NOT NULL OR registration.email_confirmed_at IS NOT NULL)""",
}

# What lasts whole days starts at midnight: the afternoon before is when one packs. Who has registered, or was moved up,
# after the time of a reminder has just been told.
_REMIND = """
INSERT INTO notify_message (kind, user_id, email, language, about, cause, due_at)
SELECT reminder.kind, {to_whom},
    jsonb_build_object('registration', registration.id, 'starts_at', extract(epoch FROM event.starts_at)),
    told.cause, event.starts_at - reminder.before
FROM registrations_desk desk
    JOIN events_event event ON event.id = desk.event_id
    JOIN registrations_registration registration ON registration.desk_id = desk.event_id
    JOIN (VALUES
        ('reminder_day', 'day', interval '24 hours', false),
        ('reminder_day', 'day', interval '8 hours', true),
        ('reminder_hour', 'hour', interval '1 hour', false)
    ) AS reminder (kind, name, before, all_day) ON reminder.all_day = event.all_day
    CROSS JOIN LATERAL (SELECT concat(
        'reminder:', registration.id, ':', extract(epoch FROM event.starts_at)::bigint, ':', reminder.name
    ) AS cause) told
WHERE desk.taken > 0 AND event.status = 'published'
    AND event.starts_at > now() AND event.starts_at <= now() + interval '25 hours'
    AND {confirmed} AND registration.changed_at <= event.starts_at - reminder.before
    AND NOT EXISTS (SELECT FROM notify_message message WHERE message.cause = told.cause)
ORDER BY event.starts_at, registration.id
ON CONFLICT (cause) DO NOTHING
"""

# An hour after the end, but not at night.
_THANK = """
INSERT INTO notify_message (kind, user_id, email, language, about, cause, due_at)
SELECT 'thanks', {to_whom}, jsonb_build_object('registration', registration.id), told.cause,
    CASE
        WHEN moment.at::time >= '21:00' THEN date_trunc('day', moment.at) + interval '1 day 9 hours'
        WHEN moment.at::time < '09:00' THEN date_trunc('day', moment.at) + interval '9 hours'
        ELSE moment.at
    END AT TIME ZONE %(zone)s
FROM registrations_desk desk
    JOIN events_event event ON event.id = desk.event_id
    JOIN registrations_registration registration ON registration.desk_id = desk.event_id
    CROSS JOIN LATERAL (SELECT (event.ends_at + interval '1 hour') AT TIME ZONE %(zone)s AS at) moment
    CROSS JOIN LATERAL (SELECT concat('thanks:', registration.id) AS cause) told
WHERE desk.taken > 0 AND event.status = 'published'
    AND event.ends_at <= now() AND event.ends_at > now() - interval '2 days' AND {confirmed}
    AND NOT EXISTS (SELECT FROM notify_message message WHERE message.cause = told.cause)
ORDER BY event.ends_at, registration.id
ON CONFLICT (cause) DO NOTHING
"""


def remind() -> int:
    """Put the reminders of events that start within 25 hours into the outbox, and return how many are new; one query."""
    return _written(_REMIND)


def thank() -> int:
    """Put the thanks for events that are over into the outbox, and return how many are new; one query."""
    return _written(_THANK, {"zone": settings.TIME_ZONE})


def _written(statement: str, given: dict[str, Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**_PARTS), given)
        written: int = cursor.rowcount
    if written:
        outbox.nudge()
    return written
