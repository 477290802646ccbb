"""Health: honest, quick, and without knowing anybody."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from health import parts
from health.parts import Health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django import Settings


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_known", [])
    pools = {name: ThreadPoolExecutor(2) for name in parts.PARTS}
    monkeypatch.setattr(parts, "_threads", pools)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database that does not answer for a while."""

    def hang() -> str:
        time.sleep(2)
        return ""

    monkeypatch.setitem(parts.PARTS, "database", (hang, Health.UNAVAILABLE))
    yield
    parts._threads["database"].shutdown(wait=True)


def test_health_tells_status_and_time(client: Client) -> None:
    """Without the database: pytest-django lets this test have none."""
    response = client.get("/health/")

    told = response.json()
    assert told["status"] == "ok"
    assert datetime.fromisoformat(told["timestamp"]).tzinfo


@pytest.mark.parametrize("address", ["/health/", "/health/live/"])
def test_health_knows_nobody_and_is_kept_by_nobody(client: Client, address: str) -> None:
    client.cookies["sessionid"] = "of somebody"
    client.cookies["signed_in"] = "1"

    response = client.get(address)

    assert response.status_code == 200
    assert not response.wsgi_request.session.accessed
    assert not response.cookies
    assert "no-store" in response["Cache-Control"]
    assert "Cookie" not in response.get("Vary", "")
    assert "X-Accel-Expires" not in response


@pytest.mark.parametrize("address", ["/health/", "/health/live/", "/health/ready/"])
def test_health_takes_no_form(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_ready_names_every_part_with_its_time(client: Client) -> None:
    response = client.get("/health/ready/")

    told = response.json()
    assert (response.status_code, told["status"]) == (200, "ok")
    assert set(told["parts"]) == {"database", "migrations", "cache"}
    assert all(part["status"] == "ok" and part["ms"] >= 0 for part in told["parts"].values())


@pytest.mark.django_db(transaction=True)
def test_ready_without_redis_is_degraded_and_still_200(client: Client, settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True},
        }
    }

    response = client.get("/health/ready/")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["parts"]["cache"]["problem"] == "does not answer"


def test_ready_without_a_database_is_503_and_names_no_host(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> str:
        raise ConnectionError("could not connect to db-7.internal as eventmate")

    monkeypatch.setitem(parts.PARTS, "database", (refused, Health.UNAVAILABLE))
    monkeypatch.setitem(parts.PARTS, "migrations", (refused, Health.UNAVAILABLE))

    response = client.get("/health/ready/")

    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert "internal" not in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_ready_answers_within_a_second_whatever_hangs(client: Client, slow: None) -> None:
    began = time.monotonic()
    responses = [client.get("/health/ready/") for _ in range(3)]
    took = time.monotonic() - began

    assert took < 3
    assert [response.status_code for response in responses] == [503, 503, 503]
    told = responses[2].json()["parts"]
    assert told["database"]["problem"] == "no answer in time"
    assert told["cache"]["status"] == "ok"


@pytest.mark.django_db(transaction=True)
def test_ready_with_a_migration_missing_is_503(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, app, name, applied FROM django_migrations ORDER BY id DESC LIMIT 1")
        row = cursor.fetchone()
        cursor.execute("DELETE FROM django_migrations WHERE id = %s", row[:1])
    try:
        response = client.get("/health/ready/")
        assert response.json()["parts"]["migrations"] == {
            "status": "unavailable",
            "ms": response.json()["parts"]["migrations"]["ms"],
            "problem": "not applied",
        }
        assert response.status_code == 503
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (id, app, name, applied) VALUES (%s, %s, %s, %s)", row
            )

    assert client.get("/health/ready/").status_code == 200
