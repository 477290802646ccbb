"""Whether somebody has come with a ticket. Who keeps doors says so; where nobody does, nobody has come."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Registration

Asker = Callable[[Registration], bool]

_askers: list[Asker] = []


def add_asker(asker: Asker) -> None:
    """Have `asker` say whether anybody of a registration is in, or has been; adding it again changes nothing."""
    if asker not in _askers:
        _askers.append(asker)


def must_not_have_come(registration: Registration) -> None:
    """Raise `RegistrationRefused` where anybody of it is in, or has been: the place is used, and nobody else's any more.

    The desk is locked. One query where a door is kept.
    """
    if any(asker(registration) for asker in _askers):
        raise RegistrationRefused(
            "already_in", _("Somebody has come in with this ticket, so it stays as it is.")
        )
