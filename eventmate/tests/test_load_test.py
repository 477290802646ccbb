"""The load test, on a small scale: a site that answers, and ones that do not."""

import http.server
import importlib.util
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from myapp.testing import people
from myapp.testing.factories import make_events
from myapp.testing.needs import missing

ROOT = Path(__file__).resolve().parents[2]
HOME = """<html><form action="/events/"><input type="search" name="q"></form>
    <a href="/events/">Events</a> <a href="/events/kites-1/">Kites at dusk</a></html>"""


@pytest.fixture(autouse=True)
def _needs_locust():
    if importlib.util.find_spec("locust") is None:
        missing("Locust (pip install -r requirements-load.txt)")


def load_test(host: str, *more: str) -> subprocess.CompletedProcess[str]:
    how = ["--host", host, "--users", "5", "--spawn", "50", "--seconds", "4", "--think", "0.05", *more]
    return subprocess.run(
        [sys.executable, ROOT / "load_test.py", *how], capture_output=True, text=True, check=False, timeout=60
    )


def numbers(said: str, name: str) -> list[int]:
    """Return requests and failures of a row of the table."""
    found = re.search(rf"^{re.escape(name)} +(\d+) +(\d+) ", said, re.MULTILINE)
    assert found, said
    return [int(found[1]), int(found[2])]


class SmallServer(http.server.ThreadingHTTPServer):
    """Remembers who asked for what."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SmallSite)
        self.asked: Counter[tuple[str, str]] = Counter()
        self.from_where: set[str] = set()
        self.fails, self.pause = False, 0.0
        self.host = f"http://127.0.0.1:{self.server_address[1]}"


class SmallSite(http.server.BaseHTTPRequestHandler):
    """A site of two pages, whose event fails from the second time on where its server says so."""

    server: SmallServer
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked[self.path.partition("?")[0], self.headers.get("If-None-Match", "")] += 1
        fails = (
            self.server.fails
            and self.path.startswith("/events/kites")
            and self.server.asked[self.path, ""] > 1
        )
        status = 500 if fails else 304 if self.headers.get("If-None-Match") == '"1"' else 200
        body = HOME.encode() if status == 200 else b""
        time.sleep(self.server.pause)
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", "ETag": '"1"', "X-Cache-Status": "HIT"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.from_where.add(self.client_address[0])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def small_site():
    with SmallServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_people_visit_what_the_site_shows_and_sign_in(live_server, ada):
    make_events(40)

    done = load_test(live_server.url, "--account", f"{ada.username}:{people.PASSWORD}")

    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("home", "home, again", "event", "search", "other page", "its files", "all"):
        requests, failures = numbers(done.stdout, name)
        assert requests > 0
        assert failures == 0
    assert "p50     p75     p90     p95     p99  longest" in done.stdout


def test_what_was_seen_is_asked_for_with_its_etag_from_many_addresses(small_site):
    done = load_test(small_site.host)

    assert done.returncode == 0, done.stdout + done.stderr
    assert small_site.asked["/", '"1"'] > 5
    assert len(small_site.from_where) == 6, "five people, and who looked around before"
    assert "From the page cache: 100.0 %" in done.stdout


def test_errors_are_counted_named_and_the_exit_status(small_site):
    small_site.fails = True

    done = load_test(small_site.host)

    assert done.returncode == 1
    requests, failures = numbers(done.stdout, "event")
    assert requests == failures > 0
    assert re.search(r"^\d+ x event: 500$", done.stdout, re.MULTILINE)


def test_slower_than_asked_for_is_a_failure(small_site):
    small_site.pause = 0.05

    done = load_test(small_site.host, "--p95", "20")

    assert done.returncode == 1
    assert "The 95th percentile is above 20 ms." in done.stdout


def test_a_site_that_is_not_there_is_a_sentence():
    done = load_test("http://127.0.0.1:1")

    assert done.returncode == 1
    assert done.stderr.startswith("http://127.0.0.1:1/ cannot be read: ")
