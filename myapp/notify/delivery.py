"""Emptying the outbox: claim what is due, send it, say so.

Claiming is committed before anything is sent, and holds for `LEASE`: two workers never have the same message, and what a
killed one had is taken up by another when its time is over. Each message is marked in a transaction of its own, as soon as
the server has answered. So nothing that was committed is lost, and nothing that is marked is sent again.

What no mail system can promise is the instant between: a worker that dies after the mail server took a mail and before the
mark was committed leaves a message that looks unsent, and it is sent once more. SMTP has no way to ask whether a mail was
taken. The second one carries the same Message-ID, by which mailboxes know it for the same.

A server that is down costs one attempt a run: the run ends there, and what it had claimed and not tried is free again. What
was tried waits with growing pauses, for five days (RFC 5321, 4.5.4.1). A recipient refused for good (5xx) is given up at
once. What is given up stays in the admin's list for 90 days and can be sent again from there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused
from types import TracebackType
from typing import Self

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, prefetch_related_objects
from django.db.models.functions import Now
from django.utils import timezone, translation

from myapp.notify import kinds, push
from myapp.notify.kinds import Kind, Mail
from myapp.notify.letters import letter_for
from myapp.notify.models import Channel, Device, Ending, Message
from myapp.notify.queries import Wishes, wishes_of

logger = logging.getLogger(__name__)

BATCH = 20
LEASE = timedelta(minutes=10)
# Nothing is begun with less of the lease left than this: more than a mail takes with ten seconds for each of its words.
SECONDS_LEFT = 150.0
# A run ends after this long and leaves the rest to the next.
RUN_SECONDS = 240.0
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)
PATIENCE = {Channel.MAIL.value: timedelta(days=5), Channel.PUSH.value: timedelta(days=1)}

# The rows are chosen once and for all before any is changed: as a plain subquery they might be chosen anew while it runs.
CLAIM = """
WITH chosen AS MATERIALIZED (
    SELECT id FROM notify_message
    WHERE sent_at IS NULL AND given_up_at IS NULL AND GREATEST(due_at, paused_until) <= statement_timestamp()
    ORDER BY GREATEST(due_at, paused_until), id
    LIMIT %s
    FOR UPDATE SKIP LOCKED
)
UPDATE notify_message SET paused_until = statement_timestamp() + %s, attempts = attempts + 1
FROM chosen WHERE notify_message.id = chosen.id
RETURNING notify_message.*
"""


@dataclass
class Delivered:
    """What a run has done, in numbers of messages."""

    sent: int = 0
    put_off: int = 0
    given_up: int = 0


class ServerDown(Exception):
    """The mail server takes nothing from anyone at the moment."""


class Refused(Exception):
    """This message will never be taken."""


class Unwritable(Refused):
    """No mail can be made of this message."""


class Later(Exception):
    """This message was not taken now."""


def deliver_due(
    *, should_stop: Callable[[], bool] = lambda: False, open_push: push.Post = push.post
) -> Delivered:
    """Send what is due until nothing is, the mail server is down, or the run's time is over.

    Four queries for each batch of twenty and one for each message, besides what its kind looks up; outside of any
    transaction. `should_stop` is asked before each message; `open_push` sends one push.
    """
    done = Delivered()
    ends_at = time.monotonic() + RUN_SECONDS
    with Post() as post:
        while time.monotonic() < ends_at:
            lease_ends_at = time.monotonic() + LEASE.total_seconds()
            batch = claim()
            if not batch:
                break
            wishes = wishes_of(batch)
            for place, message in enumerate(batch):
                is_over = time.monotonic() > min(lease_ends_at - SECONDS_LEFT, ends_at)
                if is_over or should_stop() or not _deliver(message, wishes, post, open_push, done):
                    release(batch[place:])
                    return done
    return done


def claim() -> list[Message]:
    """Take the messages that have been due for longest, for as long as the lease holds; two queries, three with devices."""
    with transaction.atomic(durable=True):
        taken = list(Message.objects.raw(CLAIM, [BATCH, LEASE]))
    prefetch_related_objects(taken, "user", "device")
    return sorted(taken, key=lambda message: (message.due_at, message.pk))


def release(messages: list[Message]) -> None:
    """Give back what was claimed and not tried; one query, none where everything was."""
    untried = [message.pk for message in messages if not hasattr(message, "is_settled")]
    if untried:
        Message.objects.filter(pk__in=untried, sent_at=None, given_up_at=None).update(
            paused_until=None, attempts=F("attempts") - 1
        )


def _deliver(message: Message, wishes: Wishes, post: Post, open_push: push.Post, done: Delivered) -> bool:
    """Send one message and mark it; False when the mail server is down and the others need not be tried."""
    is_up = True
    try:
        ending = _send(message, wishes, post, open_push)
    except Refused as error:
        ending = Ending.BROKEN if isinstance(error, Unwritable) else Ending.REFUSED
        _give_up(message, ending, str(error), done)
    except (Later, ServerDown) as error:
        is_up = not isinstance(error, ServerDown)
        _put_off(message, str(error), done)
    except Exception as error:
        # What a kind's code or a mail backend raises is a mistake in one of them; the other messages are not to suffer.
        logger.exception("The message %s (%s) could not be sent", message.pk, message.kind)
        _put_off(message, f"{type(error).__name__}: {error}", done)
    else:
        if ending:
            _give_up(message, ending, "", done)
        else:
            _settle(message, sent_at=Now(), last_error="")
            done.sent += 1
    return is_up


def _send(message: Message, wishes: Wishes, post: Post, open_push: push.Post) -> Ending | None:
    """Send one message; returns why it is not to be sent, where it is not."""
    kind = kinds.find(message.kind)
    if kind is None:
        raise Later(f"This version of the site knows no kind {message.kind!r}.")
    is_push = message.channel == Channel.PUSH
    if not (message.device if is_push else message.address):
        return Ending.NOBODY
    devices = wishes.devices(message, kind)
    is_wanted = message.device in devices if is_push else wishes.mail(message, kind)
    if not is_wanted and (is_push or not devices):
        return Ending.UNWANTED
    with translation.override(message.spoken):
        mail = kind.render(message)
        if mail is None:
            return Ending.OUTDATED
        if is_push:
            _push(message, mail, open_push)
        else:
            _also_push(message, devices)
            if is_wanted:
                post.send(_written(message, kind, mail))
    return None if is_wanted else Ending.UNWANTED


def _written(message: Message, kind: Kind, mail: Mail) -> EmailMessage:
    """Return the mail as it goes out. Raises `Unwritable` for an address that no header can hold."""
    letter = letter_for(message, kind, mail)
    try:
        letter.message()
    except ValueError as error:  # BadHeaderError is one
        raise Unwritable(str(error)) from error
    return letter


def _also_push(message: Message, devices: list[Device]) -> None:
    """Put a push for each device into the outbox beside the mail, each with attempts of its own; one query or none."""
    Message.objects.bulk_create(
        [
            Message(
                kind=message.kind,
                user_id=message.user_id,
                about=message.about,
                cause=f"push:{message.pk}:{device.pk}",
                language=message.language,
                channel=Channel.PUSH,
                device=device,
                due_at=message.due_at,
            )
            for device in devices
        ],
        ignore_conflicts=True,
    )


def _push(message: Message, mail: Mail, open_push: push.Post) -> None:
    """Send a push to the message's device; a device that is gone is forgotten."""
    assert message.device is not None  # noqa: S101 - for the type checker; _send has looked
    try:
        push.send(message.device, push.words_of(message, mail), open_push)
    except push.DeviceGone as error:
        message.device.delete()
        message.device = None
        raise Refused(str(error)) from error
    except push.PushRefused as error:
        raise Refused(str(error)) from error
    except push.PushFailed as error:
        raise Later(str(error)) from error


