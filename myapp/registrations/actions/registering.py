"""What a person does with their own registration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, gettext as _, ngettext

from myapp.accounts.addresses import same_address
from myapp.accounts.models import User
from myapp.events.models import Status
from myapp.registrations import messages, rules, strikes
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import LIVE, Because, Desk, Registration, State, TicketType
from myapp.registrations.places import HOLD, locked_desk, settle
from myapp.registrations.presence import must_not_have_come
from myapp.registrations.queue import fill, is_before_the_draw, must_wait

# How long somebody without an account has to find our mail and follow its link.
CONFIRM = dt.timedelta(minutes=30)


@transaction.atomic
def register(
    ticket_type: TicketType,
    *,
    acting_user: User | None,
    guests: Sequence[str] = (),
    answers: Mapping[str, Any] | None = None,
    wait: bool = True,
    email: str = "",
    name: str = "",
) -> Registration:
    """Register a person for an event: with a place, in the queue, in the draw, or for an organiser to accept.

    `answers` has been checked by the form of the desk's questions; without it, a free place is held for ten minutes
    where the desk asks something. Without an account an `email` and a `name` stand for the person, and the place is held
    until they follow the link that is sent there. Registering again returns the registration that there is, unchanged.
    Raises `RegistrationRefused`; "full" where no place is free and the person would not `wait`.
    """
    desk = locked_desk(ticket_type.desk_id)
    ticket_type = desk.types.select_related("organisation").get(pk=ticket_type.pk)
    existing = _live(desk, acting_user, email)
    if existing is not None:
        return existing
    _must_be_open(desk, ticket_type, acting_user)
    _must_allow(desk, ticket_type, guests)
    registration = Registration(desk=desk, ticket_type=ticket_type, user=acting_user, guests=list(guests))
    registration.email = "" if acting_user else email
    registration.language = "" if acting_user else get_language() or ""
    registration.name = (name or (acting_user.get_full_name() if acting_user else ""))[:150]
    if answers is not None:
        registration.answers, registration.answered_at = dict(answers), timezone.now()
    return _placed(registration, desk, wait=wait)


def refuse_as_anybody(ticket_type: TicketType, desk: Desk, *, guests: Sequence[str], wait: bool) -> None:
    """Raise `RegistrationRefused` where somebody new would be refused for want of room, as far as one sees without the lock.

    For who is registered already and has not signed in: the answer must not tell. At most one query.
    """
    _must_allow(desk, ticket_type, guests)
    goes_elsewhere = is_before_the_draw(desk) or ticket_type.needs_approval
    if not wait and not goes_elsewhere and must_wait(desk, ticket_type, 1 + len(guests)):
        raise RegistrationRefused("full", _("All places are taken."))


def _live(desk: Desk, user: User | None, email: str) -> Registration | None:
    """The registration that this person has already; one query."""
    who = Q(user=user) if user else Q(same_address(email), user=None)
    return Registration.objects.filter(who, desk=desk, state__in=LIVE).select_related("ticket_type").first()


def _must_be_open(desk: Desk, ticket_type: TicketType, user: User | None) -> None:
    """Raise `RegistrationRefused` with the first reason why this person cannot have such a ticket now."""
    refusal = rules.why_not_now(ticket_type, desk) or rules.why_not_for(user, ticket_type, desk)
    if refusal is not None:
        raise refusal


def _must_allow(desk: Desk, ticket_type: TicketType, guests: Sequence[str]) -> None:
    if len(guests) > ticket_type.guests:
        raise RegistrationRefused(
            "too_many_guests",
            ngettext(
                "You may bring %(number)s guest.",
                "You may bring up to %(number)s guests.",
                ticket_type.guests,
            )
            % {"number": ticket_type.guests}
            if ticket_type.guests
            else _("This ticket is for one person."),
        )
    most = min((each for each in (desk.capacity, ticket_type.capacity) if each is not None), default=None)
    if guests and most is not None and 1 + len(guests) > most:
        raise RegistrationRefused("never_fits", _("There are not as many places as you are people."))


def _placed(registration: Registration, desk: Desk, *, wait: bool) -> Registration:
    """Put a new registration where it belongs. The desk is locked."""
    ticket_type, places = registration.ticket_type, 1 + len(registration.guests)
    now = timezone.now()
    unknown_until = None if registration.user else now + CONFIRM
    if is_before_the_draw(desk):
        return settle(registration, desk, State.ENTERED, because=Because.ASKED, until=unknown_until)
    if ticket_type.needs_approval:
        return settle(registration, desk, State.PENDING, because=Because.ASKED, until=unknown_until)
    if must_wait(desk, ticket_type, places):
        if not wait:
            raise RegistrationRefused("full", _("All places are taken."))
        return settle(registration, desk, State.WAITING, because=Because.WAS_FULL, until=unknown_until)
    if opens := strikes.takes_free_places_from(registration.user, desk):
        raise RegistrationRefused("strikes", strikes.sentence(opens))
    if unknown_until or (desk.asks and registration.answered_at is None):
        return settle(
            registration, desk, State.HELD, because=Because.WAS_FREE, until=unknown_until or now + HOLD
        )
    return settle(registration, desk, State.CONFIRMED, because=Because.WAS_FREE)


def _locked(registration: Registration, user: User | None) -> tuple[Desk, Registration]:
    """Return the desk, locked, and the registration as it is now. Raises `NotAllowed` for what is somebody else's."""
    desk = locked_desk(registration.desk_id)
    current = Registration.objects.select_related("ticket_type", "user").get(pk=registration.pk)
    current.desk = desk
    theirs = rules.is_ones_own(user, current) if user else current.user_id is None
    # A request that was on its way while the ticket changed hands.
    if not theirs or current.rotation != registration.rotation:
        raise NotAllowed(_("This is somebody else's registration."))
    return desk, current


