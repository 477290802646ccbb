"""Where somebody finds what is theirs: under /tickets/ with an account, under the key from our mail without one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from myapp.registrations.keys import key_of
from myapp.registrations.models import Registration
from myapp.web.languages import language_prefix


def way_to(registration: Registration, name: str) -> str:
    """Return the address of one of a registration's pages: "cancel", "change", "answers", "accept". No queries."""
    if registration.user_id is not None:
        return reverse(f"registrations:{name}", args=[registration.code])
    return reverse(f"registrations:{name}_by_key", args=[key_of(registration)])


def way_on(registration: Registration) -> str:
    """Return where the person sees what they have: their ticket, or the page on which they say that an address is theirs.

    No queries.
    """
    if registration.user_id is not None:
        return ticket_url(registration.code)
    name = "ticket_by_key" if registration.is_somebodys else "confirm_by_key"
    return reverse(f"registrations:{name}", args=[key_of(registration)])


def register_url(slug: str) -> str:
    """Return the page on which one registers for an event. No queries."""
    return f"{language_prefix()}/my/events/{slug}/register/"


def ticket_url(code: str) -> str:
    """Return the page of a ticket of somebody with an account. No queries."""
    return f"{language_prefix()}/tickets/{code}/"


def ways_from(ticket: str) -> dict[str, str]:
    """Return the addresses that lead on from a ticket's page, under the names that templates know. No queries."""
    return {f"{name}_url": f"{ticket}{name}/" for name in ("accept", "answers", "cancel", "change")}


def sign_in_url(slug: str, *, up: bool = False) -> str:
    """Return where one signs in, or up, and comes back to registering. No queries."""
    return f"{reverse('account_signup' if up else 'account_login')}?{urlencode({'next': register_url(slug)})}"
