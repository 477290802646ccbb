"""Configurations that would break caching or security are errors with an id, found before the first request.

E0xx: caching, E1xx: security, E2xx: what must survive; W…: works, but worse than it could. `manage.py check` and every start
of a command run them. Each has a test in eventmate/tests/.
"""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning as CheckWarning, register

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.apps import AppConfig

KEY_LENGTH = 50
KEY_LETTERS = 5
OURS = "myapp.web.middleware."
# What Django or others offer under a name that sounds right, and why it is not.
UNWANTED = {
    "django.middleware.locale.LocaleMiddleware": (
        "E003",
        "asks the browser for its languages: one kept page per browser. LanguageFromPath reads the address",
    ),
    "django.contrib.auth.middleware.LoginRequiredMiddleware": (
        "E004",
        "asks for the user before it looks at the view, on public pages too. PrivateByDefault looks first",
    ),
    "django.middleware.cache.UpdateCacheMiddleware": (
        "E005",
        "keeps pages by its own rules; the page store does",
    ),
    "django.middleware.cache.FetchFromCacheMiddleware": (
        "E005",
        "keeps pages by its own rules; the page store does",
    ),
    "django.middleware.gzip.GZipMiddleware": (
        "E006",
        "compresses personal pages, whose secrets can then be guessed by length, and public ones on each request",
    ),
}
# (id, what stands further out, what stands further in, what goes wrong otherwise)
ORDER = (
    (
        "E008",
        "StampPublicPages",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "a stamped page gets a cookie",
    ),
    (
        "E008",
        "StampPublicPages",
        "django.middleware.common.CommonMiddleware",
        "its redirects are not stamped",
    ),
    ("E008", "LanguageFromPath", "StampPublicPages", "error pages speak the language of the request before"),
    (
        "E109",
        "myapp.accounts.signed_in.Authentication",
        "PrivateByDefault",
        "nobody can be asked for",
    ),
    (
        "E109",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "HintCookie",
        "the hint does not see the session",
    ),
)


