"""What somebody registered for without an account becomes part of the account that has proved the address."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from myapp.accounts.addresses import same_address
from myapp.accounts.models import User
from myapp.registrations import messages
from myapp.registrations.models import LIVE, Because, Desk, Registration, State
from myapp.registrations.places import HOLD, locked_desk, settle
from myapp.registrations.queue import fill

# Of two registrations for one event the one that is further stays.
_FURTHEST_FIRST = (
    State.CONFIRMED,
    State.OFFERED,
    State.HELD,
    State.PENDING,
    State.ENTERED,
    State.WAITING,
)


def join_account(user: User, email: str) -> int:
    """Give a person what was registered with an address that is theirs, as they have proved; returns how many it were.

    A transaction for each event. Where they are registered with their account as well, one of the two stays: the one that
    is further, of two in the queue the earlier. The second time there is nothing left to do. One query where there is nothing.
    """
    found = Registration.objects.filter(same_address(email), user=None).exclude(email="")
    return sum(_join_at(pk, user, email) for pk in found.values_list("desk", flat=True).distinct().order_by())


@transaction.atomic
def _join_at(pk: int, user: User, email: str) -> int:
    desk = locked_desk(pk)
    found = desk.registrations.select_related("ticket_type").filter(same_address(email), user=None)
    joining = list(found.order_by("pk"))
    theirs = desk.registrations.select_related("ticket_type").filter(user=user, state__in=LIVE).first()
    for registration in joining:
        registration.desk = desk
        if registration.is_live:
            theirs = _one_of(desk, registration, theirs)
        _hand_over(desk, registration, user)
    fill(desk)
    return len(joining)


def _one_of(desk: Desk, one: Registration, other: Registration | None) -> Registration:
    """Return which of a person's two registrations stays; the other is cancelled."""
    if other is None:
        return one
    stays, goes = sorted([one, other], key=_rank)
    settle(goes, desk, State.CANCELLED, because=Because.CHANGED)
    return stays


def _rank(registration: Registration) -> tuple[int, int, int]:
    state = _FURTHEST_FIRST.index(State(registration.state))
    return state, registration.queue_number or 0, registration.pk


def _hand_over(desk: Desk, registration: Registration, user: User) -> None:
    """Make a registration the account's; what waited for the address to be confirmed waits no more."""
    is_news = registration.is_live and registration.email_confirmed_at is None
    registration.user = user
    if not is_news:
        registration.save(update_fields=["user"])
        return
    registration.email_confirmed_at = timezone.now()
    if registration.state == State.HELD and not (desk.asks and registration.answered_at is None):
        settle(registration, desk, State.CONFIRMED, because=Because.ANSWERED)
        return
    if registration.state != State.OFFERED:
        registration.until = timezone.now() + HOLD if registration.state == State.HELD else None
    registration.save(update_fields=["user", "email_confirmed_at", "until"])
    messages.told(registration, None)
