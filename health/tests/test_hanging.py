"""Ready answers within a second while real sockets, and a real pipe in place of a disk, never answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as project
from django.db import connections

from health import asking, parts
from health.tests.hanging import postgres_that_falls_silent, silent_server

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

# pytest-django lets these threads connect to the ports named here, where there is no database of anybody.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Overriding setting CACHES"),
]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    monkeypatch.setattr(parts, "_known", [])
    asking.forget_threads()
    client.get("/health/live/")  # the first request of a process imports every view


def database_at(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HOST": "127.0.0.1", "PORT": str(port)}.items():
        monkeypatch.setitem(connections.settings["default"], name, value)


def test_a_database_that_accepts_and_never_answers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_server() as port:
        database_at(port, monkeypatch)
        for _ in range(4):
            began = time.monotonic()
            response = client.get("/health/ready/")
            assert time.monotonic() - began < 1
            assert response.status_code == 503
            told = response.json()["parts"]
            assert told["database"]["problem"] == told["migrations"]["problem"] == "no answer in time"
            assert told["redis"]["status"] == told["disk"]["status"] == "healthy"


def test_a_database_that_falls_silent_leaves_nobody_waiting(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, postgres_that_falls_silent() as (port, here):
        database_at(port, patched)
        began = time.monotonic()
        response = client.get("/health/ready/")
        assert time.monotonic() - began < 1
        assert response.status_code == 503
        assert response.json()["parts"]["database"]["problem"] == "no answer in time"
        deadline = time.monotonic() + 5
        while here:
            assert time.monotonic() < deadline, "a connection was left behind"
            time.sleep(0.02)

    assert client.get("/health/ready/").status_code == 200  # by the same two threads


def test_a_redis_that_accepts_and_never_answers_is_degraded(client: Client, settings: Settings) -> None:
    with silent_server() as port:
        cache = {"BACKEND": "eventmate.caches.ForgetfulRedis", "LOCATION": f"redis://127.0.0.1:{port}/0"}
        options = {"SOCKET_CONNECT_TIMEOUT": 0.05, "SOCKET_TIMEOUT": 0.1, "IGNORE_EXCEPTIONS": True}
        settings.CACHES = {"default": cache | {"OPTIONS": options}}
        began = time.monotonic()
        response = client.get("/health/ready/")
        assert time.monotonic() - began < 1

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["parts"]["redis"]["status"] == "degraded"
    assert response.json()["parts"]["database"]["status"] == "healthy"


def test_a_disk_that_never_answers_holds_up_nobody_else(tmp_path: Path) -> None:
    """In a process of its own, patched by gevent as a worker is."""
    os.mkfifo(tmp_path / "disk")
    done = subprocess.run(
        [sys.executable, "-m", "health.tests.hung_disk", str(tmp_path / "disk")],
        capture_output=True,
        text=True,
        check=False,
        cwd=project.BASE_DIR,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said, took, turns = json.loads(done.stdout)

    assert said == ["no answer in time"] * 3
    assert took < 3
    assert turns > 20
