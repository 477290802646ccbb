"""Error pages: a sentence for people, the same for everyone, whatever else is broken.

Each is a template of `templates/errors/` that may use `sentence` and `ways`; a template that cannot be rendered is
replaced by a plain page made here, so that an error never ends in a second one.
"""

from __future__ import annotations

import logging
import random
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import get_language, gettext as _
from django_ratelimit.exceptions import Ratelimited

from eventmate.postgresql.gone import is_gone
from myapp.web.languages import language_prefix
from myapp.web.public_pages import PersonalDataOnPublicPage, impersonal
from myapp.web.traces import current_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

    from myapp.web.gone import Gone, Way

logger = logging.getLogger(__name__)

READING = ("GET", "HEAD")
RETRY_SECONDS = (5, 15)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request makes no sense; its sentence is the exception's if it was written for people."""
    sentence = str(exception) if isinstance(exception, BadRequest) and exception.args else ""
    return _page(request, HTTPStatus.BAD_REQUEST, sentence or _("That request made no sense to us."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, but not for this; 429 when the refusal is "too often"."""
    if isinstance(exception, Ratelimited):
        return too_many_requests(request)
    return _page(
        request, HTTPStatus.FORBIDDEN, _("This page is for other people, or for people who have signed in.")
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without its proof of origin. Mostly an old tab or blocked cookies, so it says what to do."""
    logger.info("CSRF: %s at %s", reason, request.path)
    sentence = _(
        "This form is no longer valid. Go back, reload the page and send it again; cookies must be allowed."
    )
    return _page(request, HTTPStatus.FORBIDDEN, sentence, name="csrf")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """404: nothing here. Never says what the resolver or a query said: that may name what others may not know of."""
    return _page(request, HTTPStatus.NOT_FOUND, _("There is nothing at this address."))


def gone(request: HttpRequest, exception: Gone) -> HttpResponse:
    """410: was here once, with the ways on that the view suggested."""
    return _page(request, HTTPStatus.GONE, exception.sentence, exception.ways)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """429: too often in too short a time."""
    response = _page(
        request,
        HTTPStatus.TOO_MANY_REQUESTS,
        _("Too many requests came from your network in a short time. Wait a minute, then try again."),
    )
    response["Retry-After"] = "60"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; 503 where what nobody caught says that the database is gone."""
    error = sys.exc_info()[1]  # Django calls this while it handles it
    if is_gone(error):
        return unavailable(request)
    sentence = _("Something broke on our side. It has been written down for those who mend it.")
    return _page_alone(HTTPStatus.INTERNAL_SERVER_ERROR, sentence)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the database is gone. The browser asks again by itself for what was only read; nobody keeps the answer.

    Each is told another time, so that those who saw it do not all come back in one second.
    """
    wait = str(random.randint(*RETRY_SECONDS))  # noqa: S311 - spreads people, guards nothing
    logger.warning("%s %s: no database", request.method, request.path)
    if request.method in READING:
        sentence = _(
            "We cannot reach our records just now. This page tries again by itself in a few seconds."
        )
    else:
        sentence = _(
            "We cannot reach our records just now, so what you sent may not have been saved. "
            "Look in a minute, and send it again if it is not there."
        )
    response = _page_alone(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
    response["Retry-After"] = wait
    if request.method in READING:
        response["Refresh"] = wait
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - in one line, not with a traceback each
    return response


def _page_alone(status: HTTPStatus, sentence: str) -> HttpResponse:
    """Render a template that stands alone, no context processor, no query: any of them may be what broke."""
    trace = current_trace()
    # Nobody keeps this answer, so it may say which request it was.
    context = {
        "home_url": f"{language_prefix()}/",
        "sentence": sentence,
        "request_id": trace.id if trace else "",
    }
    try:
        response = HttpResponse(render_to_string(f"errors/{int(status)}.html", context), status=status)
    except Exception:
        logger.exception("The page for %s cannot be rendered", int(status))
        response = _plain_page(status, sentence)
    response.is_ours = True  # type: ignore[attr-defined]
    return response


def _page(
    request: HttpRequest, status: HTTPStatus, sentence: str, ways: Sequence[Way] = (), *, name: str = ""
) -> HttpResponse:
    """Render errors/<name or status>.html under the guard of public pages; plain if that fails."""
    context = {"status": int(status), "sentence": sentence, "ways": ways}
    try:
        with impersonal(request) as made:
            templates = [f"errors/{name or int(status)}.html", f"errors/{int(status)}.html"]
            made.append(HttpResponse(render_to_string(templates, context, request), status=status))
        response = made[0]
    except PersonalDataOnPublicPage:
        raise
    except Exception:
        logger.exception("The page for %s cannot be rendered", int(status))
        response = _plain_page(status, sentence, ways)
    response.is_ours = True  # type: ignore[attr-defined]
    return response


def _plain_page(status: HTTPStatus, sentence: str, ways: Sequence[Way] = ()) -> HttpResponse:
    """Return a page that needs nothing but this module."""
    links = [format_html('<p><a href="{}">{}</a></p>', way.url, way.title) for way in ways]
    return HttpResponse(
        format_html(
            '<!doctype html><html lang="{}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{}</title>'
            '<main><h1>{}</h1><p>{}</p>{}<p><a href="{}">{}</a></p></main></html>',
            get_language() or "en",
            sentence,
            int(status),
            sentence,
            format_html("{}" * len(links), *links) if links else "",
            f"{language_prefix()}/",
            _("What's on"),
        ),
        status=status,
    )
