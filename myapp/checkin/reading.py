"""What somebody shows or says at the door, read into the place that it stands for."""

from __future__ import annotations

from dataclasses import dataclass

from myapp.events import codes
from myapp.registrations import tokens
from myapp.registrations.models import Desk, Registration


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place of a registration; `rotation` where a signed ticket was shown, which may be an old one."""

    event: int
    registration: int
    place: int = 0
    rotation: int | None = None


# What a person reads for what is printed: https://www.crockford.com/base32.html
_MISREAD = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def is_token(text: str) -> bool:
    """Whether it looks like what a ticket's QR holds, true or not."""
    return text.strip().startswith("EM") and "." in text


def ticket_of_token(text: str) -> Ticket:
    """Return the place that a signed ticket stands for. No queries. Raises `tokens.TokenRefused`."""
    token = tokens.read(text)
    return Ticket(token.event_id, token.registration_id, token.place, token.rotation)


def code_in(text: str) -> str | None:
    """Return the ticket code that somebody typed, however they typed it; None where it cannot be one."""
    code = text.strip().lower().translate(_MISREAD)
    return code if len(code) == codes.LENGTH and not set(code) - set(codes.ALPHABET) else None


def registration_of_code(text: str) -> Registration | None:
    """Return the registration whose code was typed, of whichever event; one query, none for what cannot be a code."""
    code = code_in(text)
    if code is None:
        return None
    return Registration.objects.filter(code=code).select_related("ticket_type", "desk__event").first()


def ticket_of(registration: Registration, place: int = 0) -> Ticket:
    """Return a place of a registration that was found some other way than by its signed ticket. No queries."""
    return Ticket(registration.desk_id, registration.pk, place)


def is_of(ticket: Ticket, desk: Desk) -> bool:
    """Whether a ticket is for this event. No queries."""
    return bool(ticket.event == desk.pk)
