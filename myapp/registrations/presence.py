"""Whether somebody has come with a ticket. Who keeps doors says so; where nobody does, nobody has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _

from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Registration

Asker = Callable[[Registration], bool]

_askers: list[Asker] = []


def add_asker(asker: Asker) -> None:
    """Have `asker` say whether anybody of a registration is in, or has been; adding it again changes nothing."""
    if asker not in _askers:
        _askers.append(asker)


def hold(registrations: Iterable[Registration]) -> None:
    """Hold registrations against scans until the transaction ends: who is just coming in is in by then, or waits for us.

    The desk is locked. One query. What is asked after it sees every scan that was before it.
    """
    keys = [registration.pk for registration in registrations]
    # The strongest lock, since a scan takes the weakest, that of its foreign keys, which costs it nothing more.
    held = Registration.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    list(held.values_list("pk", flat=True))


def has_come(registration: Registration) -> bool:
    """Whether anybody of it is in, or has been; nobody comes in with it until the transaction ends.

    The desk is locked. Two queries where a door is kept.
    """
    if not _askers:
        return False
    hold([registration])
    return any(asker(registration) for asker in _askers)


def must_not_have_come(registration: Registration) -> None:
    """Raise `RegistrationRefused` where anybody of it is in, or has been: the place is used, and nobody else's any more.

    The desk is locked. Two queries where a door is kept.
    """
    if has_come(registration):
        raise RegistrationRefused(
            "already_in", _("Somebody has come in with this ticket, so it stays as it is.")
        )
