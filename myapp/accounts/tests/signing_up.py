"""What the stories of signing up share."""

import re

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives

ADA = {
    "name": "Ada Okonkwo",
    "email": "ada@example.edu",
    "username": "ada",
    "password1": "campus-demo-2026",
}


def link_in(message: EmailMultiAlternatives) -> str:
    """Return the path behind the one link of a mail's text; the site's own foot does not count."""
    found = re.findall(re.escape(settings.SITE_URL) + r"(/\S+)", str(message.body))
    assert len(found) == 1, message.body
    return str(found[0])


def last_mail() -> EmailMultiAlternatives:
    """Return the mail that was sent last."""
    message = mail.outbox[-1]
    assert isinstance(message, EmailMultiAlternatives)
    return message
