"""`manage.py import_events`: events of other systems, from files and addresses."""

from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from myapp.events.importing import reading
from myapp.events.importing.icalendar_files import Options
from myapp.events.importing.items import Refused
from myapp.events.importing.organisers import find_organisation, organisations_named
from myapp.events.importing.reports import Progress, print_rows
from myapp.events.importing.writing import Report, Terms, import_events
from myapp.events.models import Organisation

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Import iCalendar and CSV; each file whole or not at all."""

    help = (
        "Imports events from iCalendar (.ics) and CSV files and addresses (http, https, webcal); docs/importing.md "
        "says how they are read. Each file is imported whole or not at all. Exit status: 0 everything was imported, "
        "1 a file was refused or held nothing to import, 2 the command was called wrongly."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="+", metavar="FILE|URL")
        parser.add_argument(
            "--organisation",
            metavar="NAME",
            help="whose events they are: a slug or a name; made if there is none",
        )
        parser.add_argument(
            "--source", metavar="KEY", help="what a later import is recognised by, if not by FILE|URL"
        )
        parser.add_argument("--timezone", metavar="ZONE", help="the zone of times that name none")
        parser.add_argument(
            "--horizon", type=int, default=reading.HORIZON_DAYS, metavar="DAYS",
            help="how far ahead series are stamped (%(default)s)",
        )  # fmt: skip
        parser.add_argument(
            "--past", type=int, default=reading.PAST_DAYS, metavar="DAYS",
            help="how far back series are stamped (%(default)s)",
        )  # fmt: skip
        parser.add_argument(
            "--mirror", action="store_true", help="cancel events that vanished from the source"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        sources: list[str] = options["sources"]
        how = self._how(options)
        organisation = self._organisation(options["organisation"], dry_run=options["dry_run"])
        refused = nothing = 0
        totals = Report()
        progress = Progress(len(sources), self.stderr)
        for source in sources:
            progress.show(source)
            try:
                report = self._import(source, how, organisation, options)
            except Refused as error:
                refused += 1
                progress.clear()
                self.stdout.write(f"{source}: refused. {error}")
                continue
            progress.clear()
            nothing += not report.taken
            self._print(source, report, options)
            for name in ("created", "updated", "unchanged", "cancelled"):
                setattr(totals, name, getattr(totals, name) + getattr(report, name))
            totals.skipped.extend(report.skipped)
        if len(sources) > 1:
            self.stdout.write(f"{len(sources)} sources, {refused} refused: {_counts(totals)}")
        if refused or nothing:
            # The report has said it already; what is left to tell is the status.
            raise SystemExit(1)

    def _how(self, options: dict[str, Any]) -> Options:
        if not (0 <= options["horizon"] <= 3650 and 0 <= options["past"] <= 3650):
            raise CommandError("--horizon and --past are numbers of days from 0 to 3650.", returncode=2)
        if options["source"] and len(options["sources"]) > 1:
            raise CommandError("--source names one source; give one FILE or URL with it.", returncode=2)
        try:
            return reading.options(
                floating=options["timezone"] or "", past=options["past"], horizon=options["horizon"]
            )
        except Refused as error:
            raise CommandError(str(error), returncode=2) from error

    def _organisation(self, name: str | None, *, dry_run: bool) -> Organisation | None:
        if not name:
            return None
        try:
            found = find_organisation(name)
        except Refused as error:
            raise CommandError(str(error), returncode=2) from error
        if found is not None:
            return found
        if dry_run:
            raise CommandError(
                f"There is no organisation “{name}”; without --dry-run it would be made.", returncode=2
            )
        made, _number = organisations_named([name], source_key="")
        return next(iter(made.values()))

    def _import(
        self, source: str, how: Options, organisation: Organisation | None, options: dict[str, Any]
    ) -> Report:
        content = reading.load(source)
        parsed = reading.parse(content, how)
        terms = Terms(
            source_key=options["source"] or content.key,
            source_name=content.title,
            window=how.window,
            organisation=organisation,
            mirror=options["mirror"],
            dry_run=options["dry_run"],
        )
        try:
            return import_events(parsed, terms, acting_user=None)
        except DatabaseError as error:
            log.exception("Importing %s failed", source)
            raise Refused(
                "The database would not take it, so nothing was imported; the log says why."
            ) from error

    def _print(self, source: str, report: Report, options: dict[str, Any]) -> None:
        prefix = "would be " if options["dry_run"] else ""
        self.stdout.write(f"{source}: {prefix}{_counts(report)}")
        if report.organisations:
            self.stdout.write(f"  {report.organisations} organisations {prefix}made")
        print_rows(self.stdout, report.skipped, report.remarks, everything=options["verbosity"] > 1)


def _counts(report: Report) -> str:
    return (
        f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.cancelled} cancelled, {len(report.skipped)} skipped"
    )
