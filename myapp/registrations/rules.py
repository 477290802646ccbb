"""Who may, and when: small named predicates."""

import datetime as dt

from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.models import Event, Status
from myapp.events.queries import EventWithdrawn
from myapp.events.rules import (
    can_organise,
    can_see,
    is_for_whoever_has_the_address,
    is_member,
    visible_event_or_404,
)
from myapp.events.times import spoken_moment
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Audience, Desk, HandOn, Registration, State, TicketType, Way
from myapp.registrations.queue import is_before_the_draw

Person = User | AnonymousUser


def can_run_desk(user: Person, desk: Desk) -> bool:
    """Whether the person acts for the organisation behind the desk; one query for who is not staff."""
    return can_organise(user, desk.event.organisation)


def event_to_run_or_404(user: Person, slug: str) -> Event:
    """Return the event if this person acts for its organisation; at most four queries.

    Raises `Http404` where they may not even see it, `NotAllowed` where they may do no more than that.
    """
    try:
        event = visible_event_or_404(user, slug)
    except EventWithdrawn:
        raise Http404(_("This event was withdrawn by its organiser.")) from None
    if not can_organise(user, event.organisation):
        raise NotAllowed(_("Only people who act for the organiser may do this."))
    return event


def is_for(user: Person, ticket_type: TicketType, desk: Desk) -> bool:
    """Whether a ticket type is for this person; at most one query, for types that are for an organisation's members."""
    if ticket_type.audience == Audience.EVERYONE:
        return user.is_authenticated or desk.without_account
    if not isinstance(user, User):
        return False
    if ticket_type.years and user.year_of_study not in ticket_type.years:
        return False
    if ticket_type.audience == Audience.MEMBERS:
        return is_member(user, ticket_type.organisation or desk.event.organisation)
    if ticket_type.audience == Audience.DEPARTMENT:
        return user.department_id == ticket_type.department_id
    return True


def is_ones_own(user: Person, registration: Registration) -> bool:
    """Whether it is the person's own registration. No queries."""
    return user.is_authenticated and registration.user_id == user.pk


def why_not_now(
    ticket_type: TicketType, desk: Desk, now: dt.datetime | None = None
) -> RegistrationRefused | None:
    """Return why nobody can have such a ticket at the moment, be there places or not; None where people can. No queries."""
    now, event = now or timezone.now(), desk.event
    if event.status != Status.PUBLISHED or desk.way != Way.HERE:
        return RegistrationRefused("no_registration", _("There is no registration for this event."))
    if event.is_past(now):
        return RegistrationRefused("over", _("This event is over."))
    if not desk.is_open:
        return RegistrationRefused("closed", _("Registration is closed at the moment."))
    if ticket_type.opens_at and now < ticket_type.opens_at:
        when = spoken_moment(ticket_type.opens_at)
        return RegistrationRefused("not_yet", _("Registration opens %(when)s.") % {"when": when})
    draw_at = desk.draw_at if is_before_the_draw(desk) else None
    if now >= min(ticket_type.closing(event), draw_at or event.ends_at):
        return RegistrationRefused("closed", _("Registration has closed."))
    return None


def why_not_for(user: User | None, ticket_type: TicketType, desk: Desk) -> RegistrationRefused | None:
    """Return why this person, or somebody without an account, cannot have such a ticket; None where they can.

    At most three queries, none for what is for the campus or for everyone.
    """
    if user is None:
        return _why_not_without_account(ticket_type, desk)
    if not can_see(user, desk.event):
        return RegistrationRefused("not_for_you", _("This event is not for this account."))
    if not is_for(user, ticket_type, desk):
        return RegistrationRefused(
            "not_for_you", _("“%(name)s” is not for this account.") % {"name": ticket_type.name}
        )
    return None


def _why_not_without_account(ticket_type: TicketType, desk: Desk) -> RegistrationRefused | None:
    if not desk.without_account:
        return RegistrationRefused("sign_in", _("Sign in to register for this event."))
    if not is_for_whoever_has_the_address(desk.event):
        return RegistrationRefused("not_for_you", _("This event is not for this account."))
    if ticket_type.audience != Audience.EVERYONE:
        return RegistrationRefused(
            "sign_in", _("Sign in to register with “%(name)s”.") % {"name": ticket_type.name}
        )
    return None


def can_give_feedback(registration: Registration) -> bool:
    """Whether the person may say how it was: they had a place, and it is over. No queries where the event is loaded."""
    event = registration.desk.event
    took_place = event.status == Status.PUBLISHED and event.is_past()
    return took_place and registration.state == State.CONFIRMED


def why_not_hand_on(
    registration: Registration, desk: Desk, now: dt.datetime | None = None
) -> RegistrationRefused | None:
    """Return why a ticket cannot be handed on; None where it can. No queries."""
    now, event = now or timezone.now(), desk.event
    if registration.state != State.CONFIRMED or event.status != Status.PUBLISHED:
        return RegistrationRefused("no_ticket", _("There is no ticket to hand on."))
    if not desk.can_hand_on:
        return RegistrationRefused("no_handing_on", _("Tickets for this event are not handed on."))
    if registration.ticket_type.needs_approval:
        return RegistrationRefused(
            "needs_approval", _("An organiser accepted you in person, so this ticket stays yours.")
        )
    if now >= event.starts_at:
        return RegistrationRefused("too_late", _("The event has begun; tickets are no longer handed on."))
    return None


def why_not_take_over(offer: HandOn, desk: Desk, user: User | None) -> RegistrationRefused | None:
    """Return why this person, or somebody without an account, cannot have a ticket that is offered; None where they can.

    Reads `offer.registration.ticket_type`. At most three queries, none for what is for the campus or for everyone.
    """
    registration = offer.registration
    is_open = offer.is_open and offer.until > timezone.now() and offer.rotation == registration.rotation
    if not is_open or why_not_hand_on(registration, desk):
        return RegistrationRefused("offer_over", _("This ticket is no longer offered."))
    if user is not None and registration.user_id == user.pk:
        return RegistrationRefused("to_yourself", _("This is your own ticket."))
    return why_not_for(user, registration.ticket_type, desk)
