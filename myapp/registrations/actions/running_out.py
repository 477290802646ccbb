"""What time does: holds, offers and unconfirmed addresses run out, and the places go to the next in line."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from myapp.registrations.models import LIVE, Because, Desk, HandOn, Registration, State
from myapp.registrations.places import locked_desk, settle
from myapp.registrations.queue import fill


def let_run_out() -> int:
    """End what has run out, desk by desk, each in a transaction of its own; returns how many registrations ended.

    May run at any time, twice at once: the lock of a desk makes the second find nothing. Two queries, to close offers of tickets and to see which desks;
    for each of them two, and those of what ends and who moves up.
    """
    # Of tickets offered to somebody: the address they were offered to is not needed any more.
    over = HandOn.objects.filter(taken_at=None, withdrawn_at=None, until__lte=timezone.now())
    over.update(withdrawn_at=F("until"), email="")
    due = Registration.objects.filter(until__lte=timezone.now(), state__in=LIVE)
    return sum(_of_desk(pk) for pk in due.values_list("desk", flat=True).distinct().order_by())


@transaction.atomic
def _of_desk(pk: int) -> int:
    return end_what_ran_out(locked_desk(pk))


def end_what_ran_out(desk: Desk) -> int:
    """End what has run out at one desk, which is locked, and let the queue move; returns how many registrations ended."""
    due = desk.registrations.filter(until__lte=timezone.now(), state__in=LIVE).select_related("ticket_type")
    ended = list(due.order_by("until", "pk"))
    for registration in ended:
        settle(registration, desk, State.EXPIRED, because=Because.TIME_RAN_OUT)
    if ended:
        fill(desk)
    return len(ended)
