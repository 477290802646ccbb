"""Each wrong configuration is found by its id; the project's own is found right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as project
from django.core.checks import run_checks

from eventmate import checks

if TYPE_CHECKING:
    from pytest_django import Settings

ALL = [*project.MIDDLEWARE]
HTTPS = "https://events.example.edu"
REDIS = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1"}


def without(name: str) -> list[str]:
    return [entry for entry in ALL if not entry.endswith(f".{name}")]


def last(name: str) -> list[str]:
    return [*without(name), *(entry for entry in ALL if entry.endswith(f".{name}"))]


def first(name: str) -> list[str]:
    return [*(entry for entry in ALL if entry.endswith(f".{name}")), *without(name)]


def found() -> set[str]:
    messages = [*checks._caching(), *checks._security(), *checks._survival()]
    return {str(message.id).removeprefix("eventmate.") for message in messages}


@pytest.fixture(autouse=True)
def _sound(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration without a fault, whatever this machine's is."""
    settings.SECRET_KEY = "a-key-of-more-than-fifty-random-characters-0123456789-abcdef"
    settings.SITE_URL = "http://127.0.0.1:8000"
    settings.ALLOWED_HOSTS = ["127.0.0.1", ".example.edu"]
    settings.DEBUG = False
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    monkeypatch.setenv("WEB_CONCURRENCY", "1")


def test_a_sound_configuration_has_no_fault() -> None:
    assert found() == set()


@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
@pytest.mark.parametrize(
    ("number", "changes"),
    [
        ("E001", {"CSRF_USE_SESSIONS": True}),
        ("E002", {"SESSION_SAVE_EVERY_REQUEST": True}),
        ("E003", {"MIDDLEWARE": [*ALL, "django.middleware.locale.LocaleMiddleware"]}),
        ("E004", {"MIDDLEWARE": [*ALL, "django.contrib.auth.middleware.LoginRequiredMiddleware"]}),
        ("E005", {"MIDDLEWARE": [*ALL, "django.middleware.cache.UpdateCacheMiddleware"]}),
        ("E005", {"MIDDLEWARE": [*ALL, "django.middleware.cache.FetchFromCacheMiddleware"]}),
        ("E006", {"MIDDLEWARE": [*ALL, "django.middleware.gzip.GZipMiddleware"]}),
        ("E007", {"MIDDLEWARE": without("StampPublicPages")}),
        ("E007", {"MIDDLEWARE": without("LanguageFromPath")}),
        ("E008", {"MIDDLEWARE": last("StampPublicPages")}),
        ("E008", {"MIDDLEWARE": first("StampPublicPages")}),
        ("E101", {"SECRET_KEY": "short"}),
        ("E101", {"SECRET_KEY": "a" * 60}),
        ("E101", {"SECRET_KEY": "django-insecure-0123456789-0123456789-0123456789-abc"}),
        (
            "E102",
            {"SITE_URL": HTTPS, "DEBUG": True, "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True},
        ),
        ("E103", {"SITE_URL": "http://events.example.edu"}),
        ("E103", {"SITE_URL": "http://192.168.1.7:8000"}),
        ("E104", {"ALLOWED_HOSTS": ["*"]}),
        ("E104", {"ALLOWED_HOSTS": ["."]}),
        ("E105", {"SITE_URL": HTTPS, "SESSION_COOKIE_SECURE": False, "CSRF_COOKIE_SECURE": True}),
        ("E105", {"SITE_URL": HTTPS, "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": False}),
        ("E106", {"MIDDLEWARE": without("SecurityHeaders")}),
        ("E106", {"MIDDLEWARE": without("PrivateByDefault")}),
        ("E106", {"MIDDLEWARE": without("RefuseMalformed")}),
        ("E107", {"CONTENT_SECURITY_POLICY": {"script-src": "'unsafe-inline'"}}),
        ("E107", {"CONTENT_SECURITY_POLICY": {"img-src": "*"}}),
        ("E108", {"SESSION_COOKIE_HTTPONLY": False}),
        ("E109", {"MIDDLEWARE": first("PrivateByDefault")}),
        ("E109", {"MIDDLEWARE": first("HintCookie")}),
        ("E201", {"SESSION_ENGINE": "django.contrib.sessions.backends.cache"}),
        ("E202", {"CACHES": {"default": REDIS}}),
        ("E203", {"RATELIMIT_FAIL_OPEN": False}),
        ("E204", {"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}),
    ],
)
def test_a_wrong_configuration_is_found(settings: Settings, number: str, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)

    assert found() == {number}


@pytest.mark.parametrize("site", ["http://localhost:8000", "http://127.0.0.9", "http://[::1]:8000"])
def test_http_on_this_machine_is_fine(settings: Settings, site: str) -> None:
    settings.SITE_URL = site

    assert found() == set()


def test_redis_that_may_be_gone_is_fine(settings: Settings) -> None:
    settings.CACHES = {"default": REDIS | {"OPTIONS": {"IGNORE_EXCEPTIONS": True}}}

    assert found() == set()


@pytest.mark.parametrize("workers", ["3", ""])
def test_several_workers_without_redis_are_warned(workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody says how many, gunicorn starts several."""
    monkeypatch.setenv("WEB_CONCURRENCY", workers)

    assert found() == {"W001"}


def test_pgbouncer_without_a_way_to_listen_is_warned(settings: Settings) -> None:
    settings.BEHIND_PGBOUNCER = True
    assert found() == {"W002"}
    settings.DATABASE_LISTEN = settings.DATABASES["default"]
    assert found() == set()


def test_the_checks_run_with_djangos_own(settings: Settings) -> None:
    settings.CSRF_USE_SESSIONS = True

    assert "eventmate.E001" in {message.id for message in run_checks()}
