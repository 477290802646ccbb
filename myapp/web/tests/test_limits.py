"""Limits count where they can, and let people in where they cannot."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import RequestFactory

from myapp.web.limits import is_too_often, limited, visitor_address

if TYPE_CHECKING:
    from pytest_django import Settings

    from myapp.web.requests import Request


@limited("3/h", group="mail")
def send(request: Request) -> HttpResponse:
    return HttpResponse("sent")


def posts(number: int, address: str = "192.0.2.1") -> list[int]:
    request = RequestFactory().post("/send/", REMOTE_ADDR=address)
    return [send(request).status_code for _ in range(number)]


def test_the_one_too_many_is_refused() -> None:
    assert posts(5) == [200, 200, 200, 429, 429]
    assert posts(1, "192.0.2.2") == [200]


def test_reading_is_not_counted() -> None:
    assert [send(RequestFactory().get("/send/")).status_code for _ in range(5)] == [200] * 5


class TestWithoutRedis:
    @pytest.fixture(autouse=True, params=["django_redis.cache.RedisCache", "eventmate.caches.ForgetfulRedis"])
    def _dead(self, settings: Settings, request: pytest.FixtureRequest) -> None:
        settings.CACHES = {
            "default": {
                "BACKEND": request.param,
                "LOCATION": "redis://127.0.0.1:1/0",
                "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.05},
            }
        }

    def test_nobody_is_locked_out(self) -> None:
        assert posts(5) == [200] * 5

    def test_failing_closed_would_lock_everybody_out(self, settings: Settings) -> None:
        """What the setting is for: django-redis alone says that it could not count, and that would be the end."""
        settings.RATELIMIT_FAIL_OPEN = False

        honest = settings.CACHES["default"]["BACKEND"] == "django_redis.cache.RedisCache"
        assert posts(1) == [429 if honest else 200]

    def test_a_cache_that_raises_locks_nobody_out(self, settings: Settings) -> None:
        settings.CACHES = {
            "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
        }

        assert posts(2) == [200, 200]


def test_a_redis_that_hangs_costs_little(settings: Settings) -> None:
    """It accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.CACHES = {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{silent.getsockname()[1]}/0",
                "OPTIONS": {
                    "IGNORE_EXCEPTIONS": True,
                    "SOCKET_CONNECT_TIMEOUT": 0.05,
                    "SOCKET_TIMEOUT": 0.05,
                },
            }
        }

        assert posts(1) == [200]


@pytest.mark.parametrize(
    ("seen", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_visitors_are_networks(seen: str, address: str) -> None:
    assert visitor_address(RequestFactory().get("/", REMOTE_ADDR=seen)) == address


@pytest.mark.parametrize(
    ("trusts_proxy", "forwarded", "address"),
    [
        (True, "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # the first entry is the visitor's invention
        (True, "", "127.0.0.1"),
        (False, "203.0.113.9", "127.0.0.1"),
    ],
)
def test_only_our_proxy_is_believed(
    settings: Settings, trusts_proxy: bool, forwarded: str, address: str
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if trusts_proxy else None
    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)

    assert visitor_address(request) == address


def test_groups_are_counted_apart() -> None:
    request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.9")

    assert not is_too_often(request, "1/h", group="one")
    assert not is_too_often(request, "1/h", group="other")
    assert is_too_often(request, "1/h", group="one")
    cache.clear()
