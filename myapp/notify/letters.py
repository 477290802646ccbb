"""A message as the mail that goes out: its words in the look, whose it is, and how to be rid of the next one."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from myapp.notify import links
from myapp.notify.kinds import Kind, Mail
from myapp.notify.models import Message
from myapp.web.mails import write_mail


def letter_for(message: Message, kind: Kind, mail: Mail) -> EmailMultiAlternatives:
    """Return the mail that tells a message, in the active language; no queries but the template's."""
    headers = {**mail.headers, "Message-ID": message_id(message)}
    stop_url = "" if kind.essential else links.stop_address(message, kind.group)
    if stop_url:
        # RFC 2369 and RFC 8058: mailboxes show a button of their own, which sends a POST there.
        headers |= {
            "List-Unsubscribe": f"<{stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    context = {
        **mail.context,
        "subject": mail.subject,
        "link": settings.SITE_URL + mail.link if mail.link.startswith("/") else mail.link,
        "group": kind.group.label,
        "stop_url": stop_url,
        "choose_url": settings.SITE_URL + reverse("notify:preferences") if message.user_id else "",
    }
    letter = write_mail(mail.template, context, to=[message.address], headers=headers)
    for attachment in mail.attachments:
        letter.attach(*attachment)
    return letter


def message_id(message: Message) -> str:
    """Return the Message-ID of a message: the same at each attempt, another one for each message of any database."""
    host = urlsplit(settings.SITE_URL).hostname
    return f"<{message.pk}.{message.created_at:%Y%m%d%H%M%S%f}@{host}>"
