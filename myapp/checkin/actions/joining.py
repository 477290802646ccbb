"""How somebody comes in who stands at the door without a ticket: from the queue, as a walk-in, or by themselves."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from myapp.accounts.addresses import same_address
from myapp.accounts.models import User
from myapp.checkin.actions.passing import Doorkeeper, must_keep_door, passed, shut_because
from myapp.checkin.answers import Answer
from myapp.checkin.models import Direction, DoorSettings, How, Scan
from myapp.checkin.reading import ticket_of
from myapp.checkin.rules import can_run_door
from myapp.registrations.actions import end_what_ran_out
from myapp.registrations.models import LIVE, Because, Desk, Registration, State, TicketType
from myapp.registrations.places import has_room, locked_desk, settle
from myapp.registrations.queue import is_before_the_draw


@transaction.atomic
def walk_in(
    desk: Desk,
    ticket_type: TicketType,
    *,
    name: str,
    email: str,
    nonce: UUID,
    by: Doorkeeper,
    past_queue: bool = False,
) -> Answer:
    """Register somebody at the door, where a place is free, and let them in; whoever has a place already is let in.

    Who is on the waiting list comes in by its rules (`let_in_from_queue`), and whom the draw or an organiser decides about
    only where the doorkeeper runs the door. A place that was held or offered until a time that is over is the next one's,
    and whoever had it comes in like anybody else. Whoever waits comes first, unless the doorkeeper says that nobody of them
    is there (`past_queue`). Places are those of the event: an organiser may add some, nobody else is let in beyond them.
    Raises `NotAllowed`.
    """
    must_keep_door(by.user, desk)
    current = locked_desk(desk.pk)
    shut = shut_because(current, timezone.now())
    if shut:
        return Answer(*shut, nonce=nonce)
    known = Scan.objects.filter(nonce=nonce, desk=desk).select_related("registration").first()
    registration = known.registration if known else _registration_of(current, email)
    if registration is not None and _has_run_out(current, registration):
        end_what_ran_out(current)
        registration = None
    if registration is None:
        kind = current.types.get(pk=ticket_type.pk)
        if _is_decided_about(current, kind) and not can_run_door(by.user, current):
            return _not_decided(nonce)
        refused = _no_place(current, kind) or ("" if past_queue else _queue_first(current.waiting))
        if refused:
            return Answer("full" if not has_room(current, kind) else "queue_first", refused, nonce=nonce)
        registration = _registered(current, kind, name=name, email=email)
    elif registration.is_live and registration.state != State.CONFIRMED:
        refusal = _not_as_it_is(current, registration, by, nonce, past_queue=past_queue)
        if refusal:
            return refusal
        settle(registration, current, State.CONFIRMED, because=Because.AT_THE_DOOR)
    return passed(desk, ticket_of(registration), Direction.IN, nonce=nonce, by=by, how=How.WALK_IN)


def _not_as_it_is(
    desk: Desk, registration: Registration, by: Doorkeeper, nonce: UUID, *, past_queue: bool
) -> Answer | None:
    """Say why somebody who is registered, and not confirmed, has no place now; None where they may have one.

    A place that is held or offered is counted already. The desk is locked; at most one query.
    """
    if registration.has_place:
        return None
    if registration.state == State.WAITING:
        refusal = _not_from_queue(desk, registration, nonce)
        if refusal or past_queue:
            return refusal
        before = desk.registrations.filter(state=State.WAITING, queue_number__lt=registration.queue_number)
        first = _queue_first(before.count())
        return Answer("queue_first", first, name=registration.name, nonce=nonce) if first else None
    if not can_run_door(by.user, desk):
        return _not_decided(nonce)
    refused = _no_place(desk, registration.ticket_type, registration.places)
    return Answer("full", refused, name=registration.name, nonce=nonce) if refused else None


def _has_run_out(desk: Desk, registration: Registration) -> bool:
    """Whether it is over, though nothing has ended it yet: as on its page, a hold for which nobody waits is still good.

    The desk is locked. No queries.
    """
    if not registration.is_live or registration.state == State.CONFIRMED:
        return False
    is_past = registration.until is not None and registration.until <= timezone.now()
    return is_past and (registration.state != State.HELD or desk.waiting > 0)


def _is_decided_about(desk: Desk, ticket_type: TicketType) -> bool:
    """Whether nobody has such a ticket by coming first. No queries."""
    return ticket_type.needs_approval or is_before_the_draw(desk)


def _not_decided(nonce: UUID) -> Answer:
    return Answer("not_confirmed", _("An organiser decides about this place."), nonce=nonce)


def _not_from_queue(desk: Desk, waiting: Registration, nonce: UUID) -> Answer | None:
    """Say why somebody of the waiting list cannot have a place at the door now; None where they can. No queries."""
    if timezone.now() < desk.event.starts_at:
        sentence = _("Until the event begins, the waiting list moves by itself.")
        return Answer("queue_moves", sentence, name=waiting.name, nonce=nonce)
    refused = _no_place(desk, waiting.ticket_type, waiting.places)
    return Answer("full", refused, name=waiting.name, nonce=nonce) if refused else None


def _registration_of(desk: Desk, email: str) -> Registration | None:
    """The live registration of whoever has this address; one query."""
    who = same_address(email, "user__email") | Q(same_address(email), user=None)
    return desk.registrations.filter(who, state__in=LIVE).select_related("ticket_type", "user").first()


def _registered(desk: Desk, ticket_type: TicketType, *, name: str, email: str) -> Registration:
    user = User.objects.filter(same_address(email), is_active=True).first()
    registration = Registration(
        desk=desk, ticket_type=ticket_type, user=user, name=name[:150], email="" if user else email
    )
    return settle(registration, desk, State.CONFIRMED, because=Because.AT_THE_DOOR)


def _no_place(desk: Desk, ticket_type: TicketType, places: int = 1) -> str:
    """Say that no place is free; "" where one is. No queries."""
    return "" if has_room(desk, ticket_type, places) else _("All places are taken.")


def _queue_first(number: int) -> str:
    """Say how many come first; "" where nobody waits. No queries."""
    if not number:
        return ""
    return ngettext(
        "%(number)s registration is waiting and comes first.",
        "%(number)s registrations are waiting and come first.",
        number,
    ) % {"number": number}


@transaction.atomic
def let_in_from_queue(desk: Desk, registration: Registration, *, nonce: UUID, by: Doorkeeper) -> Answer:
    """Give a free place to somebody of the waiting list who stands at the door, and let them in.

    From the start of the event on, when the queue does not move by itself any more. The doorkeeper calls the names in
    their order; the public log shows whom they let in. Raises `NotAllowed`.
    """
    must_keep_door(by.user, desk)
    current = locked_desk(desk.pk)
    waiting = current.registrations.select_related("ticket_type", "user").get(pk=registration.pk)
    if waiting.state == State.WAITING:
        refusal = _not_from_queue(current, waiting, nonce)
        if refusal:
            return refusal
        settle(waiting, current, State.CONFIRMED, because=Because.AT_THE_DOOR)
    return passed(desk, ticket_of(waiting), Direction.IN, nonce=nonce, by=by, how=How.SEARCH)


def check_in_oneself(desk: Desk, *, nonce: UUID, acting_user: User) -> Answer:
    """Let a person in who has read the code in the room, which the caller has checked.

    Their own place, not those of guests. At most six queries. Whoever has no place reads why.
    """
    if not DoorSettings.objects.filter(desk=desk, can_check_in_oneself=True).exists():
        sentence = _("At this event somebody at the door lets people in.")
        return Answer("not_by_oneself", sentence, nonce=nonce)
    own = desk.registrations.filter(user=acting_user)
    registration = own.filter(state__in=LIVE).first() or own.order_by("-pk").first()
    if registration is None:
        return Answer("not_registered", _("You have no ticket for this event."), nonce=nonce)
    by = Doorkeeper(acting_user)
    return passed(desk, ticket_of(registration), Direction.IN, nonce=nonce, by=by, how=How.SELF)
