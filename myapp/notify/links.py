"""Links in mails that need no signing in: a signed word in the address says who, and what is to stop.

They do not run out: a mail is read years later, and its button must still work (RFC 8058). What they allow is as little as
that: to switch one group of mails off or on for one person.
"""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.urls import reverse

from myapp.notify.models import Group, Message

# Keys of before count as well, see SECRET_KEY_FALLBACKS.
signer = signing.Signer(salt="notify.stop")


class Stop(NamedTuple):
    """Whose mails of which group a link stops: an account's by its id, else an address's."""

    user_id: int | None
    email: str
    group: Group


def stop_address(message: Message, group: Group) -> str:
    """Return the whole address that stops a group of mails for whoever a message is for, in the active language."""
    whom = message.user_id or message.email
    token = signer.sign_object([whom, group.value])
    return settings.SITE_URL + reverse("notify:stop", kwargs={"token": token})


def read_stop(token: str) -> Stop | None:
    """Return what a link stops, None for one that is not ours or was cut off on its way."""
    try:
        whom, group = signer.unsign_object(token)
        if isinstance(whom, int):
            return Stop(whom, "", Group(group))
        return Stop(None, str(whom), Group(group))
    except (signing.BadSignature, ValueError, TypeError):
        return None
