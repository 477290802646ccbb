"""Filling the page store and the fragments before people come: after a start, or when a new version went in.

Pages are asked for as Nginx asks for them, through the whole of the site and without a network: what is kept is what
the next visitor gets.
"""

from __future__ import annotations

import re
import sys
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import reverse
from django.utils.translation import override

from myapp.web.encodings import ENCODINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Where people begin. What they go on to is read from the first of them: the pages that it links to.
ENTRANCES = (
    *("events:home", "events:list", "events:calendar", "events:organisations", "events:buildings"),
    *("events:rooms", "pages:about", "pages:help", "pages:sitemap", "pages:robots"),
)
MOST_LINKED = 60
COMPRESSED = tuple(encoding for encoding in ENCODINGS if encoding)  # what takes neither is rare
_LINK = re.compile(r'href="(/[^"#]*)"')
# Written for one person, or taken from a folder
_NOT_THESE = ("/accounts/", "/admin/", "/static/", "/media/", "/_mine/", "/my/", "/tickets/", "//")


class Warmed(NamedTuple):
    """What was done: how many pages are kept now, those that could not be made, and the seconds it took."""

    pages: int
    failed: list[str]
    seconds: float


def warm(*, seconds: float, most_linked: int = MOST_LINKED) -> Warmed:
    """Make the entrances in every language, then what the front page links to, until the seconds are over.

    The queries of each page that is not kept yet, and one cache round trip for each that is.
    """
    began = time.monotonic()
    ask = _asker(WSGIHandler())
    made, failed = 0, []
    for path in _paths(ask, most_linked):
        for encoding in COMPRESSED:
            status, _body = ask(path, encoding)
            made += status == 200
            failed += [f"{path} ({status})"] if status >= 400 else []
        if time.monotonic() - began > seconds:
            break
    return Warmed(made, failed, time.monotonic() - began)


def _paths(ask: Callable[[str, str], tuple[int, str]], most_linked: int) -> Iterator[str]:
    """Yield the addresses, the most visited first."""
    known: set[str] = set()
    for language, _name in sorted(settings.LANGUAGES, key=lambda each: each[0] != settings.LANGUAGE_CODE):
        with override(language):
            entrances = [reverse(name) for name in ENTRANCES]
        yield from (path for path in entrances if path not in known)
        known.update(entrances)
    front = ask(reverse("events:home"), "")[1]
    linked = [path.replace("&amp;", "&") for path in dict.fromkeys(_LINK.findall(front))]
    yield from [path for path in linked if path not in known and not path.startswith(_NOT_THESE)][
        :most_linked
    ]


def _asker(handler: WSGIHandler) -> Callable[[str, str], tuple[int, str]]:
    """Return a function that asks the site for a path in an encoding and returns status and body."""
    site = urlsplit(settings.SITE_URL)

    def ask(path: str, encoding: str) -> tuple[int, str]:
        path, _, query = path.partition("?")
        statuses: list[int] = []
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": site.hostname,
            "SERVER_PORT": str(site.port or (443 if site.scheme == "https" else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": site.netloc,
            "HTTP_X_FORWARDED_PROTO": site.scheme,  # read behind a proxy alone
            "HTTP_ACCEPT_ENCODING": encoding,
            "wsgi.url_scheme": site.scheme,
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
        }

        def start(status: str, _headers: object, _error: object = None, /) -> Callable[[bytes], object]:
            statuses.append(int(status[:3]))
            return lambda _body: None

        response = handler(environ, start)
        body = b"" if encoding else b"".join(response)
        response.close()
        return statuses[0], body.decode()

    return ask
