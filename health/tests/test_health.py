"""Health: honest, quick, and without knowing anybody."""

from __future__ import annotations

import os
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from health import asking, parts
from health.parts import Health

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_known", [])
    asking.forget_threads()


def test_health_tells_status_and_time(client: Client) -> None:
    """Without the database: pytest-django lets this test have none."""
    response = client.get("/health/")

    told = response.json()
    assert told["status"] == "healthy"
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


@pytest.mark.usefixtures("no_jobs")
def test_ready_names_every_part_with_its_time(client: Client) -> None:
    response = client.get("/health/ready/")

    told = response.json()
    assert (response.status_code, told["status"]) == (200, "healthy")
    assert set(told["parts"]) == {"database", "migrations", "redis", "disk", "queue", "invariants"}
    assert all(part["status"] == "healthy" and part["ms"] >= 0 for part in told["parts"].values())


@pytest.mark.usefixtures("no_jobs")
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
    assert response.json()["parts"]["redis"]["problem"] == "does not answer"


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


@pytest.mark.parametrize(
    ("disk", "problem"),
    [
        ({}, ""),
        ({"f_bavail": 10_000}, "only 39 MB are free"),
        ({"f_bavail": 10_000, "f_blocks": 200_000}, ""),  # of 800 MB
        ({"f_flag": os.ST_RDONLY}, "can only be read"),
    ],
)
def test_a_disk_is_as_well_as_there_is_room(
    monkeypatch: pytest.MonkeyPatch, disk: dict[str, int], problem: str
) -> None:
    usual = {"f_bavail": 1_000_000, "f_blocks": 10_000_000, "f_frsize": 4096, "f_flag": 0}
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(**usual | disk))

    assert parts.ask_disk() == problem


@pytest.mark.usefixtures("no_jobs")
def test_ready_does_not_wait_for_the_pool(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its connections in use is a busy site, not a database that is gone."""
    monkeypatch.setattr(ConnectionPool, "getconn", lambda *_, **__: pytest.fail("asked the pool"))

    assert client.get("/health/ready/").status_code == 200


@pytest.mark.usefixtures("no_jobs")
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
