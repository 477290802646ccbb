"""The shipped Nginx configuration in front of EventMate, both running: answers that stay open."""

import re
import time
from contextlib import ExitStack

import pytest

from myapp.testing.edge import DOMAIN, SHIPPED
from myapp.testing.factories import make_desk, make_registration


@pytest.fixture
def open_stream(site):
    """Begin a stream at the door for visitors, and return its connection."""
    with ExitStack() as stack:

        def begin(desk, **headers):
            conversation = stack.enter_context(site.converse())
            named = {"Host": DOMAIN, "Accept": "text/event-stream"} | headers
            lines = [f"GET /_live/seats/{desk.event.code}/ HTTP/1.1", *map(": ".join, named.items()), "", ""]
            conversation.socket.sendall("\r\n".join(lines).encode())
            return conversation.socket

        yield begin


def read_until(connection, words):
    """Read until the words have come; returns all of it."""
    got = b""
    while words not in got:
        more = connection.recv(65536)
        assert more, got
        got += more
    return got


def test_a_stream_passes_at_once_and_is_not_kept(open_stream):
    desk = make_desk(capacity=40)
    stream = open_stream(desk)
    told = read_until(stream, b"40 places left")
    assert told.startswith(b"HTTP/1.1 200")
    assert b"text/event-stream" in told
    assert b"no-store" in told
    assert not re.search(rb"(?i)x-cache-status|x-accel|set-cookie|content-encoding", told)

    make_registration(desk.types.get())
    began = time.monotonic()
    read_until(stream, b"39 places left")
    assert time.monotonic() - began < 1


def test_streams_take_nothing_of_what_people_may_ask(site, open_stream):
    """A person may have twenty requests under way, and ask for a hundred personal pages a minute and a hundred at once."""
    desk = make_desk(capacity=40)
    for _ in range(120):
        read_until(open_stream(desk), b"40 places left")
    assert site.ask("/_mine/shell/").status in {200, 204}


def test_the_slow_way_is_kept_for_seconds(site):
    desk = make_desk(capacity=40)
    path = f"/_part/seats/{desk.event.code}/"
    assert [site.ask(path).cache for _ in range(2)] == ["MISS", "HIT"]
    shipped = (SHIPPED / "eventmate.conf").read_text()
    assert '"5" "stale-while-revalidate=5"' in shipped
