"""The only place that speaks htmx's headers. They are client input: use them for an answer's shape, never its rights.

Public pages do not ask: their bytes are the same for htmx and for a browser. Private pages, islands and fragments may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from myapp.web.requests import Request


def is_htmx(request: HttpRequest) -> bool:
    """Return whether htmx asks; works before HtmxMiddleware has run, too."""
    return request.META.get("HTTP_HX_REQUEST") == "true"


def wants_fragment(request: Request, target: str) -> bool:
    """Return whether htmx wants just the element with the id `target`, rather than a page that holds it.

    False for boosted links, history restores and requests that select from the whole page. A private view that
    branches on this sends its answer through `varying`.
    """
    htmx = request.htmx
    if not htmx or htmx.boosted or htmx.history_restore_request or htmx.request_type == "full":
        return False
    # htmx 4 sends "div#results"; an id alone is what htmx 2 sends
    return (htmx.target or "").rpartition("#")[2] == target


def varying(response: HttpResponse) -> HttpResponse:
    """Return the response marked as depending on htmx's headers; both branches of a view need it."""
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Return a redirect that changes the whole page, for htmx (which would swap the target page in) and for browsers."""
    return HttpResponseClientRedirect(url) if is_htmx(request) else HttpResponseRedirect(url)


def invalid(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Return a form that was not right, to be corrected: status 422, which htmx swaps in and caches and logs believe."""
    return render(request, template, context, status=422)


def page_behind(request: HttpRequest) -> str:
    """Return the path of the page the person is on: this one for reading, the one with the form for sending.

    Empty when the browser does not say, or names another site.
    """
    if request.method in {"GET", "HEAD"} and not is_htmx(request):
        return request.get_full_path()
    url = request.META.get("HTTP_HX_CURRENT_URL") or request.META.get("HTTP_REFERER") or ""
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return ""
    return urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl()
