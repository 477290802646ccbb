"""A breaker in front of Redis: one failure costs one request some milliseconds, the rest are not asked to wait.

Closed, every command goes through. The first that finds Redis dead or silent opens it; then no command is sent, and
each ends at once as if Redis were empty. Meanwhile a thread of its own (under gevent a greenlet) asks Redis, at once and
then every second, so that no request is the one that tries. When Redis answers, the breaker closes.

A Redis that takes no writes, because it is full, somebody's replica, or cannot save, counts as away too, though it may be
read: what it holds cannot be changed or deleted. So it is asked to write.

What would have been changed meanwhile, or was sent and never confirmed, is *doubtful*: Redis may have been away, not
wiped, and still hold the session of somebody who has signed out, or pages from before an event was withdrawn. Doubtful
keys are deleted before the breaker closes. A process that ends while Redis is away takes its doubts with it.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
    MasterDownError,
    MaxConnectionsError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError as RedisTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0  # between two questions whether Redis is back
CALM_SECONDS = 5.0  # closed for less than this, a breaker that opens again waits before it asks
MOST_DOUBTS = 10_000  # above, everything is doubtful
_AWAY = (RedisConnectionError, RedisTimeoutError, OSError)
_TAKES_NO_WRITES = (OutOfMemoryError, ReadOnlyError, MasterDownError)
_TAKES_NO_WRITES_CODES = (
    "MISCONF ",
    "NOREPLICAS ",
)  # redis-py has no classes for these; a pipeline puts words before
_SENTENCE = "Redis is left alone until it answers again."
_PROBE = "eventmate:breaker"


class Breaker:
    """The breaker of one pool of connections; `is_open` while Redis is not to be asked."""

    def __init__(self, pool: Any) -> None:
        """Begin closed: Redis is there until shown otherwise."""
        self.pool = pool
        self.is_open = False
        self._doubts: set[Any] = set()
        self._doubts_all = False
        self._closed_at = 0.0
        self._lock = threading.Lock()
        self._mender: threading.Thread | None = None

    def fail(self, error: Exception, changed: Iterable[Any] = ()) -> None:
        """Be told that a command failed, and the keys it would have changed. No connection left is no illness."""
        with self._lock:
            if not self.is_open and not isinstance(error, MaxConnectionsError):
                self.is_open = True
                does = "takes no writes" if isinstance(error, ResponseError) else "does not answer"
                # Only the kind: what a pipeline says of an error holds keys, and a session's is a secret.
                logger.warning("Redis %s (%s). The site goes on without it.", does, _kind(error))
        self.doubt(changed)

    def doubt(self, changed: Iterable[Any]) -> None:
        """Remember keys whose value in Redis may be an old one, and see to it that somebody mends."""
        with self._lock:
            self._doubts.update(changed)
            if len(self._doubts) > MOST_DOUBTS:
                self._doubts.clear()
                self._doubts_all = True
            if not (self.is_open or self._doubts or self._doubts_all):
                return
            # A thread does not live on in a child after a fork, nor while an interpreter ends.
            if self._mender is None or not self._mender.is_alive():
                self._mender = threading.Thread(target=self._mend, name="redis-breaker", daemon=True)
                try:
                    self._mender.start()
                except RuntimeError:
                    self._mender = None

    def _mend(self) -> None:
        """Ask until Redis answers, settle the doubts, close."""
        wait = 0.0 if time.monotonic() - self._closed_at > CALM_SECONDS else PAUSE_SECONDS
        me = threading.current_thread()
        redis = Redis(connection_pool=self.pool)
        while self._mender is me:
            time.sleep(wait)
            wait = PAUSE_SECONDS
            try:
                redis.set(_PROBE, b"", px=1)
                self._settle(redis)
            except (RedisError, OSError):
                continue
            with self._lock:
                if self._doubts or self._doubts_all:  # more of them came meanwhile
                    wait = 0.0
                    continue
                if self.is_open:
                    self.is_open = False
                    self._closed_at = time.monotonic()
                    logger.warning("Redis answers again and is used again.")
                self._mender = None
                return

    def _settle(self, redis: Redis) -> None:
        """Delete what may be old; forgets a doubt only when Redis has."""
        with self._lock:
            everything, doubts = self._doubts_all, list(self._doubts)
        if everything:
            redis.flushdb(asynchronous=True)
        for start in range(0, len(doubts), 500):
            redis.delete(*doubts[start : start + 500])
        with self._lock:
            self._doubts.difference_update(doubts)
            self._doubts_all = self._doubts_all and not everything

    def stop(self) -> None:
        """Let the mender end, for tests: Redis counts as there."""
        with self._lock:
            self.is_open, self._mender, self._doubts_all = False, None, False
            self._doubts.clear()


_breakers: dict[int, Breaker] = {}
_breakers_lock = threading.Lock()


def breaker_of(pool: Any) -> Breaker:
    """Return the breaker of a pool of connections; it lives as long as the process, as django-redis' pools do."""
    with _breakers_lock:
        breaker = _breakers.get(id(pool))
        if breaker is None or breaker.pool is not pool:
            breaker = _breakers[id(pool)] = Breaker(pool)
        return breaker


