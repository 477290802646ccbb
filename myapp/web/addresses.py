"""Whole addresses, for what leaves the site: feeds, calendars, mail, search engines.

They begin with SITE_URL, never with the host that a request names: an answer that is kept for everyone must not say
what one of them sent.
"""

from urllib.parse import urljoin

from django.conf import settings

from myapp.web.languages import language_prefix


def whole_address(path: str) -> str:
    """Return the whole address of a path of this site, in the active language; no queries.

    A path is as models give it, without the language's prefix ("/events/…").
    """
    return f"{settings.SITE_URL}{language_prefix()}{path}"


def whole_media_address(url: str) -> str:
    """Return the whole address of a file as its storage names it: "/media/…", or already whole."""
    return urljoin(f"{settings.SITE_URL}/", url)
