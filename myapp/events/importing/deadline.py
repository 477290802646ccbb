"""How long reading one file may take.

Two guards, because neither is enough alone. Loops of our own ask :func:`check` as they go, on any thread. On the main
thread, where the commands run, an interval timer breaks off whatever does not ask (a slow regular expression, a
library). The exception is no :class:`Exception`, so that no ``except Exception`` on the way can swallow it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

SECONDS = 10.0

_ends_at: ContextVar[float | None] = ContextVar("import_deadline", default=None)


class TookTooLong(BaseException):
    """Reading was broken off: the time allowed for one file is over."""


def check() -> None:
    """Raise :class:`TookTooLong` when the time allowed by the enclosing :func:`within` is over."""
    ends_at = _ends_at.get()
    if ends_at is not None and time.monotonic() > ends_at:
        raise TookTooLong


def seconds_left(default: float) -> float:
    """Return how many seconds the enclosing :func:`within` still allows, or ``default`` outside of one."""
    ends_at = _ends_at.get()
    return default if ends_at is None else max(0.0, ends_at - time.monotonic())


@contextmanager
def within(seconds: float = SECONDS) -> Iterator[None]:
    """Raise :class:`TookTooLong` in the body once ``seconds`` are over."""
    token = _ends_at.set(time.monotonic() + seconds)
    timer = threading.current_thread() is threading.main_thread()
    previous = None
    if timer:
        previous = signal.signal(signal.SIGALRM, _ring)
        # A little later than the loops' own check, and again every second should something swallow the first.
        signal.setitimer(signal.ITIMER_REAL, seconds + 0.25, 1.0)
    try:
        yield
    finally:
        if timer:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        _ends_at.reset(token)


def _ring(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    raise TookTooLong
