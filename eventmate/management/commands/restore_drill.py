"""`manage.py restore_drill`: the newest backup is restored into a scratch database, looked at, and dropped again."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventmate.backups.errors import BackupError, DrillUnderWayError
from eventmate.backups.records import LAST_DRILL, write_record
from eventmate.backups.restoring import drill, newest, read_backup

UNDER_WAY = 75  # EX_TEMPFAIL of sysexits.h


class Command(BaseCommand):
    """Try a backup and say in last-drill.json how it went, also when it went wrong."""

    help = (
        "Restores the newest backup into a scratch database beside the live one, compares every table's rows with the"
        " manifest, brings it to this version, looks for what must not be, and drops it. The live database is not"
        " touched. Exit status: 0 the backup is good, 1 it is not, or could not be tried, 75 another drill is under way."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--backup", metavar="FOLDER", type=Path, help="this one instead of the newest")
        parser.add_argument(
            "--scratch",
            metavar="NAME",
            default="",
            help="the scratch database (default: the live one's + _drill)",
        )
        parser.add_argument("--identity", metavar="FILE", help="the private key of a sealed backup")

    def handle(self, *_args: Any, **options: Any) -> None:
        folder = Path(settings.BACKUP_DIR)
        began = time.monotonic()
        problems, name, is_ours = ["It was stopped."], "", True
        try:
            backup = read_backup(options["backup"]) if options["backup"] else newest(folder)
            name = backup.folder.name
            tried = drill(backup, options["scratch"], options["identity"] or settings.BACKUP_IDENTITY)
            problems = tried.problems
        except DrillUnderWayError as error:
            is_ours = False  # the other one says how it went
            raise CommandError(str(error), returncode=UNDER_WAY) from error
        except BackupError as error:
            problems = [str(error)]
        finally:
            if is_ours:
                seconds = round(time.monotonic() - began, 2)
                with suppress(OSError):
                    write_record(
                        folder, LAST_DRILL, ok=not problems, seconds=seconds, backup=name, problems=problems
                    )
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(
            f"{backup.folder} is good: {tried.rows} rows of {tried.tables} tables restored in {tried.seconds:.1f} s."
        )