def _must_still_stand(current: Registration, desk: Desk) -> None:
    """Raise `RegistrationRefused` for a place held or offered that cannot be confirmed any more. No queries.

    A hold that has run out and that the sweep has not ended is still good where nobody waits for the place.
    """
    if current.state not in {State.HELD, State.OFFERED}:
        return
    now = timezone.now()
    if desk.event.status != Status.PUBLISHED:
        raise RegistrationRefused("over", _("This registration is over."))
    if desk.event.is_past(now):
        raise RegistrationRefused("over", _("This event is over."))
    if current.until is None or current.until > now:
        return
    if current.state == State.OFFERED:
        raise RegistrationRefused(
            "offer_over", _("This offer has run out; the place went to the next in line.")
        )
    if desk.waiting:
        raise RegistrationRefused("over", _("This registration is over."))


@transaction.atomic
def answer(
    registration: Registration, answers: Mapping[str, Any], *, acting_user: User | None
) -> Registration:
    """Answer the questions, which have been checked by their form; confirms a place that is held or offered.

    Answers may be changed until the ticket type closes. A hold that has run out is taken up again where there is still
    room and nobody waits. Raises `RegistrationRefused`, `NotAllowed`.
    """
    desk, current = _locked(registration, acting_user)
    if current.state == State.EXPIRED and current.answered_at is None:
        return _taken_up_again(current, desk, answers)
    if not current.is_live:
        raise RegistrationRefused("over", _("This registration is over."))
    _must_still_stand(current, desk)
    if current.state == State.CONFIRMED and timezone.now() >= current.ticket_type.closing(desk.event):
        raise RegistrationRefused("closed", _("Answers could be changed until registration closed."))
    current.answers, current.answered_at = dict(answers), timezone.now()
    if current.state in {State.HELD, State.OFFERED} and current.is_somebodys:
        return settle(current, desk, State.CONFIRMED, because=Because.ANSWERED)
    current.save(update_fields=["answers", "answered_at"])
    return current


def _taken_up_again(registration: Registration, desk: Desk, answers: Mapping[str, Any]) -> Registration:
    """Register anew whose hold ran out while they wrote: with what they wrote."""
    return register(
        registration.ticket_type,
        acting_user=registration.user,
        guests=registration.guests,
        answers=answers,
        wait=bool(desk.waiting),
        email=registration.email,
        name=registration.name,
    )


