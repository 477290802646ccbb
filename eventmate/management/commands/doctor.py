"""`manage.py doctor`: what is wrong here, in plain sentences, with what to do."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from eventmate.doctor.examinations import EXAMINATIONS
from eventmate.doctor.findings import Finding, examine


class Command(BaseCommand):
    """Run every examination and say what it finds."""

    help = (
        "Says what is wrong with this installation and what to do about it: settings, systemd's units, database,"
        " migrations, clock, disks, Redis, mail, static files, the site and its certificate, backups. Changes nothing."
        " Exit status: 0 nothing is wrong (there may be advice), 1 something is."
    )
    requires_system_checks: list[str] = []  # they are the first examination

    def handle(self, *_args: Any, **_options: Any) -> None:
        found = list(examine(EXAMINATIONS))
        trouble = [each for each in found if each.is_trouble]
        for each in trouble:
            self._say("Wrong", each)
        for each in found:
            if not each.is_trouble:
                self._say("Advice", each)
        if trouble:
            sys.exit(1)
        self.stdout.write("Nothing is wrong.")

    def _say(self, kind: str, finding: Finding) -> None:
        """Write a finding and, below it, what to do."""
        self.stdout.write(f"{kind}: {finding.what}\n    {finding.remedy}")
