"""What operators see of the outbox."""

from django.utils import timezone

from myapp.notify.models import Ending, Message
from myapp.notify.queries import waiting
from myapp.web.numbers import number


@number("eventmate_messages_waiting", "Messages that are due and not sent yet.")
def messages_waiting() -> int:
    """Return how many messages should have gone out by now, by one query on a partial index."""
    return waiting().messages


@number("eventmate_messages_oldest_seconds", "How long the oldest message that is due has waited.")
def oldest_message() -> int:
    """Return since how many seconds the oldest message has been due, by one query on a partial index."""
    oldest = waiting().oldest
    return 0 if oldest is None else max(0, int((timezone.now() - oldest).total_seconds()))


@number("eventmate_messages_failed", "Messages of the last 90 days that could not be delivered.")
def messages_failed() -> int:
    """Return how many messages nobody got though they should have, by one query."""
    failed = (Ending.REFUSED, Ending.BROKEN, Ending.TIRED)
    return Message.objects.filter(given_up_at__isnull=False, ending__in=failed).count()
