"""The parts the site stands on, each asked in its own thread, so that one that hangs cannot make the answer late."""

from __future__ import annotations

import logging
import secrets
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

LONGEST_SECONDS = 0.8


class Health(IntEnum):
    """How well a part is, worst last."""

    OK = 0
    DEGRADED = 1
    UNAVAILABLE = 2


@dataclass(frozen=True, slots=True)
class Part:
    """What one part answered: its health, how long it took, and one word on what is wrong.

    Never the error's own text: anybody can read this page, and a database's errors name hosts and users.
    """

    health: Health
    milliseconds: float
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for the page."""
        told = {"status": self.health.name.lower(), "ms": round(self.milliseconds, 1)}
        return told | ({"problem": self.problem} if self.problem else {})


def check_parts() -> dict[str, Part]:
    """Ask every part at once and return the answers within `LONGEST_SECONDS`; two queries and two cache round trips."""
    began = time.monotonic()
    asked = {name: _threads[name].submit(_timed, ask) for name, (ask, _worst) in PARTS.items()}
    return {name: _answer(name, future, began) for name, future in asked.items()}


def _answer(name: str, future: Future[tuple[str, float]], began: float) -> Part:
    """Wait for one part as long as time is left."""
    worst = PARTS[name][1]
    try:
        problem, milliseconds = future.result(max(0.0, began + LONGEST_SECONDS - time.monotonic()))
    except TimeoutError:
        future.cancel()
        problem, milliseconds = "no answer in time", (time.monotonic() - began) * 1000
    except Exception:
        logger.exception("Health: %s", name)
        problem, milliseconds = "failed", (time.monotonic() - began) * 1000
    return Part(worst if problem else Health.OK, milliseconds, problem)


def _timed(ask: Callable[[], str]) -> tuple[str, float]:
    """Return what a part answers and how many milliseconds it took; gives its thread's connection back."""
    began = time.monotonic()
    try:
        return ask(), (time.monotonic() - began) * 1000
    finally:
        connection.close()


def ask_database() -> str:
    """Return what is wrong with the database, nothing if it answers; one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def ask_cache() -> str:
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


PARTS: dict[str, tuple[Callable[[], str], Health]] = {
    "database": (ask_database, Health.UNAVAILABLE),
    "migrations": (ask_migrations, Health.UNAVAILABLE),
    "cache": (ask_cache, Health.DEGRADED),
}
_known: list[str] = []
# Two threads a part, so that a part that hangs holds up no other; with both hanging, the next answer is "no answer in
# time" without a third.
_threads = {name: ThreadPoolExecutor(2, thread_name_prefix=f"health-{name}") for name in PARTS}
