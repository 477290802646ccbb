"""Limits on how often one visitor may try something. They fail open: without Redis nobody is locked out.

A limit guards what costs us or annoys others (sending mail, guessing a password), never a page that can be kept.
"""

from __future__ import annotations

import ipaddress
import logging
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django_ratelimit import ALL
from django_ratelimit.core import is_ratelimited

from myapp.web import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from myapp.web.policies import View

logger = logging.getLogger(__name__)


def limited(
    rate: str,
    *,
    group: str,
    methods: tuple[str, ...] | None = ("POST",),
    by: Callable[[HttpRequest], str] | None = None,
) -> Callable[[View], View]:
    """Allow a visitor `rate` ("5/m", "100/h") uses of the views of a group; then answer 429 with a sentence.

    Visitors are told apart `by` their network address unless another reading is given. Stands below the page kind's
    decorator. One cache round trip per use; none of them on a public page, which does not know its visitor.
    """
    asks = by or visitor_address

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if is_too_often(request, rate, group=group, methods=methods, by=asks):
                return errors.too_many_requests(request)
            return view(request, *args, **kwargs)

        return page

    return decorate


def is_too_often(
    request: HttpRequest,
    rate: str,
    *,
    group: str,
    methods: tuple[str, ...] | None = ("POST",),
    by: Callable[[HttpRequest], str] | None = None,
) -> bool:
    """Count this use and return whether it is one too many; False when the counters cannot be reached."""
    asks = by or visitor_address
    try:
        return bool(
            is_ratelimited(
                request,
                group=group,
                key=lambda _group, request: asks(request),
                rate=rate,
                method=methods or ALL,
                increment=True,
            )
        )
    except Exception:
        # What a cache that is ill raises depends on how ill it is; a person who signs in is not the one to suffer.
        logger.exception("The limit %s of %s was not counted", rate, group)
        return False


def visitor_address(request: HttpRequest) -> str:
    """Return the network a request comes from: an IPv4 address, or the /64 that one IPv6 customer has.

    Behind our own proxy that is what the proxy says it saw: the last entry of X-Forwarded-For, the only one that the
    visitor cannot write. Anything unreadable counts as one visitor.
    """
    seen = request.META.get("REMOTE_ADDR") or ""
    if settings.SECURE_PROXY_SSL_HEADER:
        seen = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or seen
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)
