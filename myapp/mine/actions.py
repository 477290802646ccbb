"""What a person does with their own calendar."""

from __future__ import annotations

import datetime as dt
import secrets

from django.utils import timezone

from myapp.accounts.models import User
from myapp.mine.models import CalendarKey
from myapp.mine.queries import digest_of

# Programs come every few minutes; when they came last is for people, who think in hours.
_NOTED = dt.timedelta(hours=1)


def renew_calendar(*, acting_user: User) -> str:
    """Give the person's calendar a new secret, and return it: nobody can see it again. The one before opens nothing. One query."""
    secret = secrets.token_urlsafe(32)
    CalendarKey.objects.bulk_create(
        [CalendarKey(user=acting_user, digest=digest_of(secret), made_at=timezone.now(), read_at=None)],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["digest", "made_at", "read_at"],
    )
    return secret


def revoke_calendar(*, acting_user: User) -> None:
    """Close the person's calendar for everybody who has its address; one query."""
    CalendarKey.objects.filter(user=acting_user).delete()


def note_reading(key: CalendarKey) -> None:
    """Take note that a calendar was read; one query an hour."""
    now = timezone.now()
    if key.read_at is None or key.read_at < now - _NOTED:
        CalendarKey.objects.filter(pk=key.pk).update(read_at=now)
