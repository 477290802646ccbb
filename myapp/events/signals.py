"""What happened, for whoever stands above: named in the past tense."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.dispatch import Signal

if TYPE_CHECKING:
    from myapp.events.models import Event

# Sent inside the transaction that has written them, with `changes`: a list of `Change`.
events_changed = Signal()


class Change(NamedTuple):
    """An event as it is now, and as it was; nothing was before a new one."""

    event: Event
    before: Event | None
