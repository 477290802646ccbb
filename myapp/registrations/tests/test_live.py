"""Places left move on open pages: what was committed elsewhere arrives, whatever else fails."""

import http.client
import re
import time
from contextlib import ExitStack

import pytest

from myapp.testing.factories import make_desk, make_registration
from myapp.testing.servers import url_of_test_database


class Reader:
    """A browser that has the page open: what its EventSource reads."""

    def __init__(self, port, path, **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.status, self.headers = self.answer.status, self.answer.headers

    def line(self):
        """The next line that is not empty; nothing once the stream has ended."""
        while True:
            line = self.answer.readline().decode()
            if line != "\n":
                return line.strip()

    def message(self):
        """The number and the words of the next message."""
        number = ""
        while (line := self.line()) and not line.startswith("data: "):
            number = line.removeprefix("id: ") if line.startswith("id: ") else number
        return number, " ".join(re.sub("<[^>]*>", " ", line.removeprefix("data: ")).split())

    def words_until(self, wanted):
        """Read until the words are as wanted."""
        while (words := self.message()[1]) != wanted:
            assert words, "the stream ended"
        return words

    def close(self):
        self.connection.close()


@pytest.fixture
def site(start_site, transactional_db):
    """Two workers of gunicorn on the database of this test."""
    return start_site(
        DATABASE_URL=url_of_test_database(), WEB_CONCURRENCY="2", SITE_URL="http://127.0.0.1", REDIS_URL=""
    )


@pytest.fixture
def read(site):
    """Open the stream of an event."""
    with ExitStack() as stack:

        def opened(desk, prefix="", **headers):
            reader = Reader(site.port, f"{prefix}/_live/seats/{desk.event.code}/", **headers)
            stack.callback(reader.close)
            return reader

        yield opened


@pytest.fixture
def desk(transactional_db):
    return make_desk(capacity=40)


def test_a_change_made_elsewhere_reaches_every_worker_within_a_second(read, desk):
    readers = [read(desk) for _ in range(8)]
    assert {reader.status for reader in readers} == {200}
    assert {reader.message() for reader in readers} == {("0", "40 places left of 40")}

    make_registration(desk.types.get())
    began = time.monotonic()
    assert {reader.message() for reader in readers} == {("1", "39 places left of 40")}
    assert time.monotonic() - began < 1
