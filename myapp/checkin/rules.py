"""Who may: small named predicates."""

from django.db.models import Exists, OuterRef

from myapp.accounts.models import User
from myapp.checkin.models import Helper
from myapp.events.models import Membership, Organisation, Role
from myapp.events.rules import can_organise
from myapp.registrations.models import Desk


def can_keep_door(user: User, desk: Desk) -> bool:
    """Whether the person may let people in: who acts for the organisation, and whom they named. At most one query."""
    if user.is_staff:
        return True
    acts = Membership.objects.filter(organisation=OuterRef("pk"), user=user, role=Role.ORGANISER)
    helps = Helper.objects.filter(event=desk.event_id, user=user)
    organisation = Organisation.objects.filter(pk=desk.event.organisation_id)
    return organisation.filter(Exists(acts) | Exists(helps)).exists()


def can_run_door(user: User, desk: Desk) -> bool:
    """Whether the person decides about the door: helpers, settings, places of who is not there. At most one query."""
    return can_organise(user, desk.event.organisation)
