"""What every template may know: nothing about the person who asks."""

from functools import partial

from django.conf import settings
from django.http import HttpRequest

from myapp.web.languages import language_prefix, versions_of


def campus(request: HttpRequest) -> dict[str, object]:
    """Add the campus's name, address and time zone, the language prefix of links, and the page's versions; no queries."""
    return {
        "campus_name": settings.CAMPUS_NAME,
        "site_url": settings.SITE_URL,
        "campus_zone": settings.TIME_ZONE,
        "language_prefix": language_prefix(),
        "page_versions": partial(versions_of, request),  # worked out where a template asks for them
    }
