"""What organisers do at the desk of their event."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from myapp.accounts.models import User
from myapp.registrations import presence, rules
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Because, Desk, Registration, State, TicketType
from myapp.registrations.places import locked_desk, settle
from myapp.registrations.queue import fill, must_wait, needs_consent


def _locked_for(pk: int, user: User) -> Desk:
    """Return the desk, locked. Raises `NotAllowed` for who does not act for its organisation."""
    desk = locked_desk(pk)
    if not rules.can_run_desk(user, desk):
        raise NotAllowed(_("Only people who act for the organiser may do this."))
    return desk


@transaction.atomic
def set_capacity(
    desk: Desk, capacity: int | None, *, ticket_type: TicketType | None = None, acting_user: User
) -> list[Registration]:
    """Set how many places the event, or one of its ticket types, has; the queue follows. Returns who was moved up.

    Raises `RegistrationRefused` where more are taken already, `NotAllowed`.
    """
    current = _locked_for(desk.pk, acting_user)
    thing = current.types.get(pk=ticket_type.pk) if ticket_type else current
    if capacity is not None and capacity < thing.taken:
        raise RegistrationRefused(
            "taken",
            ngettext(
                "%(number)s place is taken already.", "%(number)s places are taken already.", thing.taken
            )
            % {"number": thing.taken},
        )
    if thing.capacity == capacity:
        return []
    thing.capacity = capacity
    thing.save(update_fields=["capacity"])
    return fill(current, because=Because.MORE_PLACES)


@transaction.atomic
def close_desk(desk: Desk, *, acting_user: User) -> None:
    """Let nobody register for now; who has a place or waits is not touched. Raises `NotAllowed`."""
    _set_open(desk, is_open=False, acting_user=acting_user)


@transaction.atomic
def open_desk(desk: Desk, *, acting_user: User) -> None:
    """Let people register again. Raises `NotAllowed`."""
    _set_open(desk, is_open=True, acting_user=acting_user)


def _set_open(desk: Desk, *, is_open: bool, acting_user: User) -> None:
    current = _locked_for(desk.pk, acting_user)
    current.is_open = is_open
    current.save(update_fields=["is_open"])


@transaction.atomic
def approve(registrations: Iterable[Registration], *, acting_user: User) -> list[Registration]:
    """Accept registrations that wait for an organiser's word, in the order in which they came; returns those accepted.

    Who is accepted while no place is free goes on the waiting list. All are of one event. Raises `NotAllowed`.
    """
    approved = []
    desk, pending = _pending(registrations, acting_user)
    for registration in pending:
        # Read anew each time: the one before may have taken the last place.
        kind = desk.types.get(pk=registration.ticket_type_id)
        if must_wait(desk, kind, 1 + len(registration.guests)):
            # Until then, where we do not know yet whether the address is theirs.
            until = registration.until
            settle(registration, desk, State.WAITING, because=Because.APPROVED, until=until)
        elif needs_consent(registration, desk, timezone.now()):
            until = desk.offer_ends(timezone.now())
            settle(registration, desk, State.OFFERED, because=Because.APPROVED, until=until)
        else:
            settle(registration, desk, State.CONFIRMED, because=Because.APPROVED)
        approved.append(registration)
    return approved


@transaction.atomic
def refuse(registrations: Iterable[Registration], *, sentence: str, acting_user: User) -> list[Registration]:
    """Refuse registrations that wait for an organiser's word, with a sentence for the people; returns those refused.

    Raises `NotAllowed`.
    """
    desk, pending = _pending(registrations, acting_user)
    for registration in pending:
        registration.sentence = sentence[:300]
        settle(registration, desk, State.REFUSED, because=Because.NOT_APPROVED)
    return pending


def _pending(registrations: Iterable[Registration], user: User) -> tuple[Desk, list[Registration]]:
    """Return the desk of some registrations, locked, and those of them that are still pending, the first first."""
    given = list(registrations)
    if not given:
        raise RegistrationRefused("nobody", _("Choose somebody first."))
    desk = _locked_for(given[0].desk_id, user)
    pending = desk.registrations.filter(pk__in=[each.pk for each in given], state=State.PENDING)
    return desk, list(pending.select_related("ticket_type", "user").order_by("pk"))


@transaction.atomic
def take_off(registration: Registration, *, sentence: str, acting_user: User) -> Registration:
    """Take somebody off the list, with a sentence for them; the place goes to the next in line. Raises `NotAllowed`.

    Whoever is just coming in with it is in by then, which the organiser has decided about as well, or has no place.
    """
    desk = _locked_for(registration.desk_id, acting_user)
    presence.hold([registration])
    current = desk.registrations.select_related("ticket_type").get(pk=registration.pk)
    if current.is_live:
        current.sentence = sentence[:300]
        settle(current, desk, State.CANCELLED, because=Because.TAKEN_OFF)
        fill(desk)
    return current
