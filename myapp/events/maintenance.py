"""What time does to a list: events end, and words fall out of use. Runs from `manage.py maintain`, at any time, twice at once."""

from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from myapp.events import vocabulary
from myapp.events.models import Event
from myapp.events.models.events import NEAR, SEARCHED
from myapp.web.page_store import forget_public_pages

_BATCH = 500
_LOCK = 7_308_328_711  # any number, as long as nothing else takes the same advisory lock


class Maintained(NamedTuple):
    """What a run has done: how many events left the upcoming ones, and how many words are known now."""

    swept: int
    words: int


def sweep() -> int:
    """Take events that are over out of the indexes of what is to come; returns how many.

    No list shows them anyway: each asks for `ends_at > now` as well. It keeps the indexes small, and the sooner the
    better, so a batch that somebody else is changing right now is left for the next time.
    """
    swept = 0
    while True:
        with transaction.atomic():
            over = Event.objects.filter(is_upcoming=True, ends_at__lte=timezone.now())
            batch = list(over.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_BATCH])
            Event.objects.filter(pk__in=batch).update(is_upcoming=False, is_near=False)
        swept += len(batch)
        if len(batch) < _BATCH:
            return swept


def draw_near() -> int:
    """Mark the events that have come near, the soonest first; returns how many.

    Lists are the same before and after. Until it is done, a search for words looks for a common one in fewer of the
    near events and in more of the rest, so it is done often rather than in time.
    """
    drawn = 0
    while True:
        with transaction.atomic():
            soon = Event.objects.filter(SEARCHED, is_near=False, listed_from__lt=timezone.now() + NEAR)
            soonest = soon.order_by("listed_from", "id").select_for_update(skip_locked=True)
            batch = list(soonest.values_list("pk", flat=True)[:_BATCH])
            Event.objects.filter(pk__in=batch).update(is_near=True)
        drawn += len(batch)
        if len(batch) < _BATCH:
            return drawn


def maintain() -> Maintained | None:
    """Sweep, draw near, and count the words anew; None where another run is counting them this moment."""
    swept = sweep()
    draw_near()
    if swept:
        forget_public_pages()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return None
        return Maintained(swept, vocabulary.relearn())
