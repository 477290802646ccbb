"""Putting something into the outbox. For actions, inside the transaction of what they do.

    outbox.tell("registration_confirmed", user=person, about={"registration": 17}, cause="registration:17:confirmed:1")

The row exists if and only if what it tells was committed. `cause` says what it was told for: whoever tells the same cause
again, after a double click or a retry, changes nothing. What is done is forgotten after 90 days, so a cause may not come
back later than that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued

from myapp.notify.models import Channel, Message

if TYPE_CHECKING:
    from myapp.accounts.models import User

logger = logging.getLogger(__name__)

# A process calls for delivery this often at most. The call is for a little later than the next one may be, so that what is
# written in between is there when it is answered.
SECONDS_BETWEEN_NUDGES = 1.0
SECONDS_TO_DELIVERY = 2

_turn = threading.Lock()
_nudged_at = [float("-inf")]


def tell(
    kind: str,
    *,
    user: User | int | None = None,
    email: str = "",
    about: Mapping[str, Any],
    cause: str,
    due_at: datetime | None = None,
    language: str = "",
) -> None:
    """Put one message into the outbox, to be sent at `due_at` (default: at once); one query.

    To a person (or their id), at the address they have when it is sent, or at `email`. `about` is what the kind's
    `render` reads: ids rather than words, which may be wrong by then. `language` is for people without an account.
    """
    tell_all(
        [message(kind, user=user, email=email, about=about, cause=cause, due_at=due_at, language=language)]
    )


def message(
    kind: str,
    *,
    user: User | int | None = None,
    email: str = "",
    about: Mapping[str, Any],
    cause: str,
    due_at: datetime | None = None,
    language: str = "",
) -> Message:
    """Return a message for `tell_all`, not saved; what `tell` says of its arguments holds. No queries."""
    when = {} if due_at is None else {"due_at": due_at}
    user_id = user if isinstance(user, int) or user is None else user.pk
    return Message(
        kind=kind, user_id=user_id, email=email, about=dict(about), cause=cause, language=language, **when
    )


def tell_all(messages: Iterable[Message]) -> None:
    """Put many messages into the outbox; one query for each thousand."""
    messages = list(messages)
    if messages:
        Message.objects.bulk_create(messages, ignore_conflicts=True, batch_size=1000)
        nudge()


def nudge() -> None:
    """Have the outbox emptied soon after the running transaction has committed; for whoever writes rows by SQL.

    One query after the commit, once a second and process; none for those in between. Without it a message waits for the
    next full minute.
    """
    transaction.on_commit(_call, robust=True)


def _call() -> None:
    """Write the job that empties the outbox, unless there is one that has not begun."""
    from myapp.notify.jobs import deliver_messages  # the job imports what it does, which imports this

    with _turn:
        if time.monotonic() < _nudged_at[0] + SECONDS_BETWEEN_NUDGES:
            return
        _nudged_at[0] = time.monotonic()
    try:
        with transaction.atomic():  # the refusal of a second job does not break what a test is in
            deliver_messages.configure(schedule_in={"seconds": SECONDS_TO_DELIVERY}).defer(timestamp=0)
    except AlreadyEnqueued:
        pass  # it begins after this commit and sees what it wrote


def send_again(messages: QuerySet[Message]) -> int:
    """Send messages again that staff have chosen, and return how many; two queries and one for each that was sent.

    One that was given up gets its attempts back. One that was sent is told anew by a message of its own, under a new
    Message-ID, since a mailbox may hide a second mail under the old one; two clicks in the same minute are one.
    """
    minute = f"{timezone.now():%Y%m%d%H%M}"
    again = [
        message(
            sent.kind,
            user=sent.user_id,
            email=sent.email,
            about=sent.about,
            cause=f"again:{sent.pk}:{minute}",
            language=sent.language,
        )
        for sent in messages.filter(sent_at__isnull=False, channel=Channel.MAIL)
    ]
    reopened = messages.filter(given_up_at__isnull=False).exclude(channel=Channel.PUSH, device=None)
    count = reopened.update(
        given_up_at=None, ending="", due_at=Now(), paused_until=None, attempts=0, last_error=""
    )
    tell_all(again)
    nudge()
    return count + len(again)
