"""Fetching pages anew through a door that answers as Nginx does, and as it does not."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.cache import cache

from myapp.web import page_store
from myapp.web.refresh import RETRY, NotRefreshed, fetch_anew


class Door(HTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked, self.answer = [], (200, "BYPASS")


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Door

    def do_GET(self):
        self.server.asked.append(
            (self.path, self.headers["Accept-Encoding"], self.headers["X-Refresh-Secret"])
        )
        status, cached = self.server.answer
        self.send_response(status)
        if cached:
            self.send_header("X-Cache-Status", cached)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def door(settings):
    with Door() as server:
        settings.REFRESH_URL, settings.REFRESH_SECRET = f"http://127.0.0.1:{server.server_port}", "secret"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 301, 404, 410])
def test_each_page_is_fetched_in_three_encodings(door, status):
    door.answer = (status, "BYPASS")
    fetch_anew(addresses=["/", "/fr/"])
    assert door.asked == [
        (path, encoding, "secret") for path in ("/", "/fr/") for encoding in ("br", "gzip", "")
    ]


@pytest.mark.parametrize("answer", [(500, "BYPASS"), (503, "BYPASS"), (403, ""), (200, "HIT"), (200, "")])
def test_an_answer_that_replaces_nothing_is_tried_again(door, answer):
    door.answer = answer
    with pytest.raises(NotRefreshed, match=rf"/events/ answered {answer[0]}"):
        fetch_anew(addresses=["/events/"])


def test_a_door_that_is_closed_is_tried_again(settings):
    settings.REFRESH_URL = "http://127.0.0.1:1"
    with pytest.raises(NotRefreshed, match="refused"):
        fetch_anew(addresses=["/"])


def test_our_own_store_is_forgotten_before_the_pages_are_fetched(door):
    cache.set(page_store.GENERATION, "before")
    fetch_anew(addresses=["/"])
    assert cache.get(page_store.GENERATION) not in {None, "before"}


def test_pauses_grow_and_end():
    pauses = [RETRY.exponential_wait ** (attempt + 1) for attempt in range(RETRY.max_attempts or 0)]
    assert pauses == [3, 9, 27, 81, 243, 729]
