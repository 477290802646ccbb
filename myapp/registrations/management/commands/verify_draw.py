"""`manage.py verify_draw FILE|URL|EVENT`: whether a draw follows from the seed whose hash was published before it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from myapp.registrations.log_file import text_of
from myapp.registrations.models import Draw
from myapp.registrations.reading_published import desk_from, text_from
from myapp.registrations.verification import NotReadable, wrong_with_draw, wrong_with_draw_in_log


class Command(BaseCommand):
    """Check a draw from nothing but what is published of it."""

    help = (
        "Computes a draw anew from what is published: the seed against its hash, the order, who has a place. Of an event "
        "of this site (its code or the end of its address) it also looks whether the log says the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what is to be checked."""
        parser.add_argument("source", metavar="FILE|URL|EVENT")

    def handle(self, *_args: Any, source: str, **_options: Any) -> None:
        """Say the first difference and end with an error, or say that there is none."""
        text = text_from(source)
        told, lines = _read(text) if text is not None else _read_event(source)
        try:
            wrong = list(wrong_with_draw(told)) or list(wrong_with_draw_in_log(told, lines) if lines else ())
        except NotReadable as error:
            raise CommandError(str(error)) from error
        if wrong:
            raise CommandError(wrong[0])
        number = sum(1 for each in told["result"] if each["has_place"])
        self.stdout.write(f"The draw is right: {len(told['entries'])} entered, {number} were drawn.")


def _read(text: str) -> tuple[Any, list[str]]:
    try:
        told = json.loads(text)
    except ValueError as error:
        raise CommandError(f"That is not a draw as it is published: {error}") from error
    if isinstance(told, dict) and "seed" not in told:
        raise CommandError("This draw has not been made yet: its seed is not published.")
    return told, []


def _read_event(source: str) -> tuple[Any, list[str]]:
    desk = desk_from(source)
    made = Draw.objects.filter(desk=desk).first()
    if made is None:
        raise CommandError("This draw has not been made yet.")
    return made.published, [row for row in text_of(desk).splitlines() if row and not row.startswith("#")]
