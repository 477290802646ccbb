"""manage.py demo: fills an empty site with a campus to try it out on."""

import zoneinfo
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from myapp.demo import accounts, fill
from myapp.demo.plan import LARGE, STANDARD, Plan, make_plan
from myapp.events.models import Event, Organisation
from myapp.testing.people import CAST, PASSWORD

_SIZES = {"standard": STANDARD, "large": LARGE}


class Command(BaseCommand):
    help = "Fill the site with a generated campus: organisations, rooms, events around today, four accounts. Once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--size", choices=_SIZES, default="standard", help="1,500 events, or 100,000 for trials"
        )
        parser.add_argument(
            "--fresh", action="store_true", help="delete the demo campus that is there and make today's"
        )
        parser.add_argument(
            "--force", action="store_true", help="go ahead beside organisations that are not the demo's"
        )

    def handle(self, *, size: str, fresh: bool, force: bool, verbosity: int, **_options: Any) -> None:
        self.quiet = verbosity == 0
        if fill.demo_organisations().exists() and not fresh:
            self.say("The demo campus is there already. --fresh makes a new one for today.")
            return
        self.refuse_where_unwelcome(force=force)
        if fresh:
            self.say(f"Removing the demo campus: {fill.remove():,} rows gone.")
        plan = make_plan(
            timezone.localdate(),
            zoneinfo.ZoneInfo(settings.TIME_ZONE),
            _SIZES[size],
            lambda done: self.progress("Working out", done, _SIZES[size]),
        )
        fill.write(plan, lambda done: self.progress("Writing", done, _SIZES[size]))
        self.report(plan)

    def refuse_where_unwelcome(self, *, force: bool) -> None:
        """Refuse where real work might be in the way, before anything is written."""
        others = Organisation.objects.exclude(source_key=fill.SOURCE_KEY).count()
        if others and not force:
            raise CommandError(
                f"This site has {others:,} organisations of its own, and the demo campus would stand among them, with "
                "accounts whose password everybody knows. --force does it all the same."
            )
        if strangers := accounts.strangers():
            raise CommandError(
                f"The demo campus needs the usernames {', '.join(strangers)}, which belong to somebody else here."
            )

    def report(self, plan: Plan) -> None:
        """Say what there is now and who can sign in."""
        coming = Event.objects.upcoming().count()
        self.say(
            f"The demo campus is ready: {len(plan.organisations):,} organisations, "
            f"{len(plan.bank.buildings) * plan.sites:,} buildings with {len(plan.rooms):,} rooms, "
            f"{len(plan.events):,} events, {coming:,} of them still to come."
        )
        self.say(f"Its accounts all have the password {PASSWORD}, which is no secret:")
        for person in CAST:
            self.say(f"  {person.username:6} {person.name}, {person.part}")

    def progress(self, what: str, done: int, total: int) -> None:
        """Show how far it is, on a terminal; a log gets no half lines."""
        if self.stdout.isatty() and not self.quiet:
            self.stdout.write(f"\r{what} {done:,} of {total:,} events", ending="\r")
            self.stdout.flush()

    def say(self, line: str) -> None:
        if not self.quiet:
            self.stdout.write(f"\x1b[2K{line}" if self.stdout.isatty() else line)
