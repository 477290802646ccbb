"""`manage.py check_invariants`: what must not be in the database, in a sentence each."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS

from eventmate.invariants import broken_invariants


class Command(BaseCommand):
    """Ask every room what must be true of its data."""

    help = (
        "Looks for what must never be in the database, whatever happened to it, and changes nothing; the restore drill"
        " asks the same of a backup. Exit status: 0 there is nothing, 1 there is, a line each."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        if broken := broken_invariants(DEFAULT_DB_ALIAS):
            self.stdout.write("\n".join(broken))
            raise SystemExit(1)
