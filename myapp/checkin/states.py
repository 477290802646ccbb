"""What a device at the door is told, so that it can go on without a network: everything that decides who may come in.

    {"v": 1,
     "event": {"id", "title", "starts", "opens", "closes", "off"},          times in milliseconds since 1970
     "keys": ["…"],                    that verify tickets, base64url of 32 bytes
     "types": {"7": "Students"},
     "room": 80,                       how many the room holds; null where nobody knows
     "rows": [[registration, code, rotation, state, type, [name of each place], [[place, in since, door], …]], …]}

`state` is "c" (confirmed), "w" (still to come: waiting, offered …) or "x" (over). Names are those of people who agreed to
that; of everybody else a device at a door, which may be lost in the crowd, knows initials.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from myapp.checkin.models import DoorSettings, Presence
from myapp.checkin.queries import closes_at, opens_at
from myapp.events.models import Status
from myapp.registrations import signing
from myapp.registrations.models import LIVE, Desk, Registration, State

_LETTER = {State.CONFIRMED.value: "c", **{state.value: "w" for state in LIVE if state != State.CONFIRMED}}


def milliseconds(moment: dt.datetime) -> int:
    """Return a moment as JavaScript counts it."""
    return round(moment.timestamp() * 1000)


def initials(name: str) -> str:
    """Return "A. O." for Ada Okonkwo."""
    words = name.split()
    return " ".join(f"{word[0].upper()}." for word in (words if len(words) < 3 else (words[0], words[-1])))


def states_of(desk: Desk) -> dict[str, Any]:
    """Return what a device is told about an event; three queries however many are coming."""
    event = desk.event
    inside: dict[int, list[list[Any]]] = {}
    for presence in Presence.objects.filter(desk=desk, is_in=True).order_by("place"):
        assert presence.changed_at is not None  # noqa: S101 - a constraint says so
        told = [presence.place, milliseconds(presence.changed_at), presence.door]
        inside.setdefault(presence.registration_id, []).append(told)
    settings = DoorSettings.objects.filter(desk=desk).first()
    consent = str(settings.consent_id) if settings and settings.consent_id else ""
    registrations = Registration.objects.filter(desk=desk).order_by("pk").defer("sentence", "email")
    return {
        "v": 1,
        "event": {
            "id": event.pk,
            "title": event.title,
            "starts": milliseconds(event.starts_at),
            "opens": milliseconds(opens_at(event)),
            "closes": milliseconds(closes_at(event)),
            "off": event.status != Status.PUBLISHED,
        },
        "keys": signing.public_keys(),
        "types": {str(kind.pk): kind.name for kind in desk.types.all()},
        "room": event.room.capacity if event.room else None,
        "rows": [_row(each, consent, inside.get(each.pk, [])) for each in registrations],
    }


def _row(registration: Registration, consent: str, inside: list[list[Any]]) -> list[Any]:
    agreed = bool(consent) and registration.answers.get(consent) in (True, "yes", "on", "true")
    first = registration.name if agreed else initials(registration.name)
    told = [first, *(initials(guest) for guest in registration.guests)]
    return [
        registration.pk,
        registration.code,
        registration.rotation,
        _LETTER.get(registration.state, "x"),
        registration.ticket_type_id,
        told,
        inside,
    ]
