"""The configuration that production and `make run` share. It is read by gunicorn itself: importing it would patch pytest."""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eventmate.services.holding import ROOT

GUNICORN = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn_config.py")]


def settings(**environment: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"PORT", "WEB_CONCURRENCY"}}
    done = subprocess.run(
        [*GUNICORN, "--print-config"],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    assert not done.stderr
    return {
        name.strip(): value.strip()
        for name, _, value in (line.partition("=") for line in done.stdout.splitlines())
    }


def test_production_serves_with_gevent_on_every_core_and_no_back_doors():
    found = settings()
    assert found["worker_class"] == "eventmate.stream_worker.StreamWorker"  # gevent's
    assert found["workers"] == str(2 * (os.cpu_count() or 1) + 1)
    assert found["bind"] == "['127.0.0.1:8000']"
    assert found["wsgi_app"] == "eventmate.wsgi:application"
    assert (found["reload"], found["control_socket_disable"], found["accesslog"]) == ("False", "True", "None")
    assert found["forwarded_allow_ips"] in {"127.0.0.1,::1", "['127.0.0.1', '::1']"}


def test_the_environment_chooses_port_workers_and_access_log():
    found = settings(PORT="8123", WEB_CONCURRENCY="3", ACCESS_LOG="-", FORWARDED_ALLOW_IPS="10.0.0.1")
    assert (found["bind"], found["workers"], found["accesslog"]) == ("['127.0.0.1:8123']", "3", "-")
    assert "10.0.0.1" in found["forwarded_allow_ips"]


def test_make_run_differs_by_reloading_only(collected_static: Path):
    usual = settings(WEB_CONCURRENCY="1")
    reloading = settings(WEB_CONCURRENCY="1", EVENTMATE_RELOAD="1", DATA_DIR=str(collected_static))
    different = {name for name in usual if usual[name] != reloading[name]}
    assert different == {
        "graceful_timeout",
        "loglevel",
        "post_fork",
        "post_worker_init",
        "preload_app",
        "reload",
        "reload_engine",
        "reload_extra_files",
        "wsgi_app",
    }


def test_requests_wait_for_the_database_side_by_side(tmp_path: Path):
    """On two workers with 8 connections each; one that waits for its database in C would ask one thing at a time.

    They are forked from a process that has asked the database already.
    """
    address = f"/tmp/eventmate-test-{os.getpid()}.sock"
    log = (tmp_path / "log").open("w+")
    server = subprocess.Popen(
        [*GUNICORN, "--bind", f"unix:{address}", "eventmate.tests.asks_database:application"],
        env=os.environ | {"WEB_CONCURRENCY": "2", "DATABASE_POOL_SIZE": "8"},
        stdout=log,
        stderr=log,
        cwd=ROOT,
    )
    try:
        deadline = time.monotonic() + 90
        while not ask(address).endswith(b"others"):
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(ask, [address] * 32))
        assert all(answer.endswith(b"others") for answer in answers), (tmp_path / "log").read_text()
        assert max(int(answer.split()[-2]) for answer in answers) > 1
    finally:
        server.terminate()
        server.wait(40)
        log.close()
    said = (tmp_path / "log").read_text()
    assert "Error" not in said
    assert said.count("Booting worker") == 2


def ask(address: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        try:
            connection.connect(address)
            connection.sendall(b"GET / HTTP/1.0\r\nHost: x\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(4096), b""))
        except OSError:
            return b""
