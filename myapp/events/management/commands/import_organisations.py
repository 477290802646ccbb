"""`manage.py import_organisations`: clubs and departments, from a table."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from myapp.events.importing import deadline, organisation_files, reading
from myapp.events.importing.items import Refused
from myapp.events.importing.reports import print_rows


class Command(BaseCommand):
    """Import organisations from CSV, the whole file or nothing."""

    help = (
        "Imports organisations from CSV with the columns Name, Categories (separated by $), Application, Description "
        "and Time; only Name must be there. Exit status: 0 imported, 1 refused, 2 called wrongly."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE|URL")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            content = reading.load(options["file"])
            try:
                with deadline.within():
                    rows, report = organisation_files.read(content.raw)
            except deadline.TookTooLong as error:
                raise Refused("Reading it takes too long.") from error
        except Refused as error:
            self.stdout.write(f"{options['file']}: refused. {error}")
            raise SystemExit(1) from error
        organisation_files.import_organisations(
            rows, report, source_key=content.title, dry_run=options["dry_run"], acting_user=None
        )
        prefix = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{options['file']}: {prefix}{report.created} created, {report.updated} updated, "
            f"{report.unchanged} unchanged, {len(report.skipped)} skipped"
        )
        print_rows(self.stdout, report.skipped, report.remarks, everything=options["verbosity"] > 1)
