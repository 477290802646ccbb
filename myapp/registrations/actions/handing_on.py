"""Handing a ticket on: offered to an address, taken by whoever reads the mail there. Until then it is the giver's."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext as _

from myapp.accounts.addresses import same_address
from myapp.accounts.models import User
from myapp.notify import outbox
from myapp.registrations import queries, rules
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import LIVE, Because, Desk, HandOn, Registration, State
from myapp.registrations.places import locked_desk, settle
from myapp.registrations.presence import must_not_have_come

# How long an offer stands: long enough to read one's mail, short enough to find somebody else.
OFFERED = dt.timedelta(hours=48)


@transaction.atomic
def hand_on(registration: Registration, email: str, *, acting_user: User | None) -> HandOn:
    """Offer a ticket to an address, and mail a link there; the offer before it counts no more.

    The same address again, while the offer stands, is the same offer. Raises `RegistrationRefused`, `NotAllowed`.
    """
    desk, current = _own(registration, acting_user)
    if refusal := rules.why_not_hand_on(current, desk):
        raise refusal
    must_not_have_come(current)
    now = timezone.now()
    if email.lower() == (acting_user.email if acting_user else current.email).lower():
        raise RegistrationRefused("to_yourself", _("This address is your own."))
    standing = current.hand_ons.filter(taken_at=None, withdrawn_at=None).first()
    if standing is not None and standing.email.lower() == email.lower() and standing.until > now:
        return standing
    _close(current, now)
    offer = HandOn.objects.create(
        registration=current,
        giver=acting_user,
        email=email,
        rotation=current.rotation,
        until=min(now + OFFERED, desk.event.starts_at),
    )
    outbox.tell(
        "ticket_offered_on",
        email=email,
        about={"hand_on": offer.pk},
        cause=f"hand_on:{offer.pk}",
        language=get_language() or "",
    )
    return offer


@transaction.atomic
def take_back(registration: Registration, *, acting_user: User | None) -> None:
    """Take back the offer of a ticket, so that its link leads nowhere. Raises `NotAllowed`."""
    _desk, current = _own(registration, acting_user)
    _close(current, timezone.now())


@transaction.atomic
def take_over(offer: HandOn, *, acting_user: User | None, name: str = "") -> Registration:
    """Take a ticket that was offered: it changes hands with its place, its guests and a new code; the old code is void.

    Without an account the mail that was read is the proof, and a `name` is wanted; where the address has an account, the
    ticket goes there. Answers were the giver's and go. Taking it again changes nothing. Raises `RegistrationRefused`.
    """
    desk = locked_desk(offer.registration.desk_id)
    offer = HandOn.objects.select_related("registration__ticket_type__organisation").get(pk=offer.pk)
    current = offer.registration
    current.desk = desk
    if offer.taken_at and acting_user is not None and current.user_id == acting_user.pk:
        return current
    if refusal := rules.why_not_take_over(offer, desk, acting_user):
        raise refusal
    if acting_user is None and (account := queries.account_of(offer.email)):
        # Without signing in, where that is not needed, but the address has an account: the ticket is the account's.
        acting_user = account
        if refusal := rules.why_not_take_over(offer, desk, account):
            raise refusal
    must_not_have_come(current)
    email = "" if acting_user else offer.email
    _must_have_none(desk, acting_user, email)
    before = (current.user_id, current.email, current.language)
    current.user, current.email = acting_user, email
    current.email_confirmed_at = None if acting_user else timezone.now()
    current.language = "" if acting_user else get_language() or ""
    current.name = (acting_user.get_full_name() if acting_user else name)[:150]
    current.rotation += 1
    current.answers, current.answered_at = {}, None
    settle(current, desk, State.CONFIRMED, because=Because.HANDED_ON)
    HandOn.objects.filter(pk=offer.pk).update(taken_at=timezone.now(), revision=current.revision, email="")
    giver, address, language = before
    outbox.tell(
        "ticket_taken_over",
        user=giver,
        email="" if giver else address,
        about={"hand_on": offer.pk},
        cause=f"hand_on:{offer.pk}:taken",
        language="" if giver else language,
    )
    return current


def _own(registration: Registration, user: User | None) -> tuple[Desk, Registration]:
    """Return the desk, locked, and the registration as it is now. Raises `NotAllowed` for what is somebody else's."""
    desk = locked_desk(registration.desk_id)
    current = Registration.objects.select_related("ticket_type").get(pk=registration.pk)
    current.desk = desk
    theirs = rules.is_ones_own(user, current) if user else current.user_id is None
    # A page that was open while the ticket changed hands.
    if not theirs or current.rotation != registration.rotation:
        raise NotAllowed(_("This is somebody else's registration."))
    return desk, current


def _close(registration: Registration, now: dt.datetime) -> None:
    registration.hand_ons.filter(taken_at=None, withdrawn_at=None).update(withdrawn_at=now, email="")


def _must_have_none(desk: Desk, user: User | None, email: str) -> None:
    """Raise `RegistrationRefused` where the person is registered already: nobody holds two places. One query."""
    theirs = desk.registrations.filter(state__in=LIVE)
    theirs = theirs.filter(user=user) if user else theirs.filter(same_address(email), user=None)
    if theirs.exists():
        raise RegistrationRefused(
            "already_registered", _("You are registered for this event already. Give that back first.")
        )
