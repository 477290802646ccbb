"""`manage.py warm`: fill the caches before people come."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from myapp.pages.warming import warm


class Command(BaseCommand):
    """Make the pages where people begin, and what the front page leads to, unless they are kept already."""

    help = (
        "Fills the page store and its fragments: the pages where people begin, in every language, then what the front "
        "page links to. Run it after a start or an upgrade; it may run at any time and makes nothing twice. Without "
        "Redis there is nowhere to keep them for other processes, and it says so."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=30, help="stop after so many (30)")
        parser.add_argument("--forget", action="store_true", help="first forget what the version before made")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run, and say in a line what was done; a page that cannot be made is named and fails nothing."""
        from django.conf import settings

        from myapp.web.page_store import forget_public_pages

        if "locmem" in settings.CACHES["default"]["BACKEND"]:
            self.stdout.write("There is no REDIS_URL: nothing to warm.")
            return
        if options["forget"]:
            forget_public_pages()
        done = warm(seconds=options["seconds"])
        for failed in done.failed:
            self.stderr.write(f"Not made: {failed}")
        self.stdout.write(f"Kept: {done.pages} pages, in {done.seconds:.1f} s.")
