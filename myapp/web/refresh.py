"""Nginx in front of us keeps public pages for a while. When one changes it is told, and fetches the page anew.

The telling is a job, written in the transaction that makes the change: it exists if and only if the change does, survives a
restart of anything, and is tried again with growing pauses until Nginx has the new page. Without it a page lives until its
time is up, which for an event that was withdrawn is a minute and a half too long.

REFRESH_URL is Nginx's door for this (see deploy/nginx/eventmate.conf), REFRESH_SECRET what is shown there. Without
REFRESH_URL there is no cache in front, and nothing here costs anything.
"""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from myapp.web import page_store
from myapp.web.encodings import ENCODINGS
from myapp.web.languages import prefix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SECONDS = 15  # for one page; Nginx gives up on the application after ten
# 3, 9, 27 … 729 seconds: eighteen minutes in all. What was kept before is long out of date then.
RETRY = RetryStrategy(max_attempts=6, exponential_wait=3)


class NotRefreshed(Exception):
    """The cache in front still has the page of before, or may have it."""


def refresh_pages(paths: Iterable[str]) -> None:
    """Have pages fetched anew in every language once the running transaction has committed.

    Paths are as models give them, without the language's prefix ("/events/…"); one that leads nowhere any more is as good:
    its "not found" takes the page's place. One query, none without a cache in front.
    """
    if not settings.REFRESH_URL:
        return
    addresses = dict.fromkeys(prefix_of(code) + path for path in paths for code, _name in settings.LANGUAGES)
    if addresses:
        fetch_anew.defer(addresses=list(addresses))


@app.task(name="refresh_pages", queue="refresh", retry=RETRY)
def fetch_anew(addresses: Sequence[str]) -> None:
    """Have Nginx fetch pages anew, each in the three encodings in which it keeps them. No queries here.

    Raises `NotRefreshed` for the first page that did not come; the job is then tried again as a whole.
    """
    # The process that made the change does this as well, after its commit: perhaps later than we get here, or never.
    page_store.forget_at_once()
    door = urlsplit(settings.REFRESH_URL)
    with closing(HTTPConnection(door.hostname or "", door.port or 80, timeout=SECONDS)) as connection:
        for address in addresses:
            for encoding in ENCODINGS:
                _fetch(connection, address, encoding)


def _fetch(connection: HTTPConnection, address: str, encoding: str) -> None:
    """Ask for a page at the door. Raises `NotRefreshed` unless Nginx has passed the question on and got an answer."""
    headers = {"X-Refresh-Secret": settings.REFRESH_SECRET, "Accept-Encoding": encoding}
    try:
        connection.request("GET", address, headers=headers)
        response = connection.getresponse()
        response.read()
    except (OSError, HTTPException) as error:
        raise NotRefreshed(f"{settings.REFRESH_URL}{address}: {error!r}") from error
    # BYPASS: the application was asked, and its answer took the place of what was kept.
    if response.headers.get("X-Cache-Status") != "BYPASS" or response.status >= 500:
        raise NotRefreshed(f"{settings.REFRESH_URL}{address} answered {response.status}")
