"""Keys: what is signed in an address opens what it names, without a sign-in.

The one to a registration of somebody without an account stands in the links of our mails, and is all they need. It holds
for as long as the registration is the same person's: it is signed together with the address it was sent to, and a ticket
that changes hands (`rotation`) has another.

The one to the places of an event that is not open to everyone stands in its page, for its stream, which knows nobody. It
opens how many places are left and nothing else, for a week and whatever changes meanwhile; a stream that is open stays.
"""

import datetime as dt

from django.core.signing import BadSignature, Signer, TimestampSigner

from myapp.events.models import Event
from myapp.registrations.models import HandOn, Registration

_OFFER = "registrations.keys.offer"
_SEATS_HOLD = dt.timedelta(days=7)
_seats = TimestampSigner(sep=".", salt="registrations.keys.seats")


def key_of(registration: Registration) -> str:
    """Return the key of a registration; safe in an address."""
    return _signer(registration).sign(f"{registration.pk}.{registration.rotation}")


def registration_of(key: str) -> Registration | None:
    """Return the registration that a key opens, with its event; None for a key that is wrong or no longer holds. One query."""
    pk = key.partition(".")[0]
    if not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        return None
    found = (
        Registration.objects.select_related(
            "ticket_type", "user", "desk__event__organisation", "desk__event__room", "desk__event__building"
        )
        .filter(pk=int(pk))
        .first()
    )
    if found is None or not found.email:
        return None
    try:
        value = _signer(found).unsign(key)
    except BadSignature:
        return None
    return found if value == f"{found.pk}.{found.rotation}" else None


def offer_key_of(offer: HandOn) -> str:
    """Return the key to a ticket that is offered to an address; safe in an address."""
    return Signer(sep=".", salt=_OFFER).sign(str(offer.pk))


def offer_of(key: str) -> HandOn | None:
    """Return the offer that a key opens, with its event; None for a key that is wrong. One query."""
    try:
        pk = int(Signer(sep=".", salt=_OFFER).unsign(key))
    except (BadSignature, ValueError):
        return None
    return (
        HandOn.objects.select_related(
            *("registration__ticket_type__organisation", "registration__desk__event__organisation"),
            *("registration__desk__event__room", "registration__desk__event__building"),
        )
        .filter(pk=pk)
        .first()
    )


def seats_key_of(event: Event) -> str:
    """Return the key to how many places of an event are left; safe in an address, for whoever may see the event."""
    return _seats.sign(event.code)


def code_of_seats(key: str) -> str | None:
    """Return the code of the event whose places a key opens; None for a key that is wrong or too old. No queries."""
    try:
        return _seats.unsign(key, max_age=_SEATS_HOLD)
    except BadSignature:
        return None


def _signer(registration: Registration) -> Signer:
    return Signer(sep=".", salt=f"registrations.keys:{registration.email.lower()}")
