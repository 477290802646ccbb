"""What the door says: a stable code for programs and devices, one sentence for the person who keeps it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.checkin.models import Direction
from myapp.events.times import spoken_moment
from myapp.registrations.models import Registration, State

if TYPE_CHECKING:
    from uuid import UUID

    from myapp.checkin.models import Presence
    from myapp.events.models import Event

LET_THROUGH = frozenset({"in", "out"})


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one scan; `code` is "in" or "out" where the person may pass, else that of the refusal.

    already_in, not_in, cancelled, not_confirmed, handed_on, no_such_guest, another_event, another_day, not_yet, over,
    called_off, unknown, and those of `registrations.tokens`: forged, not_a_ticket, incomplete, other_version.
    """

    code: str
    sentence: str
    name: str = ""
    ticket_type: str = ""
    registration: int | None = None
    place: int = 0
    at: dt.datetime | None = None
    nonce: UUID | None = None

    @property
    def is_let_through(self) -> bool:
        """Whether the person may pass."""
        return self.code in LET_THROUGH


def clock(moment: dt.datetime) -> str:
    """Return the campus's time as a door says it: "18:02", with the day where it is not today's."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else spoken_moment(moment)


def passes(direction: Direction) -> str:
    """What is said of who may pass."""
    return _("Come in.") if direction == Direction.IN else _("Out.")


def already(direction: Direction, known: Presence | None) -> str:
    """In already, since when and by which door; or out already."""
    if direction == Direction.OUT:
        return _("Is not in, so cannot go out.")
    if known is None or known.changed_at is None:
        return _("Already in.")
    if not known.door:
        return _("Already in since %(time)s.") % {"time": clock(known.changed_at)}
    return _("Already in since %(time)s, by door %(door)s.") % {
        "time": clock(known.changed_at),
        "door": known.door,
    }


def without_place(registration: Registration) -> tuple[str, str]:
    """Return code and sentence for a registration that is not confirmed."""
    if registration.is_live:
        words = registration.get_state_display()
        return "not_confirmed", _("Has no place yet: %(state)s.") % {"state": words[:1].lower() + words[1:]}
    if registration.state == State.EXPIRED:
        return "cancelled", _("This registration has run out; its place was given on.")
    return "cancelled", _("This registration was cancelled.")


def elsewhere(event: Event, here: Event) -> tuple[str, str]:
    """Return code and sentence for a ticket for something else: another date of the series, or another event."""
    when = spoken_moment(event.starts_at)
    if event.series_id and event.series_id == here.series_id:
        return "another_day", _("This ticket is for another day: %(when)s.") % {"when": when}
    return "another_event", _("This ticket is for “%(title)s”, %(when)s.") % {
        "title": event.title,
        "when": when,
    }


def not_yet(opens_at: dt.datetime) -> tuple[str, str]:
    """Return code and sentence for a door that is not open yet."""
    return "not_yet", _("Not yet: the door opens %(when)s.") % {"when": spoken_moment(opens_at)}


def over() -> tuple[str, str]:
    """Return code and sentence for an event that is over."""
    return "over", _("This event is over.")


def called_off() -> tuple[str, str]:
    """Return code and sentence for an event that does not take place."""
    return "called_off", _("This event was cancelled.")


def handed_on() -> tuple[str, str]:
    """Return code and sentence for an old ticket."""
    return "handed_on", _("This ticket was handed on; its old code no longer counts.")


def no_such_guest() -> tuple[str, str]:
    """Return code and sentence for a guest who was taken off the ticket."""
    return "no_such_guest", _("This guest was taken off the ticket.")


def unknown() -> tuple[str, str]:
    """Return code and sentence for nothing that we know."""
    return "unknown", _("There is no such ticket.")
