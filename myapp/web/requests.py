"""The types a view may expect of its request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    # Only the type checker looks up at accounts; at run time this module knows nobody.
    from myapp.accounts.models import User


class Request(HttpRequest):
    """Any request; `htmx` tells how htmx asked, for private pages, islands and fragments (never public pages)."""

    htmx: HtmxDetails


class SignedInRequest(Request):
    """The request of a `@private_page`: somebody is signed in, the middleware saw to it."""

    user: User
