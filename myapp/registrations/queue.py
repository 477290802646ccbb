"""The waiting list: its order, and what happens when a place comes free.

The order is that of the numbers that registrations are given, under the lock of the desk, when they join. A free place goes
to the first in line whose ticket type has room. Where the first in line needs more places than the event has left, those
are kept for them: nobody is passed over for being two. A ticket type of its own that is full holds up nobody but those who
want that type.
"""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from myapp.registrations.models import Because, Desk, Mode, Registration, State, TicketType
from myapp.registrations.places import has_room, settle


def must_wait(desk: Desk, ticket_type: TicketType, places: int) -> bool:
    """Whether somebody who comes now has to join the queue. The desk is locked; one query where there is a queue.

    There may be places that are free and yet not for who comes now: somebody is before them.
    """
    if not has_room(desk, ticket_type, places):
        return True
    if not desk.waiting:
        return False
    # Who heads a line that its type has room for waits for the event's places, as we would; who heads one that is full
    # waits for those of that type, and is in nobody's way. Ours is before us either way.
    waiting = desk.registrations.filter(state=State.WAITING).select_related("ticket_type")
    heads = waiting.order_by("ticket_type_id", "queue_number").distinct("ticket_type_id")
    return any(
        head.ticket_type_id == ticket_type.pk
        or head.ticket_type.free is None
        or head.ticket_type.free >= head.places
        for head in heads
    )


def needs_consent(registration: Registration, desk: Desk, now: dt.datetime) -> bool:
    """Whether a free place is only offered to this person.

    Because the desk always does so, because it starts soon, because questions are unanswered, or because we do not know
    yet whether the address is theirs.
    """
    unanswered = desk.asks and registration.answered_at is None
    return desk.must_agree(now) or unanswered or not registration.is_somebodys


def fill(desk: Desk, *, because: Because = Because.PLACE_CAME_FREE) -> list[Registration]:
    """Give the places that are free to those who wait, in their order; returns who was moved up.

    The desk is locked. Once the event has begun nobody is moved: who stands at the door is the door's business. One query
    for the head of the line, four for each person who is moved up.
    """
    now, moved = timezone.now(), []
    full: set[int] = set()
    while desk.waiting and now < desk.event.starts_at and desk.event.status == "published":
        waiting = desk.registrations.filter(state=State.WAITING).exclude(ticket_type__in=full)
        head = waiting.select_related("ticket_type", "user").order_by("queue_number").first()
        if head is None:
            break
        places = 1 + len(head.guests)
        if head.ticket_type.free is not None and head.ticket_type.free < places:
            full.add(head.ticket_type_id)
            continue
        if not has_room(desk, head.ticket_type, places):
            break
        head.desk = desk
        if needs_consent(head, desk, now):
            settle(head, desk, State.OFFERED, because=because, until=desk.offer_ends(now))
        else:
            settle(head, desk, State.CONFIRMED, because=because)
        moved.append(head)
    return moved


def is_before_the_draw(desk: Desk) -> bool:
    """Whether people enter a draw now, rather than taking places."""
    return desk.mode == Mode.LOTTERY and desk.drawn_at is None
