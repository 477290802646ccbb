"""What is on, and who puts it on.

`organisations` knows nothing of events; `events` stands on both `organisations` and `sources`.
"""

from myapp.events.models.events import DERIVED_FIELDS, Category, Event, EventQuerySet, Status, Visibility
from myapp.events.models.organisations import Membership, Organisation, OrganisationKind, Role
from myapp.events.models.sources import Series, Source
from myapp.events.models.words import Word

__all__ = [
    "DERIVED_FIELDS",
    "Category",
    "Event",
    "EventQuerySet",
    "Membership",
    "Organisation",
    "OrganisationKind",
    "Role",
    "Series",
    "Source",
    "Status",
    "Visibility",
    "Word",
]
