"""Who passes the door, one by one and in the queues of devices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.checkin import answers, merging, presence, queries, rules
from myapp.checkin.actions.giving_back import keep_places_of
from myapp.checkin.answers import Answer
from myapp.checkin.merging import Merged, Seen
from myapp.checkin.models import Device, Direction, How, Presence, Scan
from myapp.checkin.presence import Passing
from myapp.checkin.reading import Ticket, is_of
from myapp.events.models import Status
from myapp.registrations.errors import NotAllowed
from myapp.registrations.models import Desk, Registration, State
from myapp.registrations.places import locked_desk


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Who lets people in, and where: the person, the name of the door, and the device that they hold."""

    user: User
    door: str = ""
    device: str = ""


def check_in(desk: Desk, ticket: Ticket, *, nonce: UUID, by: Doorkeeper, how: How) -> Answer:
    """Let somebody in, or say why not; one query, one more for who is not staff, and up to three for a refusal.

    Raises `NotAllowed` for who may not keep this door.
    """
    must_keep_door(by.user, desk)
    return passed(desk, ticket, Direction.IN, nonce=nonce, by=by, how=how)


def check_out(desk: Desk, ticket: Ticket, *, nonce: UUID, by: Doorkeeper, how: How) -> Answer:
    """Let somebody out who is in, or say why not; as many queries as `check_in`. Raises `NotAllowed`."""
    must_keep_door(by.user, desk)
    return passed(desk, ticket, Direction.OUT, nonce=nonce, by=by, how=how)


def undo(desk: Desk, nonce: UUID, *, acting_user: User) -> Scan | None:
    """Take a scan back, as if it had not been; returns it, None where there is none. Raises `NotAllowed`."""
    must_keep_door(acting_user, desk)
    return presence.undo(nonce, desk=desk.pk, at=timezone.now())


@transaction.atomic
def merge_scans(
    desk: Desk, seen: Sequence[Seen], *, by: Doorkeeper, ahead: dt.timedelta, unsent: int = 0
) -> list[Merged]:
    """Add what a device has seen without a network, and return what became of each scan; ten queries.

    `ahead` is by how much the device's clock was before ours when it sent them, `unsent` how many it keeps still. Nothing
    is refused, for it has happened; what was wrong with it is said. Whose place was released meanwhile has it again where
    it is still free. Raises `NotAllowed`.
    """
    must_keep_door(by.user, desk)
    now = timezone.now()
    if not seen:
        note_device(desk, by, unsent=unsent, now=now)
        return []
    # Whoever gives places away has done so, or sees these scans.
    current = locked_desk(desk.pk)
    note_device(current, by, unsent=unsent, now=now)
    keep_places_of(current, seen)
    return merging.added(
        current, seen, user=by.user.pk, door=by.door, device=by.device, ahead=ahead, received_at=now
    )


def note_device(desk: Desk, by: Doorkeeper, *, unsent: int, now: dt.datetime) -> None:
    """Take note that a device was heard from; one query."""
    device = Device(desk=desk, key=by.device, door=by.door, user=by.user, seen_at=now, unsent=unsent)
    Device.objects.bulk_create(
        [device],
        update_conflicts=True,
        unique_fields=["desk", "key"],
        update_fields=["door", "user", "seen_at", "unsent"],
    )


def must_keep_door(user: User, desk: Desk) -> None:
    """Raise `NotAllowed` for who may not let people in; at most one query."""
    if not rules.can_keep_door(user, desk):
        raise NotAllowed(_("Only people who act for the organiser may keep this door."))


def passed(
    desk: Desk, ticket: Ticket, direction: Direction, *, nonce: UUID, by: Doorkeeper, how: How
) -> Answer:
    """Move somebody in or out, or say why not. That `by` may do so has been asked."""
    now = timezone.now()
    shut = shut_because(desk, now)
    if shut:
        return Answer(*shut, nonce=nonce)
    if not is_of(ticket, desk):
        return _explained(desk, ticket, direction, nonce)
    noted = presence.scan(
        Passing(
            desk=desk.pk,
            registration=ticket.registration,
            place=ticket.place,
            direction=direction,
            at=now,
            door=by.door,
            device=by.device,
            nonce=nonce,
            user=by.user.pk,
            how=how,
        ),
        rotation=ticket.rotation,
    )
    if noted is None or noted.refused:
        return _explained(desk, ticket, direction, nonce)
    return Answer(
        direction.value,
        answers.passes(direction),
        name=noted.name,
        ticket_type=noted.ticket_type,
        registration=ticket.registration,
        place=ticket.place,
        at=noted.at,
        nonce=nonce,
    )


def shut_because(desk: Desk, now: dt.datetime) -> tuple[str, str] | None:
    """Return code and sentence where nobody is let in at the moment; None where the door is open. No queries."""
    if desk.event.status != Status.PUBLISHED:
        return answers.called_off()
    if now < queries.opens_at(desk.event):
        return answers.not_yet(queries.opens_at(desk.event))
    if now >= queries.closes_at(desk.event):
        return answers.over()
    return None


def _explained(desk: Desk, ticket: Ticket, direction: Direction, nonce: UUID) -> Answer:
    """Say why somebody was not let through now, or again what was said when this nonce was new; at most three queries."""
    registration = (
        Registration.objects.select_related("desk__event", "ticket_type")
        .filter(pk=ticket.registration, desk=ticket.event)
        .first()
    )
    if registration is None:
        return Answer(*answers.unknown(), nonce=nonce)
    known = Scan.objects.filter(nonce=nonce, registration=registration).first()
    code, sentence = _reason(desk, ticket, registration, known, direction)
    return Answer(
        code,
        sentence,
        name=queries.name_of_place(registration, ticket.place),
        ticket_type=registration.ticket_type.name,
        registration=registration.pk,
        place=ticket.place,
        at=known.at if known else None,
        nonce=nonce,
    )


def _reason(
    desk: Desk, ticket: Ticket, registration: Registration, known: Scan | None, direction: Direction
) -> tuple[str, str]:
    if known is not None and not known.refused:
        return known.direction, answers.passes(Direction(known.direction))
    if registration.desk_id != desk.pk:
        return answers.elsewhere(registration.desk.event, desk.event)
    if ticket.rotation is not None and ticket.rotation != registration.rotation:
        return answers.handed_on()
    if registration.state != State.CONFIRMED:
        return answers.without_place(registration)
    if ticket.place >= 1 + len(registration.guests):
        return answers.no_such_guest()
    refused = presence.ALREADY_IN if direction == Direction.IN else presence.NOT_IN
    now_in = Presence.objects.filter(registration=registration, place=ticket.place).first()
    return refused, answers.already(direction, now_in)
