"""What can be asked about what is one person's; nothing here writes."""

from __future__ import annotations

import hashlib

from myapp.accounts.models import User
from myapp.mine.models import CalendarKey


def digest_of(secret: str) -> str:
    """Return what is kept of a secret. It has 256 bits of chance in it, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def calendar_key_of(user: User) -> CalendarKey | None:
    """Return whether and since when a person's calendar can be read; one query."""
    return CalendarKey.objects.filter(user=user).first()


def calendar_key(secret: str) -> CalendarKey | None:
    """Return the key that a secret is, with its person; None for a wrong or revoked one, or a closed account. One query."""
    return (
        CalendarKey.objects.select_related("user")
        .filter(digest=digest_of(secret), user__is_active=True)
        .first()
    )