def _put_off(message: Message, error: str, done: Delivered) -> None:
    """Let a message wait before the next attempt, longer each time; give it up after its days."""
    if timezone.now() - message.due_at > PATIENCE[message.channel]:
        _give_up(message, Ending.TIRED, error, done)
        return
    _settle(message, paused_until=Now() + pause_after(message.attempts), last_error=error[:2000])
    done.put_off += 1


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: one minute, two, four, eight, then fifteen each time."""
    doublings: int = 2 ** min(attempts - 1, 10)
    return min(FIRST_PAUSE * doublings, LONGEST_PAUSE)


def _give_up(message: Message, ending: Ending, error: str, done: Delivered) -> None:
    """Mark a message as never to be sent, with the reason."""
    _settle(message, given_up_at=Now(), ending=ending, last_error=error[:2000])
    done.given_up += 1


def _settle(message: Message, **values: object) -> None:
    """Write what became of a message, if it is still ours: `attempts` tells whether somebody has claimed it since."""
    mine = Message.objects.filter(pk=message.pk, attempts=message.attempts, sent_at=None, given_up_at=None)
    mine.update(**{"paused_until": None, **values})
    message.is_settled = True  # type: ignore[attr-defined]


class Post(AbstractContextManager["Post"]):
    """The way to the mail server: one connection for many mails, made when the first is sent."""

    def __init__(self) -> None:
        """Make no connection yet."""
        self._backend: BaseEmailBackend | None = None

    def send(self, letter: EmailMessage) -> None:
        """Send a mail; returns when the server has taken it. Raises `ServerDown`, `Refused` or `Later`."""
        try:
            if self._backend is None:
                backend = get_connection()
                backend.open()
                self._backend = backend
            if not self._backend.send_messages([letter]):
                raise Later("The mail backend took nothing.")
        except SMTPRecipientsRefused as error:
            codes = [code for code, _said in error.recipients.values()]
            said = "; ".join(f"{code} {_text(words)}" for code, words in error.recipients.values())
            self._forget()
            raise (Refused if codes and min(codes) >= 500 else Later)(said) from error
        except (SMTPDataError, SMTPSenderRefused) as error:
            # Also 5xx: what a server says of a mail's content or sender is often about an account that somebody will mend.
            self._forget()
            raise (ServerDown if error.smtp_code == 421 else Later)(_said(error)) from error
        except OSError as error:  # every SMTPException is one
            self._forget()
            raise ServerDown(_said(error)) from error

    def _forget(self) -> None:
        """Let go of a connection whose state is not certain."""
        backend, self._backend = self._backend, None
        if backend is not None:
            try:
                backend.close()
            except OSError:
                logger.debug("The mail server did not say good-bye", exc_info=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._forget()


def _said(error: OSError) -> str:
    """Return what a mail server said, or what kept us from hearing it."""
    if isinstance(error, SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words
