"""Kinds of messages that would fail only when somebody was waiting for one are found at the start.

E4xx: messages. They stand here and not in eventmate/checks.py because they ask the register of kinds.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from myapp.notify import kinds, push
from myapp.notify.kinds import Kind


@register("notify")
def check_kinds(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Find kinds that could not be stored or written."""
    del app_configs
    return [problem for kind in kinds.every_kind() for problem in _problems(kind)]


@register("notify")
def check_push_key(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Find a key for web push that is named and cannot be used; the one that is made is not looked at."""
    del app_configs
    if settings.VAPID_PRIVATE_KEY_FILE:
        try:
            push.public_key()
        except (OSError, ValueError, TypeError) as error:
            return [
                Error(
                    f"VAPID_PRIVATE_KEY_FILE is no key that can sign web pushes: {error}",
                    hint="Make one: openssl ecparam -name prime256v1 -genkey -noout -out FILE",
                    id="eventmate.E403",
                )
            ]
    return []


def _problems(kind: Kind) -> Iterator[CheckMessage]:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", kind.name):
        yield Error(
            f"A kind of messages is called {kind.name!r}, which the outbox cannot hold.",
            hint="Name it by up to 40 small letters, digits and underscores.",
            id="eventmate.E401",
        )
    try:
        inspect.signature(kind.render).bind(None)
    except TypeError:
        yield Error(
            f"What writes the kind {kind.name!r} does not take one message.",
            hint="Give kinds.register() a function of one argument.",
            id="eventmate.E402",
        )