def stop_all() -> None:
    """Begin anew, for tests."""
    with _breakers_lock:
        for breaker in _breakers.values():
            breaker.stop()
        _breakers.clear()


class GuardedRedis(Redis):
    """A client whose commands pass the breaker. A failed write of its keys makes them doubtful."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Find the breaker of the pool."""
        super().__init__(*args, **kwargs)
        self.breaker = breaker_of(self.connection_pool)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command and return its answer. Raises `redis.exceptions.ConnectionError` at once while open."""
        if self.breaker.is_open:
            self.breaker.doubt(_changed(args))
            raise RedisConnectionError(_SENTENCE)
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except _AWAY as error:
            self.breaker.fail(error, _changed(args))
            raise
        except ResponseError as error:
            if not _takes_no_writes(error):
                raise
            self.breaker.fail(error, _changed(args))
            raise RedisConnectionError(_SENTENCE) from error

    def pipeline(self, transaction: Any = True, shard_hint: Any = None) -> Pipeline:  # noqa: FBT002 - redis-py's
        """Return a pipeline that passes the breaker as one command."""
        pipeline = GuardedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipeline.breaker = self.breaker
        return pipeline


class GuardedPipeline(Pipeline):
    """Several commands at once."""

    breaker: Breaker

    def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 - redis-py's
        """Send what was collected and return the answers. Raises at once while the breaker is open."""
        changed = [key for args, _options in self.command_stack for key in _changed(args)]
        if self.breaker.is_open:
            self.breaker.doubt(changed)
            self.reset()
            raise RedisConnectionError(_SENTENCE)
        try:
            return super().execute(raise_on_error)
        except _AWAY as error:
            self.breaker.fail(error, changed)
            raise
        except ResponseError as error:
            if not _takes_no_writes(error):
                raise
            self.breaker.fail(error, changed)
            raise RedisConnectionError(_SENTENCE) from error


def _takes_no_writes(error: ResponseError) -> bool:
    """Whether Redis refused a command for what it is, not for what the command is."""
    return isinstance(error, _TAKES_NO_WRITES) or any(code in str(error) for code in _TAKES_NO_WRITES_CODES)


def _kind(error: Exception) -> str:
    """Return what sort of error it is, without what it says."""
    codes = [code.strip() for code in _TAKES_NO_WRITES_CODES if code in str(error)]
    return codes[0] if codes and isinstance(error, ResponseError) else type(error).__name__


def _changed(command: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the keys which a command puts a new value in the place of an old one.

    One that is set only where there is none (NX, a lock) leaves no old value in anybody's way, and a counter of a limit
    that missed one is still the counter.
    """
    match command[0]:
        case "SET" if "NX" not in command:
            return (command[1],)
        case "DEL" | "UNLINK":
            return command[1:]
        case "PEXPIRE" | "EXPIRE":
            return (command[1],)
    return ()
