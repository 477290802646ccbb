"""Who may see how the site is inside: this machine, and the networks that METRICS_ALLOW names."""

from __future__ import annotations

import ipaddress
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

if TYPE_CHECKING:
    from myapp.web.policies import View

# With any of these a request was handed on by a proxy, Nginx on this machine first of all: then the peer we see, a
# loopback address or a Unix socket, is the proxy's.
HANDED_ON = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"),
    *("HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA"),
)


def allowed_machines_only(view: View) -> View:
    """Answer 403 to everyone else; stands below the page kind's decorator."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_look_inside(request):
            return JsonResponse({"status": "forbidden"}, status=403)
        return view(request, *args, **kwargs)

    return page


def may_look_inside(request: HttpRequest) -> bool:
    """Whether a request comes from this machine or an allowed network.

    Who writes a header of a proxy is never this machine, so forging one only loses rights. Behind our own proxy the
    last entry of X-Forwarded-For counts, the one the proxy wrote; elsewhere it counts for nothing.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "")
    handed_on = any(name in request.META for name in HANDED_ON)
    if not handed_on and (not peer or _is_loopback(peer)):
        return True  # without an address it came by a Unix socket, whose permissions say who may
    if handed_on and settings.SECURE_PROXY_SSL_HEADER:
        peer = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    address = _address(peer)
    return address is not None and any(address in network for network in settings.METRICS_ALLOW)


def _is_loopback(peer: str) -> bool:
    address = _address(peer)
    return address is not None and address.is_loopback


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address, an IPv4 one also where it is written as IPv6; None for anything else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
