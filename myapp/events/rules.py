"""Who may: small named predicates, and the door that asks them, used by pages, islands, the admin and feeds alike."""

from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events import queries
from myapp.events.models import Event, Membership, Organisation, Role, Status, Visibility

Person = User | AnonymousUser


def is_member(user: Person, organisation: Organisation) -> bool:
    """Whether the person belongs to the organisation, in any role; one query for a signed-in person."""
    return user.is_authenticated and Membership.objects.filter(organisation=organisation, user=user).exists()


def can_organise(user: Person, organisation: Organisation) -> bool:
    """Whether the person acts for the organisation; one query for a signed-in person who is not staff."""
    if not user.is_authenticated:
        return False
    return (
        user.is_staff
        or Membership.objects.filter(organisation=organisation, user=user, role=Role.ORGANISER).exists()
    )


def is_for_whoever_has_the_address(event: Event) -> bool:
    """Whether no sign-in stands before it: it is for everyone or for whoever has the link, in whatever state."""
    return event.visibility in {Visibility.EVERYONE, Visibility.LINK}


def is_out(event: Event) -> bool:
    """Whether those whom it is for may read it: it is published, also where it has been cancelled since."""
    return event.status in {Status.PUBLISHED, Status.CANCELLED}


def is_open_to_everyone(event: Event) -> bool:
    """Whether whoever has the address may read it: it is published, for everyone or for whoever has the link."""
    return is_out(event) and is_for_whoever_has_the_address(event)


def can_see(user: Person, event: Event) -> bool:
    """Whether the person may read the event; at most two queries.

    Drafts are for those who act for the organisation; what is withdrawn is gone for all.
    """
    if event.status == Status.WITHDRAWN:
        return False
    if is_open_to_everyone(event):
        return True
    if not user.is_authenticated:
        return False
    if can_organise(user, event.organisation):
        return True
    if event.status == Status.DRAFT:
        return False
    return event.visibility == Visibility.CAMPUS or is_member(user, event.organisation)


def visible_event_or_404(user: Person, slug: str) -> Event:
    """Return the event if this person may see it; at most three queries. The one door for islands and pages."""
    event = queries.event_of_slug(slug)
    if not can_see(user, event):
        raise Http404(_("There is no such event."))
    return event
