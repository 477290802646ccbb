"""How many connections PostgreSQL has for this machine, and how many of them for each process."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.db import connection

from eventmate.doctor.systemd import ask

OTHERS = 10  # psql, backups, jobs and the three that PostgreSQL keeps for its superuser
LISTENING = 1  # of each process, beside its pool: for what moves on open pages
MOST, LEAST = (
    8,
    2,
)  # of a process: more wait for a processor anyway, and with one a slow query holds up a thousand people


def processes() -> int:
    """Return how many processes serve the site on this machine: the workers of each instance that systemd runs."""
    workers = int(os.environ.get("WEB_CONCURRENCY") or 2 * (os.cpu_count() or 1) + 1)
    states = "--state=active,reloading,activating,failed"
    units = ask("list-units", "--plain", "--no-legend", states, "eventmate.service", "eventmate@*.service")
    return workers * max(1, len(units.splitlines()))


def pool_size() -> int:
    """Return how many connections each process may hold, as the settings say."""
    pool: dict[str, Any] = settings.DATABASES["default"]["OPTIONS"].get("pool") or {}
    return int(pool.get("max_size", 1))


def fitting_pool_size(most: int, sharing: int) -> int:
    """Return how many connections each of so many processes may hold in its pool, of a server that takes `most`."""
    return max(LEAST, min(MOST, (most - OTHERS) // sharing - LISTENING))


def most_connections() -> int:
    """Return how many the server takes; one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_connections')::int")
        row = cursor.fetchone()
    return int(row[0]) if row else 0
