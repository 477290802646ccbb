"""What doors without a network have seen, read and added: in any order, any number of times, with any clock."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from myapp.checkin import presence
from myapp.checkin.models import Direction, How, Scan
from myapp.checkin.presence import Passing
from myapp.checkin.queries import opens_at
from myapp.registrations.models import Desk, Registration, State

MOST_AT_ONCE = 500
# Nobody comes in earlier than a day before the door opens; a device that says so has a wrong clock.
_EARLIEST = dt.timedelta(days=1)


class Seen(NamedTuple):
    """One scan as a device reports it: what its clock said, and which ticket it was."""

    nonce: UUID
    registration: int
    place: int
    direction: Direction
    at: dt.datetime
    how: How
    rotation: int | None = None
    undone_at: dt.datetime | None = None


class Other(NamedTuple):
    """Another scan that let the same person in."""

    at: dt.datetime
    door: str


class Merged(NamedTuple):
    """What became of one scan: "noted", "duplicate" with the others, "undone", "unknown", or what was wrong with it."""

    nonce: UUID
    code: str
    others: tuple[Other, ...] = ()


def corrected(at: dt.datetime, *, ahead: dt.timedelta, received_at: dt.datetime, desk: Desk) -> dt.datetime:
    """Return when a scan really was, by our clock: the device's time less what it is `ahead`, kept within reason."""
    earliest = opens_at(desk.event) - _EARLIEST
    return min(max(at - ahead, min(earliest, received_at)), received_at)


def added(
    desk: Desk,
    seen: Sequence[Seen],
    *,
    user: int,
    door: str,
    device: str,
    ahead: dt.timedelta,
    received_at: dt.datetime,
) -> list[Merged]:
    """Add scans to those of the event, and return what became of each; six queries, whatever their number."""
    known = Registration.objects.filter(desk=desk, pk__in={each.registration for each in seen})
    registrations = known.in_bulk()
    passings = [
        Passing(
            desk=desk.pk,
            registration=each.registration,
            place=each.place,
            direction=each.direction,
            at=corrected(each.at, ahead=ahead, received_at=received_at, desk=desk),
            door=door,
            device=device,
            nonce=each.nonce,
            user=user,
            how=each.how,
            remark=_remark(registrations[each.registration], each),
            undone_at=received_at if each.undone_at else None,
        )
        for each in seen
        if each.registration in registrations
    ]
    presence.merge(passings, received_at=received_at)
    doubles = duplicates(desk, {(each.registration, each.place) for each in passings})
    remarks = {each.nonce: each.remark for each in passings}
    return [_became(each, remarks, doubles) for each in seen]


def _remark(registration: Registration, seen: Seen) -> str:
    """What was wrong with somebody who was let in: the device knew the state of an hour ago."""
    if seen.rotation is not None and seen.rotation != registration.rotation:
        return "handed_on"
    if registration.state != State.CONFIRMED:
        return "not_confirmed" if registration.is_live else "cancelled"
    return "no_such_guest" if seen.place > len(registration.guests) else ""


def _became(seen: Seen, remarks: dict[UUID, str], doubles: dict[UUID, tuple[Other, ...]]) -> Merged:
    if seen.nonce not in remarks:
        return Merged(seen.nonce, "unknown")
    if seen.undone_at:
        return Merged(seen.nonce, "undone")
    if seen.nonce in doubles:
        return Merged(seen.nonce, "duplicate", doubles[seen.nonce])
    return Merged(seen.nonce, remarks[seen.nonce] or "noted")


def duplicates(desk: Desk, places: Iterable[tuple[int, int]] | None = None) -> dict[UUID, tuple[Other, ...]]:
    """Return the scans that let somebody in who was in already, or who then was let in again, with the others; one query.

    Of the whole event, or of some places, (registration, place).
    """
    scans = Scan.objects.filter(desk=desk, refused="", undone_at=None).order_by("at", "nonce")
    wanted = None
    if places is not None:
        wanted = set(places)
        scans = scans.filter(registration__in={registration for registration, _ in wanted})
    of_place: dict[tuple[int, int], list[Scan]] = defaultdict(list)
    for scan in scans.only("registration_id", "place", "direction", "at", "door", "nonce"):
        if wanted is None or (scan.registration_id, scan.place) in wanted:
            of_place[scan.registration_id, scan.place].append(scan)
    found: dict[UUID, tuple[Other, ...]] = {}
    for runs in of_place.values():
        for run in _times_in(runs):
            for scan in run:
                found[scan.nonce] = tuple(Other(each.at, each.door) for each in run if each is not scan)
    return found


def _times_in(scans: Iterable[Scan]) -> Iterable[list[Scan]]:
    """Yield the runs of two and more scans by which a person came in without having gone out in between."""
    run: list[Scan] = []
    for scan in scans:
        if scan.direction == Direction.IN:
            run.append(scan)
            continue
        if len(run) > 1:
            yield run
        run = []
    if len(run) > 1:
        yield run
