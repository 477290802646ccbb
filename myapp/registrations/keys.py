"""The key to a registration of somebody without an account: it stands in the links of our mails, and is all they need.

It holds for as long as the registration is the same person's: it is signed together with the address it was sent to, and
a ticket that changes hands (`rotation`) has another.
"""

from django.core.signing import BadSignature, Signer

from myapp.registrations.models import HandOn, Registration

_OFFER = "registrations.keys.offer"


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


def _signer(registration: Registration) -> Signer:
    return Signer(sep=".", salt=f"registrations.keys:{registration.email.lower()}")
