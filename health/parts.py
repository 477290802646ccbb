"""The parts the site stands on, and how each of them is."""

from __future__ import annotations

import logging
import os
import secrets
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from eventmate.backups.records import LAST_CHECK, read_record
from health.asking import Answer, NoAnswerError, ask_all, off_the_loop
from health.queue import ask_queues

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

LEAST_FREE_BYTES = 200 * 1024 * 1024
LEAST_FREE_SHARE = 0.03
LONGEST_WAIT_SECONDS = 300.0


class Health(IntEnum):
    """How well a part is, worst last."""

    HEALTHY = 0
    DEGRADED = 1
    UNAVAILABLE = 2


@dataclass(frozen=True, slots=True)
class Part:
    """What one part answered: its health, how long it took, and a few words on what is wrong.

    Never the error's own text: a database's errors name hosts and users.
    """

    health: Health
    milliseconds: float
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for the page."""
        told = {"status": self.health.name.lower(), "ms": round(self.milliseconds, 1)}
        return told | ({"problem": self.problem} if self.problem else {})


def check_parts() -> dict[str, Part]:
    """Ask every part at once and return the answers within `LONGEST_SECONDS`; three queries and two cache round trips."""
    answers = ask_all({name: ask for name, (ask, _worst) in PARTS.items()})
    return {name: _judged(name, answer) for name, answer in answers.items()}


def _judged(name: str, answer: Answer[str]) -> Part:
    """Return a part by its answer, which is what is wrong with it."""
    problem = answer.value or ""
    if isinstance(answer.error, NoAnswerError):
        problem = "no answer in time"
    elif answer.error is not None:
        logger.error("%s is ill", name, exc_info=answer.error)
        problem = "failed"
    return Part(PARTS[name][1] if problem else Health.HEALTHY, answer.seconds * 1000, problem)


def ask_database() -> str:
    """Return what is wrong with the database, nothing if it answers; one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def ask_redis() -> str:
    """Return what is wrong with the cache, nothing if it gives back what it was given; two round trips.

    The client passes over a Redis that is gone, so only the value itself is proof.
    """
    word = secrets.token_hex(4)
    cache.set(f"health:{word}", word, timeout=10)
    return "" if cache.get(f"health:{word}") == word else "does not answer"


def ask_migrations() -> str:
    """Return what is wrong with the tables, nothing if they are those the code expects; one query.

    Remembers a yes: this process's code does not change, and a database only moves on.
    """
    if _known:
        return ""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "not applied"
    _known.append("applied")
    return ""


def ask_disk() -> str:
    """Return what is wrong with the disk that media and logs are written to, nothing if there is room on it."""
    disk = off_the_loop(lambda: os.statvfs(settings.DATA_DIR))
    if disk.f_flag & os.ST_RDONLY:
        return "can only be read"
    free = disk.f_bavail * disk.f_frsize
    is_full = free < min(LEAST_FREE_BYTES, disk.f_blocks * disk.f_frsize * LEAST_FREE_SHARE)
    return f"only {free // 1024 // 1024} MB are free" if is_full else ""


def ask_queue() -> str:
    """Return what is wrong with the jobs, nothing if somebody does them; one query."""
    oldest = max((queue.oldest_seconds for queue in ask_queues()), default=0.0)
    return f"a job has waited for {oldest / 60:.0f} minutes" if oldest > LONGEST_WAIT_SECONDS else ""


def ask_invariants() -> str:
    """Return what the last hourly check of the data found, nothing if all was well or none has been yet."""
    found = off_the_loop(lambda: read_record(settings.DATA_DIR, LAST_CHECK))
    return f"{found.get('broken')} are broken" if found.get("ok") is False else ""


# Each with how ill the site is without it. Pages are served from a full disk, and without Redis they are only slower.
PARTS: dict[str, tuple[Callable[[], str], Health]] = {
    "database": (ask_database, Health.UNAVAILABLE),
    "migrations": (ask_migrations, Health.UNAVAILABLE),
    "redis": (ask_redis, Health.DEGRADED),
    "disk": (ask_disk, Health.DEGRADED),
    "queue": (ask_queue, Health.DEGRADED),
    "invariants": (ask_invariants, Health.DEGRADED),
}
_known: list[str] = []
