"""`manage.py pool_size`: the DATABASE_POOL_SIZE that fits this machine and its PostgreSQL; deploy/install asks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from eventmate.postgresql.room import fitting_pool_size, most_connections, processes


class Command(BaseCommand):
    """Print one number."""

    help = (
        "Prints how many connections each process may keep, so that all of this machine's together, jobs and those who look"
        " after it fit into PostgreSQL's max_connections. Changes nothing."
    )
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            self.stdout.write(str(fitting_pool_size(most_connections(), processes())))
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}") from error
