"""A connection that waits for the server by gevent's own means where gevent runs, and by psycopg's everywhere else.

psycopg sees that gevent has patched `select`, and then waits by `select.poll`. gevent's stand-in for that makes an object,
a watcher and a timer for each wait, and comes back ten times a second to look for a Ctrl-C that goes to no greenlet: half
of what a small statement costs a worker. `gevent.socket.wait_read` is one watcher and one switch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from gevent import monkey, select, socket
from psycopg.waiting import WAIT_R, WAIT_W

if TYPE_CHECKING:
    from psycopg.abc import PQGen

RV = TypeVar("RV")

_is_patched = monkey.is_module_patched("select")


def _ready(descriptor: int, awaited: int) -> int:
    """Wait until a descriptor is ready for what is awaited, and return for what; for both it may be either."""
    if awaited == WAIT_R:
        socket.wait_read(descriptor)
        return awaited
    readable, writable, _ = select.select([descriptor] if awaited & WAIT_R else [], [descriptor], [])
    return WAIT_R * bool(readable) | WAIT_W * bool(writable)


class Connection(psycopg.Connection[Any]):
    """psycopg's, whose statements let other greenlets go on for less."""

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        """Run what works on the connection to its end, and return what it returns.

        Whoever says how long to wait, or how often to look up, has psycopg's own way.
        """
        if args or kwargs or not _is_patched:
            return super().wait(gen, *args, **kwargs)
        descriptor = self.pgconn.socket
        try:
            awaited = next(gen)
            while True:
                awaited = gen.send(_ready(descriptor, awaited))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
