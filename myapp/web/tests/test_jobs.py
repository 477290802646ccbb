"""The queue after a worker was killed, and after a month."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.tasks import Task

from myapp.web.jobs import forget_old_jobs, take_up_stalled_jobs


@pytest.fixture(autouse=True)
def _no_jobs(transactional_db: None) -> Iterator[None]:
    """No flush of Django's reaches these tables."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


def carry_out(task: Task[..., Any, Any]) -> None:
    """Let a worker do one task of the upkeep, and nothing else."""

    async def work() -> None:
        connector = app.connector
        assert isinstance(connector, DjangoConnector)
        working = app.with_connector(connector.get_worker_connector())
        async with working.open_async():
            await working.run_worker_async(
                queues=["upkeep"], wait=False, listen_notify=False, install_signal_handlers=False
            )

    task.defer(timestamp=0)
    asyncio.run(work())


def job_of(*, silent_for: int, lock: str | None = None) -> int:
    """Make a job that a worker has begun, who was last heard of so many seconds ago; returns its id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s)) RETURNING id",
            [silent_for],
        )
        [worker] = cursor.fetchone()
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts, worker_id, queueing_lock)"
            " VALUES ('refresh', 'refresh_pages', '{\"addresses\": []}', 'doing', 1, %s, %s) RETURNING id",
            [worker, lock],
        )
        return int(cursor.fetchone()[0])


def status_of(job: int) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text FROM procrastinate_jobs WHERE id = %s", [job])
        row = cursor.fetchone()
    return row[0] if row else None


def test_what_a_dead_worker_was_at_is_taken_up_and_a_living_ones_is_not():
    left, held = job_of(silent_for=120), job_of(silent_for=5)
    carry_out(take_up_stalled_jobs)
    assert (status_of(left), status_of(held)) == ("todo", "doing")


def test_what_another_job_will_do_is_dropped_and_holds_up_nothing():
    """One with a lock on its place in the queue cannot go back to it while another stands there."""
    left, other = job_of(silent_for=120, lock="one"), job_of(silent_for=120)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, queueing_lock)"
            " VALUES ('refresh', 'refresh_pages', '{\"addresses\": []}', 'todo', 'one')"
        )
    carry_out(take_up_stalled_jobs)
    assert (status_of(left), status_of(other)) == (None, "todo")


@pytest.mark.parametrize(("days", "kept"), [(29, True), (31, False)])
def test_a_failed_job_can_be_looked_at_for_a_month(days: int, kept: bool):
    job = job_of(silent_for=0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [job])
        cursor.execute(
            "UPDATE procrastinate_events SET at = at - make_interval(days => %s) WHERE job_id = %s",
            [days, job],
        )
    carry_out(forget_old_jobs)
    assert (status_of(job) is not None) == kept
