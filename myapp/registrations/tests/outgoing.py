"""What went into the outbox and out of it, for tests of what people are told."""

import email
import email.policy

from myapp.notify.delivery import deliver_due
from myapp.notify.models import Message


def told(registration):
    """Return the kinds of what a person was told of a registration, in order."""
    about = Message.objects.filter(about__registration=registration.pk).order_by("pk")
    return list(about.values_list("kind", flat=True))


def delivered(post_office):
    """Deliver what is due and return what the mail server took."""
    before = len(post_office.taken)
    deliver_due()
    return post_office.taken[before:]


def parsed(letter):
    return email.message_from_bytes(letter.message().as_bytes(), policy=email.policy.default)


def calendar_in(letter):
    [part] = [part for part in parsed(letter).walk() if part.get_content_type() == "text/calendar"]
    return part
