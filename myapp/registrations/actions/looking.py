"""Taking note of what a person has seen."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from myapp.accounts.models import User
from myapp.registrations.models import Look

# Who comes back within this time is on the same visit.
VISIT = dt.timedelta(minutes=10)


def look(*, acting_user: User) -> dt.datetime | None:
    """Take note that the person looks at their tickets, and return when they did so before this visit; None the first time.

    One query during a visit, two at its beginning.
    """
    now = timezone.now()
    known = Look.objects.filter(user=acting_user).first()
    if known is None:
        Look.objects.bulk_create([Look(user=acting_user, at=now)], ignore_conflicts=True)
        return None
    if known.at > now - VISIT:
        return known.before
    # Of two tabs that open at once the second changes nothing.
    Look.objects.filter(pk=known.pk, at=known.at).update(before=known.at, at=now)
    return known.at
