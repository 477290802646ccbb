"""The outbox's jobs: empty it soon after something was put in, and every minute in any case."""

from __future__ import annotations

import logging

from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app

from myapp.notify.delivery import deliver_due

logger = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(name="deliver_messages", queue="messages", queueing_lock="deliver_messages", pass_context=True)
def deliver_messages(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Send what is due. May run several times at once: each run claims messages of its own."""
    try:
        done = deliver_due(should_stop=context.should_abort)
    finally:
        connection.close()  # back to the pool: this thread may never be used again
    if done.put_off or done.given_up:
        logger.warning("Messages sent: %d, put off: %d, given up: %d", done.sent, done.put_off, done.given_up)
