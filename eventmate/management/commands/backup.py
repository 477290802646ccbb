"""`manage.py backup`: the database and the list of pictures, whole, dated, rotated."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from eventmate.backups.errors import BackupError
from eventmate.backups.making import Made, make_backup
from eventmate.backups.records import LAST_BACKUP, write_record


class Command(BaseCommand):
    """Make a backup and say in last-backup.json how it went, also when it went wrong."""

    help = (
        "Makes a backup under BACKUP_DIR: a dump of the database and a list of the pictures, sealed where"
        " BACKUP_RECIPIENT names a file of age's public keys. Keeps 7 daily, 4 weekly and 12 monthly ones. "
        "docs/backups.md says how to restore one. Exit status: 0 made, 1 not made."
    )
    requires_system_checks: list[str] = []  # an ill configuration is no reason to go without a backup

    def handle(self, *_args: Any, **_options: Any) -> None:
        folder = Path(settings.BACKUP_DIR)
        began = time.monotonic()
        # Told to stop, it clears away what it began.
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            made = make_backup(folder, settings.BACKUP_RECIPIENT)
        except BaseException as error:
            told = (
                str(error) if isinstance(error, BackupError) else f"It was stopped ({type(error).__name__})."
            )
            with suppress(OSError):  # the disk is full: the sentence on the screen and the status remain
                write_record(folder, LAST_BACKUP, ok=False, seconds=_since(began), bytes=0, reason=told)
            if isinstance(error, BackupError):
                raise CommandError(told) from error
            raise
        finally:
            signal.signal(signal.SIGTERM, before)
        write_record(
            folder, LAST_BACKUP, ok=True, seconds=_since(began), bytes=made.size, backup=made.folder.name
        )
        self.stdout.write(_sentence(made, _since(began)))
        if missing := made.pictures.missing:
            self.stderr.write(
                f"{len(missing)} pictures that the database names are not under MEDIA_ROOT; the first is {missing[0]}."
            )


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)


def _sentence(made: Made, seconds: float) -> str:
    removed = f" Removed {', '.join(made.removed)}." if made.removed else ""
    return (
        f"{made.folder}: {made.rows} rows of {made.tables} tables, {made.pictures.number} pictures listed,"
        f" {made.size / 1e6:.1f} MB in {seconds:.1f} s.{removed}"
    )
