"""`manage.py maintain`: what has to be done now and then, cheap and safe at any time."""

from typing import Any

from django.core.management.base import BaseCommand

from myapp.events.maintenance import maintain
from myapp.notify.maintenance import forget_old_messages


class Command(BaseCommand):
    """Sweep past events out of the upcoming ones, count the vocabulary of the search anew, forget old messages."""

    help = (
        "Takes events that are over out of the indexes of what is to come, and counts the words that mistyped "
        "searches are corrected against. Forgets messages that were done with 90 days ago. Run it every quarter of an hour; it may run at any time, twice at once too."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run, and say in one line what was done."""
        if forgotten := forget_old_messages():
            self.stdout.write(f"Messages forgotten: {forgotten}.")
        done = maintain()
        if done is None:
            self.stdout.write("Another run is at it.")
        else:
            self.stdout.write(
                f"Events that are over since the last time: {done.swept}. Words known: {done.words}."
            )
