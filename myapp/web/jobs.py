"""What keeps the queue of jobs whole: jobs that a dead worker left half done are done again, old failures are forgotten.

A job may therefore run twice, and every job of ours is written so that the second time changes nothing. A worker says
every ten seconds that it lives (procrastinate's heartbeat); who has been silent for thirty is dead.
"""

import logging

from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from eventmate.invariants import check_and_record

logger = logging.getLogger(__name__)

# Failures stay this long to be looked at: a long holiday, and then some.
HOURS_TO_LOOK = 24 * 30


@app.periodic(cron="* * * * *")
@app.task(
    name="take_up_stalled_jobs", queue="upkeep", queueing_lock="take_up_stalled_jobs", pass_context=True
)
async def take_up_stalled_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Let what a dead worker was at be done by a living one: one query, and one for each such job."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            # Another one with the same lock waits already, and will do what this one was at.
            assert job.id is not None  # noqa: S101 - for the type checker
            await manager.finish_job_by_id_async(job.id, status=Status.ABORTED, delete_job=True)


@app.periodic(cron="17 4 * * *")
@app.task(name="forget_old_jobs", queue="upkeep", queueing_lock="forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Delete jobs that ended a month ago, those that failed as well: one query."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=HOURS_TO_LOOK, include_failed=True, include_cancelled=True, include_aborted=True
    )


@app.periodic(cron="43 * * * *")
@app.task(name="check_invariants", queue="upkeep", queueing_lock="check_invariants")
def check_invariants(timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Ask every room what must be true of its data, once an hour; /health/ready/ and /metrics/ tell what came of it."""
    for sentence in check_and_record():
        logger.error("An invariant is broken: %s", sentence)
