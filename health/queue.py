"""How the jobs are doing: how many wait, and for how long the oldest that could be done by now."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

# A job that was put off, or is tried again, waits from the hour it was put off to.
SQL = """
SELECT queue_name,
       count(*) FILTER (WHERE status = 'todo'),
       count(*) FILTER (WHERE status = 'doing'),
       coalesce(extract(epoch FROM max(now() - coalesce(scheduled_at, deferred.at))
           FILTER (WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()))), 0)
FROM procrastinate_jobs AS job
LEFT JOIN LATERAL (
    SELECT min(at) AS at FROM procrastinate_events WHERE job_id = job.id AND type = 'deferred'
) AS deferred ON status = 'todo'
WHERE status IN ('todo', 'doing')
GROUP BY queue_name
ORDER BY queue_name
"""


class Queue(NamedTuple):
    """One queue: how many jobs wait, how many are under way, and the seconds that the oldest due one has waited."""

    name: str
    waiting: int
    under_way: int
    oldest_seconds: float


def ask_queues() -> list[Queue]:
    """Return the queues that hold something; one query on what is not done."""
    with connection.cursor() as cursor:
        cursor.execute(SQL)
        return [
            Queue(name, waiting, doing, float(oldest)) for name, waiting, doing, oldest in cursor.fetchall()
        ]
