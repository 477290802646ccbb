"""What operators see of events."""

from myapp.events.models import Event, Organisation
from myapp.web.numbers import number


@number("eventmate_events_upcoming", "Events on public lists that are not over.")
def upcoming_events() -> int:
    """Return how many events are ahead, by one query on a partial index."""
    return Event.objects.upcoming().count()


@number("eventmate_organisations", "Organisations that are active.")
def organisations() -> int:
    """Return how many organisations are active, by one query."""
    return Organisation.objects.filter(is_active=True).count()
