"""`manage.py restore FOLDER`: a backup takes the live database's place, which remains under another name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from eventmate.backups.errors import BackupError
from eventmate.backups.making import NAME
from eventmate.backups.restoring import read_backup, replace_live
from eventmate.backups.server import Database
from myapp.web.public_pages import forget_public_pages


class Command(BaseCommand):
    """Restore beside the live database, look at it, and change names; nothing is deleted."""

    help = (
        "Restores a backup beside the live database, looks at it as the drill does, and gives it the live one's name."
        " The database before remains as NAME_before_MOMENT. Stop the site first. With anything wrong nothing is"
        " changed. Exit status: 0 restored, 1 not."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", metavar="FOLDER", type=Path)
        parser.add_argument("--identity", metavar="FILE", help="the private key of a sealed backup")

    def handle(self, *_args: Any, **options: Any) -> None:
        live = Database.live().name
        try:
            backup = read_backup(options["backup"])
            before = replace_live(
                backup,
                timezone.now().strftime(NAME).lower(),
                options["identity"] or settings.BACKUP_IDENTITY,
            )
        except BackupError as error:
            raise CommandError(str(error)) from error
        forget_public_pages()
        self.stdout.write(f"{live} is now as it was at {backup.manifest['made_at']}.")
        if before:
            self.stdout.write(f"What it was until now is in {before}; drop that once all is well.")
        if number := backup.manifest["pictures"]["number"]:
            self.stdout.write(
                f"{number} pictures belong to it: see that they are there as well (docs/backups.md)."
            )
