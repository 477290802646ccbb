"""Kinds of messages that would fail only when somebody was waiting for one are found at the start.

E4xx: messages. They stand here and not in eventmate/checks.py because they ask the register of kinds.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from myapp.notify import kinds
from myapp.notify.kinds import Kind


@register("notify")
def check_kinds(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Find kinds that could not be stored or written."""
    del app_configs
    return [problem for kind in kinds.every_kind() for problem in _problems(kind)]


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
