"""`manage.py verify_log EVENT`: whether the log of an event is whole, and the order of its queue was kept."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from myapp.registrations.log_file import text_of, wrong_with_file
from myapp.registrations.reading_published import desk_from, text_from
from myapp.registrations.verification import NotReadable


class Command(BaseCommand):
    """Check a log from nothing but its lines."""

    help = (
        "Computes the chain of a log anew, looks whether anybody was moved up before somebody who had come earlier, and "
        "whether the head is signed. The log is that of an event (its code or the end of its address), or a file as it "
        "is published (a path or an address)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what is to be checked."""
        parser.add_argument("source", metavar="EVENT|FILE|URL")

    def handle(self, *_args: Any, source: str, **_options: Any) -> None:
        """Say what is wrong, the first difference first, and end with an error; or say that nothing is."""
        text = text_from(source)
        ours = text is None
        try:
            wrong = list(wrong_with_file(text_of(desk_from(source)) if text is None else text, ours=ours))
        except NotReadable as error:
            raise CommandError(str(error)) from error
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write("The log is whole, its head is signed, and nobody was moved up before their turn.")
