"""Answers that stay open: server-sent events, thousands to one process.

A view that is `@stream` returns `Held`. Django ends the request as any other, in milliseconds; then the worker
(eventmate/stream_worker.py) writes the head and hands the connection over, which from then on is a `Stream`: a file
descriptor and what to do when it ends. No greenlet waits for it and no request stays in memory, so it costs some
kilobytes instead of some dozens, takes no place of a request, and holds up no worker that is told to go.

Whoever has a `Stream` writes to it (registrations/live.py). The kernel's buffer is all that stands between: what does not
fit there is not written, and a client that reads nothing any more is let go.
"""

from __future__ import annotations

import os
import random
import resource
import threading
from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    Join = Callable[["Stream"], None]
    # Calls back when the other end of a descriptor has closed or said something; returns what stops that.
    Watch = Callable[[int, Callable[[], None]], Callable[[], None]]

MOST = 4000  # of a process: 5,000 on two workers however unevenly they come, at some kilobytes each
BEAT_SECONDS = 20  # between two signs of life; what is in between gives up after a minute or more
BEAT = b":\n\n"
# A browser whose stream ended comes back after so many seconds, each after another: five thousand come as 280 a second.
BACK_SECONDS = (2.0, 20.0)
LATER_SECONDS = 300  # after which one that found no room may ask again


class Stream:
    """One open answer."""

    __slots__ = ("_on_end", "_unwatch", "descriptor", "seen", "turn")

    def __init__(self, descriptor: int) -> None:
        """Take over a descriptor that does not block; it is closed by `end`."""
        self.descriptor = descriptor
        self.turn = descriptor % BEAT_SECONDS  # in which second of twenty it is given a sign of life
        self.seen: object = None  # for whoever writes: what was written last
        self._on_end: Callable[[Stream], None] | None = None
        self._unwatch: Callable[[], None] | None = None
        _open.add(self)
        _count()

    def on_end(self, told: Callable[[Stream], None]) -> None:
        """Have `told(stream)` called once it has ended."""
        self._on_end = told

    def write(self, data: bytes) -> bool:
        """Write it all or nothing. Returns False where there was no room; ends the stream where nobody is there."""
        if self.descriptor < 0:
            return True
        try:
            written = os.write(self.descriptor, data)
        except BlockingIOError:
            return False
        except OSError:
            self.end()
            return True
        if written < len(data):  # half a message cannot be taken back
            self.end()
        return True

    def watch(self) -> None:
        """See to it that it ends when the client goes, and not with the next sign of life."""
        if _watch is not None:
            self._unwatch = _watch(self.descriptor, self._heard)

    def end(self) -> None:
        """Close it; a second time does nothing."""
        if self.descriptor < 0:
            return
        if self._unwatch is not None:
            self._unwatch()
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)
        _open.discard(self)
        _count()
        if self._on_end is not None:
            self._on_end(self)

    def _heard(self) -> None:
        """The client has closed, or says something that nobody asked for, which is not read twice."""
        try:
            if self.descriptor < 0 or os.read(self.descriptor, 4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.end()


class Held(StreamingHttpResponse):
    """The beginning of a stream. The worker writes it and calls `join` with the stream that it has become."""

    def __init__(self, request: HttpRequest, join: Join) -> None:
        """Begin with how long to wait before coming back."""
        back = random.uniform(*BACK_SECONDS)  # noqa: S311 - nobody gains by guessing it
        beginning = b"retry: %d\n\n" % (back * 1000)
        super().__init__([beginning], content_type="text/event-stream; charset=utf-8")
        self["X-Accel-Buffering"] = "no"
        self.environ = request.META
        self.join = join

    def head(self) -> bytes:
        """Return the answer so far, as it goes over the wire. It ends when the connection does."""
        lines = [f"HTTP/1.1 {self.status_code} {self.reason_phrase}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + b"".join(self)


def no_room() -> HttpResponse:
    """Answer that there is no stream now: 204 ends an EventSource for good, and its page asks slowly instead."""
    return HttpResponse(status=204, headers={"Retry-After": str(LATER_SECONDS)})


def has_room() -> bool:
    """Whether this process holds streams, and one more."""
    return len(_open) < _most


def number_open() -> int:
    """Return how many streams this process holds."""
    return len(_open)


def hold_here(watch: Watch | None = None, most: int = MOST) -> None:
    """Say that this process can hold streams; at most half of the files that it may open."""
    global _watch, _most  # noqa: PLW0603 - of the process, set once when a worker begins
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    _watch = watch
    _most = most if allowed == resource.RLIM_INFINITY else min(most, allowed // 2)


def hold_none() -> None:
    """Take it back, for tests: all streams end."""
    global _watch, _most
    _watch, _most = None, 0
    for stream in tuple(_open):
        stream.end()


def on_count(told: Callable[[int], None]) -> None:
    """Have `told(number)` called whenever a stream has begun or ended; once a process, by whoever counts."""
    if told not in _told:
        _told.append(told)


def _count() -> None:
    for told in _told:
        told(len(_open))


_open: set[Stream] = set()
_told: list[Callable[[int], None]] = []
_watch: Watch | None = None
_most = 0  # a server that does not hand connections over, as runserver, holds none
lock = threading.RLock()  # for all that is done with streams; never kept while waiting for anything