@transaction.atomic
def accept(registration: Registration, *, acting_user: User | None) -> Registration:
    """Accept a place that was offered. Raises `RegistrationRefused` where the offer has run out, `NotAllowed`."""
    desk, current = _locked(registration, acting_user)
    if current.state == State.CONFIRMED:
        return current
    if current.state != State.OFFERED:
        raise RegistrationRefused(
            "offer_over", _("This offer has run out; the place went to the next in line.")
        )
    _must_still_stand(current, desk)
    if desk.asks and current.answered_at is None:
        raise RegistrationRefused("answers_missing", _("Answer the questions to accept the place."))
    if current.user_id is None:
        current.email_confirmed_at = current.email_confirmed_at or timezone.now()
    return settle(current, desk, State.CONFIRMED, because=Because.ACCEPTED)


@transaction.atomic
def confirm_address(registration: Registration) -> Registration:
    """Take note that somebody without an account has followed the link in our mail; confirms a place held for that.

    The caller has checked the link. Raises `RegistrationRefused` where it came too late.
    """
    desk, current = _locked(registration, None)
    if not current.is_live:
        raise RegistrationRefused("over", _("This registration is over."))
    if current.email_confirmed_at is None:
        _must_still_stand(current, desk)
        current.email_confirmed_at = timezone.now()
        if current.state == State.HELD and not (desk.asks and current.answered_at is None):
            return settle(current, desk, State.CONFIRMED, because=Because.ANSWERED)
        if current.state != State.OFFERED:
            current.until = timezone.now() + HOLD if current.state == State.HELD else None
        current.save(update_fields=["email_confirmed_at", "until"])
        messages.told(current, None)
    return current


@transaction.atomic
def cancel(registration: Registration, *, acting_user: User | None) -> Registration:
    """Give the place, or the turn in the queue, back; a place goes to the next in line in the same transaction.

    Raises `RegistrationRefused` after the deadline and of who has come, `NotAllowed`.
    """
    desk, current = _locked(registration, acting_user)
    if not current.is_live:
        return current
    if current.state == State.CONFIRMED and not desk.can_be_cancelled():
        raise RegistrationRefused(
            "too_late", _("It is too late to cancel here; tell the organiser that you are not coming.")
        )
    if current.has_place:
        must_not_have_come(current)
    because = Because.DECLINED if current.state == State.OFFERED else Because.ASKED
    settle(current, desk, State.CANCELLED, because=because)
    fill(desk)
    return current


@transaction.atomic
def change(
    registration: Registration,
    *,
    ticket_type: TicketType | None = None,
    guests: Sequence[str] | None = None,
    acting_user: User | None,
) -> Registration:
    """Change the type or the guests of a registration that keeps its place, or its turn, whatever comes of it.

    Raises `RegistrationRefused` where there is no room for more, where fewer are to come and somebody has come already, or
    where the type is not for the person; `NotAllowed`.
    """
    desk, current = _locked(registration, acting_user)
    if not current.is_live:
        raise RegistrationRefused("over", _("This registration is over."))
    kind = desk.types.select_related("organisation").get(pk=(ticket_type or current.ticket_type).pk)
    names = list(current.guests if guests is None else guests)
    if kind.pk == current.ticket_type_id and names == current.guests:
        return current
    _must_be_open(desk, kind, current.user)
    _must_allow(desk, kind, names)
    if len(names) < len(current.guests):
        must_not_have_come(current)
    if kind.pk != current.ticket_type_id and kind.needs_approval:
        raise RegistrationRefused(
            "needs_approval", _("“%(name)s” needs an organiser's word.") % {"name": kind.name}
        )
    if current.has_place:
        _must_have_room(desk, current, kind, names)
    settle(
        current,
        desk,
        State(current.state),
        because=Because.CHANGED,
        ticket_type=kind,
        guests=names,
        until=current.until,
    )
    fill(desk)
    return current


def _must_have_room(desk: Desk, current: Registration, kind: TicketType, names: list[str]) -> None:
    """Raise `RegistrationRefused` where more would be taken than is free, or than is left for those who wait."""
    more = len(names) - len(current.guests)
    of_type = more if kind.pk == current.ticket_type_id else 1 + len(names)
    jumps = (more > 0 or of_type > 0) and desk.waiting and must_wait(desk, kind, max(of_type, 1))
    fits = (desk.free is None or desk.free >= more) and (kind.free is None or kind.free >= of_type)
    if jumps or not fits:
        raise RegistrationRefused("full", _("There is no room for that. Your place stays as it is."))
