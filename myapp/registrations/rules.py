"""Who may: small named predicates."""

from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.models import Event
from myapp.events.queries import EventWithdrawn
from myapp.events.rules import can_organise, is_member, visible_event_or_404
from myapp.registrations.errors import NotAllowed
from myapp.registrations.models import Audience, Desk, Registration, TicketType

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
