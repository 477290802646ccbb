"""What time does to the outbox: what is done is forgotten. Runs from `manage.py maintain`, at any time, twice at once."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

KEPT = timedelta(days=90)
_BATCH = 5000

# In small steps, each a transaction: nobody who sends waits for the clearing up. The newest are not looked at.
_FORGET = """
DELETE FROM notify_message WHERE id IN (
    SELECT id FROM notify_message
    WHERE created_at < now() - %(kept)s::interval AND coalesce(sent_at, given_up_at) < now() - %(kept)s::interval
    ORDER BY created_at
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
)
"""


def forget_old_messages() -> int:
    """Delete messages that were sent or given up 90 days ago, and return how many; a query for each five thousand."""
    forgotten = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_FORGET, {"kept": f"{KEPT.days} days", "batch": _BATCH})
            deleted: int = cursor.rowcount
            forgotten += deleted
            if deleted < _BATCH:
                return forgotten
