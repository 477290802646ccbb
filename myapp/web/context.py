"""What every template may know: nothing about the person who asks."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language


def language_prefix() -> str:
    """Return what stands before every path in the active language: nothing for the default, else like "/fr"."""
    language = get_language() or settings.LANGUAGE_CODE
    return "" if language == settings.LANGUAGE_CODE else f"/{language}"


def campus(_request: HttpRequest) -> dict[str, object]:
    """Add the campus's name, address and time zone, and the language prefix of links; no queries."""
    return {
        "campus_name": settings.CAMPUS_NAME,
        "site_url": settings.SITE_URL,
        "campus_zone": settings.TIME_ZONE,
        "language_prefix": language_prefix(),
        "languages": settings.LANGUAGES,
    }
