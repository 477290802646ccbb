"""The breaker: Redis may die, freeze and come back; one request notices, and nothing old comes back with it."""

from __future__ import annotations

import logging
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache as django_cache
from redis import Redis
from redis.connection import DefaultParser
from redis.exceptions import ResponseError

from eventmate import breaker
from eventmate.breaker import GuardedRedis
from eventmate.caches import CompressLarge, ForgetfulRedis
from myapp.testing.servers import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from myapp.testing.servers import RedisServer

cache: Any = django_cache  # django-redis says more than Django's types
OPTIONS = {
    "REDIS_CLIENT_CLASS": "eventmate.breaker.GuardedRedis",
    "IGNORE_EXCEPTIONS": True,
    "CONNECTION_POOL_KWARGS": {"max_connections": 50},
    "COMPRESSOR": "eventmate.caches.CompressLarge",
}


def use(settings: Settings, url: str, patience: float = 0.1) -> None:
    options = OPTIONS | {"SOCKET_CONNECT_TIMEOUT": patience, "SOCKET_TIMEOUT": patience}
    settings.CACHES = {
        "default": {"BACKEND": "eventmate.caches.ForgetfulRedis", "LOCATION": url, "OPTIONS": options}
    }


@pytest.fixture
def redis(settings: Settings, redis_server: RedisServer) -> RedisServer:
    """A real server, and the cache that uses it."""
    use(settings, redis_server.url, patience=1.0)  # a busy machine holds up what is well
    return redis_server


