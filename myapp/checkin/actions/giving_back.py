"""What is given back to somebody whose place was released while a door without a network had let them in."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from myapp.accounts.addresses import same_address
from myapp.checkin.merging import Seen
from myapp.checkin.models import Direction, Scan
from myapp.registrations.models import LIVE, Because, Desk, Registration, State
from myapp.registrations.places import has_room, settle


def keep_places_of(desk: Desk, seen: Sequence[Seen]) -> list[Registration]:
    """Give released places back to those who are in, as far as they are still free; returns whose place it is again.

    What has happened at the door outweighs that nobody knew of it. Who has got a place since keeps that, and nobody who
    has one since gets another. A scan that was taken back since it was first sent says nothing. The desk is locked. One
    query; one more where anybody has been released, and seven for each of them.
    """
    came = [each for each in seen if _is_in(each)]
    released = desk.registrations.filter(
        pk__in={each.registration for each in came},
        state=State.EXPIRED,
        because=Because.NOT_THERE,
    )
    found = list(released.select_related("user").order_by("pk"))
    shown = _still_shown(came) if found else set()
    given = []
    for registration in found:
        if not shown & {(registration.pk, None), (registration.pk, registration.rotation)}:
            continue
        # Read anew each time: the one before may have taken the last place.
        kind = desk.types.get(pk=registration.ticket_type_id)
        if has_room(desk, kind, registration.places) and not _has_another(desk, registration):
            registration.desk = desk
            given.append(settle(registration, desk, State.CONFIRMED, because=Because.AT_THE_DOOR))
    return given


def _is_in(seen: Seen) -> bool:
    return seen.direction == Direction.IN and seen.undone_at is None


def _still_shown(came: Sequence[Seen]) -> set[tuple[int, int | None]]:
    """Return the registrations, and how often handed on, of scans that nobody has taken back since; one query."""
    nonces = [each.nonce for each in came]
    undone = set(
        Scan.objects.filter(nonce__in=nonces).exclude(undone_at=None).values_list("nonce", flat=True)
    )
    return {(each.registration, each.rotation) for each in came if each.nonce not in undone}


def _has_another(desk: Desk, registration: Registration) -> bool:
    """Whether the person has registered again since; one query."""
    who = Q(user=registration.user_id)
    if registration.user_id is None:
        who = Q(same_address(registration.email), ~Q(email=""), user=None)
    return desk.registrations.filter(who, state__in=LIVE).exists()
