"""What follows when a door has closed."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef
from django.utils import timezone

from myapp.checkin.models import Device, Presence
from myapp.checkin.queries import CLOSES
from myapp.registrations.actions import give_strikes
from myapp.registrations.models import Desk, Strike

# Doors that closed before this were looked at often enough.
_LOOKS_BACK = dt.timedelta(days=3)


def give_due_strikes() -> list[Strike]:
    """Give the strikes of events whose door has closed; one query, and seven for each event.

    Only where a door was kept at all, and where every device has sent what it has seen: nobody is held absent because a
    phone lies in a drawer. Returns those that are new; the second time there are none.
    """
    now = timezone.now()
    came = Presence.objects.filter(desk=OuterRef("pk"), first_in_at__isnull=False)
    silent = Device.objects.filter(desk=OuterRef("pk"), unsent__gt=0)
    closed = Desk.objects.filter(
        Exists(came),
        ~Exists(silent),
        strikes=True,
        event__ends_at__lte=now - CLOSES,
        event__ends_at__gt=now - CLOSES - _LOOKS_BACK,
    )
    return [strike for desk in closed for strike in give_strikes(desk, _seen(desk))]


def _seen(desk: Desk) -> set[int]:
    """The registrations of which somebody was in."""
    came = Presence.objects.filter(desk=desk, first_in_at__isnull=False)
    return set(came.values_list("registration", flat=True))
