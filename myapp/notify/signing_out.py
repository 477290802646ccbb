"""Whom a browser shows pushes: nobody's any more once that person signs out there, or somebody else signs in.

The browser keeps a cookie that names its device, since sessions end by themselves and the pushes do not. It is signed, and
good for nothing but ending them.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.signing import BadSignature
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from myapp.accounts.models import User
from myapp.notify.models import Device

COOKIE = "push_device"
_SALT = "myapp.notify.signing_out"
_SECONDS = 400 * 24 * 3600  # as long as browsers keep any cookie


def remember_device(response: HttpResponse, device: Device) -> None:
    """Have the browser know which device it is."""
    response.set_signed_cookie(
        COOKIE,
        str(device.pk),
        salt=_SALT,
        max_age=_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@receiver(user_logged_out)
def end_own_pushes(request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
    """Send no more pushes to a browser in which the person has just signed out; one query where it had asked for them."""
    device = _device_of(request)
    if user is not None and device:
        Device.objects.filter(pk=device, user=user).delete()


@receiver(user_logged_in)
def end_pushes_of_others(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Send no more pushes of anybody else to a browser in which somebody has just signed in; one query as above."""
    device = _device_of(request)
    if device:
        Device.objects.filter(pk=device).exclude(user=user).delete()


def _device_of(request: HttpRequest | None) -> int:
    """Return which device a browser says it is, 0 for none; a sign-in by a program has no request."""
    if request is None:
        return 0
    try:
        return int(request.get_signed_cookie(COOKIE, "0", salt=_SALT) or "0")
    except BadSignature:
        return 0
