"""Hears from the accounts when somebody has proved an address, and joins to the account what was registered with it."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_signed_up
from django.dispatch import receiver

from myapp.accounts.models import User
from myapp.registrations.actions import join_account


@receiver(email_confirmed, dispatch_uid="registrations.joining.confirmed")
def _confirmed(email_address: EmailAddress, **_more: Any) -> None:
    join_account(email_address.user, email_address.email)


@receiver(user_signed_up, dispatch_uid="registrations.joining.signed_up")
def _signed_up(user: User, **_more: Any) -> None:
    """Somebody whose address is known to be theirs from the start, because a provider says so."""
    for address in EmailAddress.objects.filter(user=user, verified=True):
        join_account(user, address.email)
