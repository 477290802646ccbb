"""Asking something that may never answer: in a thread, for a while, and without leaving anything behind that hangs.

Two threads a question, so that one that hangs holds up no other; with both hanging, the next asker is told in time that
there is no answer. Under gevent these threads are greenlets, which is right for what waits on a socket. What may hang in
the kernel (a disk) goes through `off_the_loop`, or it would stop the whole worker.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gevent.threadpool import ThreadPool

T = TypeVar("T")

LONGEST_SECONDS = 0.7  # an answer within a second, on a machine that is busy as well


class NoAnswerError(Exception):
    """What was asked did not answer in time."""


@dataclass(slots=True)
class Answer(Generic[T]):
    """What was answered, or what went wrong instead, and how many seconds either took."""

    seconds: float
    value: T | None = None
    error: Exception | None = None


@dataclass(slots=True)
class _Asked:
    """One question under way, and the database connection that it may be waiting for."""

    future: Future[tuple[Any, float]] | None = None
    connection: Any = None
    is_given_up: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def abandon(self) -> None:
        """Wake a thread that waits for the database: its connection ends, and with that its waiting."""
        self.is_given_up = True
        if self.future is not None:
            self.future.cancel()
        with (
            self.lock,
            suppress(Exception),  # closed meanwhile, or not yet there: then it ends by itself
            socket.socket(fileno=os.dup(self.connection.connection.fileno())) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)

    def go_on(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Execute a statement unless nobody waits for it any more: the connection may have come too late."""
        if self.is_given_up:
            raise NoAnswerError
        return execute(*statement)


def ask_all(
    questions: Mapping[str, Callable[[], T]], seconds: float = LONGEST_SECONDS
) -> dict[str, Answer[T]]:
    """Ask everything at once and return what was answered within so many seconds.

    A question may use the database by Django's usual means: it gets a connection of its own, outside of the pool.
    """
    began = time.monotonic()
    asked = {name: _submit(name, question) for name, question in questions.items()}
    return {name: _answer(each, began, seconds) for name, each in asked.items()}


def _submit(name: str, question: Callable[[], T]) -> _Asked:
    asked = _Asked()
    # A context of its own: under gevent a thread would go on in that of the request which started it.
    asked.future = _threads(name).submit(Context().run, _timed, question, asked)
    return asked


def _answer(asked: _Asked, began: float, seconds: float) -> Answer[Any]:
    """Wait for one answer as long as time is left."""
    assert asked.future is not None  # noqa: S101 - for the type checker
    try:
        value, took = asked.future.result(max(0.0, began + seconds - time.monotonic()))
    except TimeoutError:
        asked.abandon()
        return Answer(time.monotonic() - began, error=NoAnswerError())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return Answer(time.monotonic() - began, error=error)
    return Answer(took, value)


def _timed(question: Callable[[], T], asked: _Asked) -> tuple[T, float]:
    began = time.monotonic()
    with _own_connection(asked):
        return question(), time.monotonic() - began


@contextmanager
def _own_connection(asked: _Asked) -> Iterator[None]:
    """Give this thread a database connection of its own.

    Not one of the pool: a pool whose connections are all in use is a busy site, not a database that is gone, and a
    connection that hangs must not be missing there afterwards.
    """
    usual = connections[DEFAULT_DB_ALIAS]
    options = {name: value for name, value in usual.settings_dict["OPTIONS"].items() if name != "pool"}
    options["connect_timeout"] = 2  # the least that psycopg takes; who waits longer is let go by then
    own = type(usual)({**usual.settings_dict, "OPTIONS": options}, DEFAULT_DB_ALIAS)
    own.execute_wrappers.append(asked.go_on)
    connections[DEFAULT_DB_ALIAS] = own
    asked.connection = own
    try:
        yield
    finally:
        with asked.lock:  # the number of a closed socket may be another's by now
            own.close()
            asked.connection = None
        connections[DEFAULT_DB_ALIAS] = usual


def off_the_loop(ask: Callable[[], T]) -> T:
    """Return what `ask` answers, which may hang in the kernel; under gevent other requests go on meanwhile."""
    pool = _native_threads()
    return ask() if pool is None else pool.apply(ask)


@cache
def _threads(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix=f"asks-{name}")


@cache
def _native_threads() -> ThreadPool | None:
    """Return threads that are none of gevent's greenlets, or None where all threads are real."""
    try:
        from gevent import monkey, threadpool
    except ImportError:
        return None
    return threadpool.ThreadPool(4) if monkey.is_module_patched("threading") else None


def forget_threads() -> None:
    """Begin with threads that do not hang, in tests and after a fork."""
    _threads.cache_clear()
    _native_threads.cache_clear()


os.register_at_fork(after_in_child=partial(forget_threads))
