"""Who may: small named predicates."""

from myapp.accounts.models import User
from myapp.events.rules import can_organise
from myapp.registrations.models import Desk


def can_keep_door(user: User, desk: Desk) -> bool:
    """Whether the person may let people in: who acts for the organisation. At most one query."""
    return can_organise(user, desk.event.organisation)
