"""Telling people what became of their registration: which message is due, written where the state changes.

`places.settle` calls `told` in its own transaction, so there is a message if and only if there is the change; the statement
of `places.take` writes the one row that it needs itself. `registrations/mails.py` says what a message says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from myapp.notify import outbox
from myapp.registrations.models import LIVE, Because, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from myapp.notify.models import Message
    from myapp.registrations.models import Registration

# The kind that the statement of `places.take` writes.
CONFIRMED = "place_confirmed"
WAITING = "place_waiting"

_BY_STATE = {
    State.ENTERED: "draw_entered",
    State.PENDING: "approval_asked",
    State.WAITING: WAITING,
    State.OFFERED: "place_offered",
    State.CONFIRMED: CONFIRMED,
    State.CANCELLED: "place_cancelled",
    State.REFUSED: "not_approved",
}
_BY_REASON = {
    (State.CONFIRMED, Because.PLACE_CAME_FREE): "place_promoted",
    (State.CONFIRMED, Because.MORE_PLACES): "place_promoted",
    (State.CONFIRMED, Because.APPROVED): "place_approved",
    (State.CONFIRMED, Because.DRAWN): "place_drawn",
    (State.CONFIRMED, Because.HANDED_ON): "place_handed_on",
    (State.CONFIRMED, Because.CHANGED): "ticket_changed",
    (State.OFFERED, Because.CHANGED): "ticket_changed",
    (State.WAITING, Because.CHANGED): "ticket_changed",
    (State.PENDING, Because.CHANGED): "ticket_changed",
    (State.ENTERED, Because.CHANGED): "ticket_changed",
    (State.WAITING, Because.NOT_DRAWN): "not_drawn",
    (State.REFUSED, Because.NOT_DRAWN): "not_drawn",
    (State.CANCELLED, Because.TAKEN_OFF): "place_taken_off",
    (State.EXPIRED, Because.NOT_THERE): "place_released",
    # The event itself is told of, once to everybody.
    (State.CANCELLED, Because.EVENT_OFF): "",
}
_RAN_OUT = {State.HELD: "hold_ran_out", State.OFFERED: "offer_ran_out"}


def told(registration: Registration, before: State | None) -> None:
    """Put what became of a registration into the outbox; `before` is the state it came from, None for a new one.

    One query, none where there is nothing to tell. The cause is the registration's revision: one message for each.
    """
    told_all([(registration, before)])


def told_all(changed: Iterable[tuple[Registration, State | None]]) -> None:
    """Tell of many at once as `told` does of one; one query for each thousand."""
    outbox.tell_all(
        [message for registration, before in changed if (message := _message(registration, before))]
    )


def _message(registration: Registration, before: State | None) -> Message | None:
    kind = kind_for(registration, before)
    if not kind or not (registration.user_id or registration.email):
        return None
    cause = f"registration:{registration.pk}:{registration.revision}"
    return outbox.message(
        kind,
        user=registration.user_id,
        email="" if registration.user_id else registration.email,
        about={"registration": registration.pk, "revision": registration.revision},
        # Whoever has followed the link is told the rest of the same revision.
        cause=f"{cause}:address" if kind == "address_asked" else cause,
        language=registration.language,
    )


def kind_for(registration: Registration, before: State | None) -> str:
    """Return the kind of message that tells a registration's last change; "" where there is nothing to tell. No queries."""
    state, because = State(registration.state), Because(registration.because)
    if not registration.is_somebodys and state != State.OFFERED:
        # Whoever typed this address may not be who reads it: they hear of us once, until they say that it is theirs.
        return "address_asked" if before is None and state in LIVE else ""
    if state == State.HELD:
        return ""
    if (kind := _BY_REASON.get((state, because))) is not None:
        return kind
    if state == State.EXPIRED and because != Because.NOT_DRAWN:
        return _RAN_OUT.get(before, "") if before else ""
    return _BY_STATE.get(state, "not_drawn")


def told_again(registration: Registration) -> None:
    """Send somebody without an account their link once more: they have asked for it. Once in five minutes; one query."""
    kind = _BY_STATE.get(State(registration.state), "") if registration.is_somebodys else "address_asked"
    minutes = int(timezone.now().timestamp() // 300)
    if registration.user_id is None and kind:
        outbox.tell(
            kind,
            email=registration.email,
            about={"registration": registration.pk, "revision": registration.revision},
            cause=f"registration:{registration.pk}:{registration.revision}:again:{minutes}",
            language=registration.language,
        )