@register(Tags.caches)
def check_caching(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Find what would make public pages personal, or have none of them kept."""
    del app_configs
    return list(_caching())


@register(Tags.security)
def check_security(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Find what would let people in, or their secrets out."""
    del app_configs
    return list(_security())


@register(Tags.compatibility)
def check_survival(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Find what would be lost with Redis, or not work at all."""
    del app_configs
    return list(_survival())


def _caching() -> Iterator[CheckMessage]:
    if settings.CSRF_USE_SESSIONS:
        yield _error(
            "E001",
            "CSRF_USE_SESSIONS reads the session on every request, public pages too.",
            "Keep it False.",
        )
    if settings.SESSION_SAVE_EVERY_REQUEST:
        yield _error("E002", "SESSION_SAVE_EVERY_REQUEST sets a cookie on every answer.", "Keep it False.")
    for name in settings.MIDDLEWARE:
        if name in UNWANTED:
            number, why = UNWANTED[name]
            yield _error(number, f"{name.rpartition('.')[2]} {why}.", "Remove it from MIDDLEWARE.")
    for name in ("StampPublicPages", "LanguageFromPath"):
        if OURS + name not in settings.MIDDLEWARE:
            yield _error("E007", f"{name} is not in MIDDLEWARE: no cache may keep any page.", "Add it.")
    yield from _misplaced("E008")
    # gunicorn_config.py starts several where nobody says how many.
    if "locmem" in settings.CACHES["default"]["BACKEND"] and os.environ.get("WEB_CONCURRENCY") != "1":
        yield CheckWarning(
            "Each of several workers keeps pages and counts attempts for itself; a change is seen by one of them.",
            hint="Set REDIS_URL, or WEB_CONCURRENCY=1.",
            id="eventmate.W001",
        )
    if settings.BEHIND_PGBOUNCER and not settings.DATABASE_LISTEN:
        yield CheckWarning(
            "PgBouncer passes no notifications on: places left do not move on open pages, which ask slowly instead.",
            hint="Set DATABASE_LISTEN_URL to PostgreSQL itself.",
            id="eventmate.W002",
        )
    if settings.REFRESH_URL and not settings.REFRESH_SECRET:
        yield _error(
            "E009",
            "REFRESH_URL is set and REFRESH_SECRET is not: Nginx refuses, and withdrawn events stay in its cache.",
            "Set REFRESH_SECRET to what /etc/nginx/eventmate/secret.conf says.",
        )


def _security() -> Iterator[CheckMessage]:
    key = settings.SECRET_KEY
    if len(key) < KEY_LENGTH or len(set(key)) < KEY_LETTERS or key.startswith("django-insecure-"):
        yield _error("E101", "SECRET_KEY can be guessed.", f"Use at least {KEY_LENGTH} random characters.")
    site = urlsplit(settings.SITE_URL)
    if settings.DEBUG and site.scheme == "https":
        yield _error("E102", "DEBUG shows settings and code to whoever causes an error.", "Set DEBUG=0.")
    if site.scheme == "http" and not _is_loopback(site.hostname or ""):
        yield _error("E103", "SITE_URL is http: passwords and sessions travel readable.", "Use https://.")
    if any(host.strip(". ") in {"*", ""} for host in settings.ALLOWED_HOSTS):
        yield _error(
            "E104", "ALLOWED_HOSTS takes any host, and links in mails lead there.", "Name the hosts."
        )
    if site.scheme == "https" and not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        yield _error("E105", "Cookies of an https site are also sent over http.", "Keep them secure.")
    for name in ("SecurityHeaders", "PrivateByDefault", "RefuseMalformed"):
        if OURS + name not in settings.MIDDLEWARE:
            yield _error("E106", f"{name} is not in MIDDLEWARE.", "Add it.")
    policy = " ".join(getattr(settings, "CONTENT_SECURITY_POLICY", {}).values())
    if "unsafe" in policy or "*" in policy.split():
        yield _error("E107", "CONTENT_SECURITY_POLICY lets foreign code run.", "Name the sources one by one.")
    if not settings.SESSION_COOKIE_HTTPONLY:
        yield _error("E108", "Scripts can read the session's cookie.", "Keep SESSION_COOKIE_HTTPONLY True.")
    yield from _misplaced("E109")


def _survival() -> Iterator[CheckMessage]:
    if settings.SESSION_ENGINE in {
        "django.contrib.sessions.backends.cache",
        "django.contrib.sessions.backends.file",
    }:
        yield _error("E201", "A wiped cache or another machine signs everybody out.", "Use cached_db.")
    cache: dict[str, Any] = settings.CACHES["default"]
    ignores = cache.get("OPTIONS", {}).get(
        "IGNORE_EXCEPTIONS", getattr(settings, "DJANGO_REDIS_IGNORE_EXCEPTIONS", False)
    )
    if "redis" in cache["BACKEND"].lower() and not ignores:
        yield _error(
            "E202", "A Redis that is gone takes the site with it.", 'Set OPTIONS["IGNORE_EXCEPTIONS"].'
        )
    if not getattr(settings, "RATELIMIT_FAIL_OPEN", False):
        yield _error("E203", "Without Redis nobody could sign in.", "Set RATELIMIT_FAIL_OPEN = True.")
    if "postgresql" not in settings.DATABASES["default"]["ENGINE"]:
        yield _error(
            "E204", "EventMate needs PostgreSQL: its promises are constraints there.", "Set DATABASE_URL."
        )


def _misplaced(number: str) -> Iterator[CheckMessage]:
    """Yield an error for each pair of middlewares that stand in the wrong order; missing ones are found elsewhere."""
    at = {name.removeprefix(OURS): place for place, name in enumerate(settings.MIDDLEWARE)}
    for number_of_pair, outer, inner, harm in ORDER:
        if number_of_pair == number and outer in at and inner in at and at[outer] > at[inner]:
            message = f"{outer.rpartition('.')[2]} must stand before {inner.rpartition('.')[2]}, else {harm}."
            yield _error(number, message, "Restore the order of MIDDLEWARE.")


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine, where http is as private as https."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _error(number: str, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"eventmate.{number}")
