"""A browser shows pushes as long as somebody is signed in there: whoever sits down next is shown nothing of theirs."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from myapp.accounts.models import User
from myapp.notify.actions import remove_device

DEVICE = "notify_device"  # in the session: which device this browser is


@receiver(user_logged_out)
def remove_this_browser(request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
    """Send no more pushes to a browser in which somebody has just signed out; one query where it had asked for them."""
    device = request.session.get(DEVICE)
    if user is not None and device is not None:
        remove_device(device, acting_user=user)