@pytest.fixture(params=["dead", "silent"])
def away(settings: Settings, request: pytest.FixtureRequest) -> Iterator[list[socket.socket]]:
    """A Redis where nobody listens, or one that takes connections and says nothing; each connection is counted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if request.param == "dead":
            listener.close()
        use(settings, f"redis://127.0.0.1:{port}/0")
        yield [listener]
        breaker.stop_all()


def the_breaker() -> breaker.Breaker:
    client = cache.client.get_client()
    assert isinstance(client, GuardedRedis)
    return client.breaker


def test_the_parser_is_the_one_in_c():
    assert DefaultParser.__name__ == "_HiredisParser"


def test_only_the_first_waits_for_a_redis_that_is_away(away):
    began = time.monotonic()
    assert cache.get("a", "nothing") == "nothing"
    first = time.monotonic() - began
    began = time.monotonic()
    for _ in range(200):
        assert cache.get("a", "nothing") == "nothing"
        assert cache.get_many(["a", "b"]) == {}
        assert cache.set("a", 1) is None
        assert cache.add("lock", 1)
        assert cache.incr("a") is None
        assert cache.set_many({"a": 1}) is None
        assert cache.delete("a") is None
        assert cache.touch("a") is False
    took = time.monotonic() - began

    assert first < 0.5
    assert took < 0.5  # 1,600 commands; a single one of them that waited would be 0.1
    assert the_breaker().is_open


def test_a_redis_killed_and_started_is_used_again_within_moments(redis):
    cache.set("a", 1)
    redis.kill()
    assert cache.get("a") is None
    assert the_breaker().is_open
    redis.start()
    wait_for(lambda: cache.set("a", 2), seconds=5)

    assert cache.get("a") == 2
    assert not the_breaker().is_open


def test_a_pause_of_redis_opens_for_moments_only(redis):
    """At once it is asked again: what was a hiccup costs no second without a cache."""
    cache.set("a", 1)
    redis.freeze()
    assert cache.get("a") is None
    redis.thaw()
    wait_for(lambda: cache.get("a") == 1, seconds=5)


def test_what_was_changed_while_redis_was_frozen_does_not_come_back(redis):
    cache.set_many({"deleted": 1, "changed": 1, "many": 1, "short": 1, "kept": 1})
    cache.set("counted", 1)
    redis.freeze()
    cache.delete("deleted")
    cache.set("changed", 2)
    cache.set_many({"many": 2})
    cache.touch("short", 1)
    cache.add("kept", 2)
    redis.thaw()
    wait_for(lambda: not the_breaker().is_open, seconds=5)

    assert cache.get_many(["deleted", "changed", "many", "short", "kept", "counted"]) == {
        "kept": 1,
        "counted": 1,
    }


@pytest.mark.parametrize("why", ["full", "read-only", "cannot save"])
def test_a_redis_that_takes_no_writes_counts_as_away(redis, why: str, caplog: pytest.LogCaptureFixture):
    """It answers; but who signs out would stay signed in, and who is counted would be refused."""
    cache.set_many({"session": 1, "counted": 1, "kept": 1})
    redis.take_no_writes(why)

    assert cache.incr("counted") is None
    assert the_breaker().is_open
    assert cache.get("kept") is None
    assert cache.set("session", 2) is None
    assert cache.set_many({"a": 1}) is None
    assert cache.add("lock", 1)
    assert cache.touch("session") is False
    assert cache.delete("session") is None
    time.sleep(0.3)  # it is asked at once, and takes a PING where it is full
    assert the_breaker().is_open
    assert len(caplog.messages) == 1
    redis.take_writes()
    wait_for(lambda: not the_breaker().is_open, seconds=5)

    assert cache.get_many(["session", "counted", "kept"]) == {"counted": 1, "kept": 1}


@pytest.mark.parametrize("why", ["full", "read-only", "cannot save"])
def test_several_commands_that_are_refused_open_as_one_does(
    redis, why: str, caplog: pytest.LogCaptureFixture
):
    redis.take_no_writes(why)

    assert cache.set_many({"a secret": 1, "b": 2}) is None

    assert the_breaker().is_open
    (told,) = caplog.messages
    assert "Redis takes no writes (" in told
    assert "secret" not in told


def test_a_command_that_is_wrong_opens_nothing(redis):
    cache.set("list", [1])
    client = cache.client.get_client()
    with pytest.raises(ResponseError):
        client.lpop("eventmate:none", "not a number")
    assert not the_breaker().is_open


def test_with_too_many_doubts_everything_goes(redis, monkeypatch):
    monkeypatch.setattr(breaker, "MOST_DOUBTS", 3)
    cache.set("unrelated", 1)
    redis.freeze()
    cache.delete_many([f"key {number}" for number in range(5)])
    redis.thaw()
    wait_for(lambda: not the_breaker().is_open, seconds=5)

    assert cache.get("unrelated") is None


def test_a_write_that_found_no_connection_is_made_good_without_opening(redis):
    cache.set("a", 1)
    pool = cache.client.get_client().connection_pool
    busy = [pool.get_connection() for _ in range(50)]

    assert cache.get("a") is None
    assert cache.set("a", 2) is None
    assert not the_breaker().is_open
    for connection in busy:
        pool.release(connection)

    wait_for(lambda: Redis.from_url(redis.url).dbsize() == 0, seconds=5)


def test_losing_and_finding_it_is_said_once_each(redis, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        redis.kill()
        for _ in range(20):
            cache.get("a")
        redis.start()
        # It is used again a moment before that is said.
        wait_for(lambda: not the_breaker().is_open and len(caplog.messages) > 1, seconds=5)

    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "goes on without it" in caplog.messages[0]
    assert "used again" in caplog.messages[1]


def test_a_mender_lost_in_a_fork_is_replaced(away):
    cache.get("a")
    one = the_breaker()
    lost = one._mender
    one._mender = None  # what a child sees: the thread stayed with its parent

    cache.get("a")

    assert one._mender not in (None, lost)


class TestCompression:
    compressor = CompressLarge({})

    @pytest.mark.parametrize("value", [b"", b"small", b"\x80\x05" + b"a list of things, " * 1000])
    def test_what_goes_in_comes_out(self, value: bytes):
        assert self.compressor.decompress(self.compressor.compress(value)) == value

    def test_large_text_shrinks(self):
        value = b"".join(b"<li>Event %d</li>" % number for number in range(1000))
        assert len(self.compressor.compress(value)) < len(value) / 3

    def test_what_is_compressed_already_is_left_alone(self):
        import brotli

        page = brotli.compress(b"".join(b"<li>%x</li>" % (number * 7919**3) for number in range(5000)))
        value = b"\x80\x05 headers" * 20 + page
        assert len(page) > CompressLarge.LEAST_BYTES
        assert self.compressor.compress(value) is value

    def test_values_survive_the_way_through_redis(self, redis):
        value = {"rows": [f"event {number}" for number in range(2000)]}
        cache.set("large", value)

        assert cache.get("large") == value
        assert isinstance(cache._connections["default"], ForgetfulRedis)
        with Redis.from_url(redis.url) as client:
            assert client.strlen(":1:large") < 20_000
