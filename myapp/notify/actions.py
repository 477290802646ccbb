"""What people can change about what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from myapp.notify.links import Stop
from myapp.notify.models import Device, Group, Preference
from myapp.notify.push import is_endpoint

if TYPE_CHECKING:
    from myapp.accounts.models import User

MOST_DEVICES = 10


def choose(group: Group, *, mail: bool, push: bool, acting_user: User) -> None:
    """Set what a person wants of a group; three queries, and the same again changes nothing."""
    Preference.objects.update_or_create(user=acting_user, group=group, defaults={"mail": mail, "push": push})


def set_mails(stop: Stop, *, wanted: bool) -> None:
    """Switch the mails of a group off or on for whoever holds the link; three queries."""
    whose = (
        {"user_id": stop.user_id} if stop.user_id is not None else {"user": None, "email": stop.email.lower()}
    )
    Preference.objects.update_or_create(**whose, group=stop.group, defaults={"mail": wanted})


def add_device(*, endpoint: str, p256dh: str, auth: str, name: str, acting_user: User) -> Device:
    """Send pushes to a browser from now on, and return it; at most ten queries.

    A browser belongs to whoever signed in there last. Who has more than ten keeps the newest. Raises `ValueError` for an
    endpoint that is no address of a push service.
    """
    if not is_endpoint(endpoint):
        raise ValueError(endpoint)
    with transaction.atomic():
        device, _is_new = Device.objects.update_or_create(
            endpoint=endpoint,
            defaults={"user": acting_user, "p256dh": p256dh, "auth": auth, "name": name},
        )
        newest = Device.objects.filter(user=acting_user).order_by("-pk").values("pk")[:MOST_DEVICES]
        Device.objects.filter(user=acting_user).exclude(
            pk__in=list(newest.values_list("pk", flat=True))
        ).exclude(pk=device.pk).delete()
    return device


def remove_device(pk: int, *, acting_user: User) -> None:
    """Send no more pushes to a browser of the person; nothing happens to anybody else's."""
    Device.objects.filter(pk=pk, user=acting_user).delete()
