"""Ticket tokens: what the QR holds, one for each place of a registration.

    EM1.<payload>.<signature>        both base64url without padding, 122 characters in all

    payload, 23 bytes, big endian: version (1 byte, is 1), event (8), registration (8), number of the place within the
    registration (2; 0 is the person, 1 and on their guests), rotation (4)
    signature: Ed25519 over the bytes of the payload (signing.py)

A token says what was true when it was made. Whether the registration is still confirmed, and whether its rotation is still
this one (it grows when a ticket changes hands, so that the copy of the giver is void), is for whoever knows today's
registrations: `check` here, and the door's own list where there is no network.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from django.utils.translation import gettext as _

from myapp.registrations import signing
from myapp.registrations.models import Registration, State

_VERSION = 1
_PREFIX = "EM1"
_PAYLOAD = struct.Struct(">BQQHI")
# Nobody types a token; what is longer is something else.
_LONGEST = 200


class Token(NamedTuple):
    """What a token says."""

    event_id: int
    registration_id: int
    place: int
    rotation: int


class TokenRefused(Exception):
    """A token that lets nobody in. `code` is for programs and never changes, `sentence` for people."""

    def __init__(self, code: str, sentence: str) -> None:
        """Keep both."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def make(registration: Registration, place: int = 0) -> str:
    """Return the token of one place of a registration. No queries."""
    payload = _PAYLOAD.pack(_VERSION, registration.desk_id, registration.pk, place, registration.rotation)
    return f"{_PREFIX}.{signing.encoded(payload)}.{signing.encoded(signing.sign(payload))}"


def make_all(registration: Registration) -> list[str]:
    """Return the tokens of a registration: the person's first, then one for each guest. No queries."""
    return [make(registration, place) for place in range(1 + len(registration.guests))]


def read(text: str) -> Token:
    """Return what a token says, once its signature is found to be ours. No queries.

    Raises `TokenRefused`: "not_a_ticket" for anything else that a camera sees, "other_version" for a ticket of a later
    EventMate, "incomplete" where something was cut off or added on the way, "forged" where the signature is not ours.
    """
    prefix, _dot, rest = text.strip().partition(".")
    if len(text) > _LONGEST or not prefix.startswith("EM") or not prefix[2:].isdecimal() or not rest:
        raise TokenRefused("not_a_ticket", _("This is not a ticket."))
    if prefix != _PREFIX:
        raise TokenRefused("other_version", _("This ticket is of a newer kind than this site can read."))
    payload, signature = _parts(rest)
    if not signing.is_signed(payload, signature):
        raise TokenRefused("forged", _("This ticket was not issued here."))
    version, *said = _PAYLOAD.unpack(payload)
    if version != _VERSION:
        raise TokenRefused("other_version", _("This ticket is of a newer kind than this site can read."))
    return Token(*said)


def check(token: Token, registration: Registration) -> None:
    """Raise `TokenRefused` where a token is not good for its registration as it is now. No queries.

    "another_ticket" where it belongs to another one, "handed_on" where somebody else has the ticket since, "not_confirmed"
    where there is no place (any more), "no_such_guest" where fewer are coming.
    """
    if (token.event_id, token.registration_id) != (registration.desk_id, registration.pk):
        raise TokenRefused("another_ticket", _("This code belongs to another ticket."))
    if token.rotation != registration.rotation:
        raise TokenRefused("handed_on", _("This ticket was handed on; its old code no longer counts."))
    if registration.state != State.CONFIRMED:
        raise TokenRefused("not_confirmed", _("There is no confirmed place behind this ticket."))
    if token.place > len(registration.guests):
        raise TokenRefused("no_such_guest", _("This guest was taken off the ticket."))


def _parts(rest: str) -> tuple[bytes, bytes]:
    """Return payload and signature of what follows the prefix."""
    try:
        first, second = rest.split(".")
        payload, signature = signing.decoded(first), signing.decoded(second)
    except ValueError:  # also of characters that are none of ours (UnicodeError, binascii.Error)
        payload = signature = b""
    if (len(payload), len(signature)) != (_PAYLOAD.size, signing.SIGNATURE_BYTES):
        raise TokenRefused("incomplete", _("This ticket's code is not complete."))
    return payload, signature
