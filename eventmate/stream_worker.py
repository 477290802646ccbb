"""Gunicorn's gevent worker, which also hands connections over that stay open (myapp/web/streams.py).

What it does is little: a request that was answered with `Held` ends here, its connection does not. A duplicate of the
descriptor is the stream; gunicorn closes its own, and goes on as after any other request.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import gevent
from gunicorn.workers.ggevent import GeventWorker

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


class StreamWorker(GeventWorker):
    """A worker for requests and for streams."""

    def init_process(self) -> None:
        """Say that streams can be held, then begin as the others do; this returns when the worker ends."""
        from myapp.web import streams

        streams.hold_here(watch_descriptor)
        super().init_process()

    def is_already_handled(self, answer: Any) -> bool:
        """Take the connection of an answer that stays open; gunicorn lets a worker raise `StopIteration` here to say
        that it has no more to do with it.
        """
        from myapp.web.streams import Held

        if not isinstance(answer, Held):
            return bool(super().is_already_handled(answer))
        hand_over(answer)
        raise StopIteration


def hand_over(answer: Any) -> None:
    """Write what the answer begins with, and let it have the connection."""
    from myapp.web.streams import Stream

    connection = answer.environ["gunicorn.socket"]
    try:
        connection.sendall(answer.head())
        stream = Stream(os.dup(connection.fileno()))
    finally:
        answer.close()
    try:
        stream.watch()
        answer.join(stream)
    except Exception:  # the answer has begun: no other can follow on this connection
        logger.exception("A stream could not begin")
        stream.end()


def watch_descriptor(descriptor: int, heard: Callable[[], None]) -> Callable[[], None]:
    """Have the loop call `heard` when there is something to read, in a greenlet of its own; returns what stops it."""
    watcher = gevent.get_hub().loop.io(descriptor, 1)
    watcher.start(gevent.spawn, heard)

    def stop() -> None:
        watcher.stop()
        watcher.close()

    return stop
