"""Django's PostgreSQL backend with a pool that says at once when there is no server, and uses it at once when it is back.

psycopg's pool waits for a server that is gone: each request would wait `timeout` seconds for a connection that cannot
come, and the pool itself asks again after one, two, four … seconds, so that a site may go on without its database for
minutes after that is back. Here a connection that could not be made fails everybody who waits for one, and for
`PAUSE_SECONDS` everybody who comes; then one request finds out for all.

Unless the pool holds one that lives: then the server is there and has no more to give ("too many clients already").
Whoever waits gets one that comes back, and the pool does not ask for more before the pause is over.

Idle connections die with their server. Django would hand the dead one to a request, or ask before each request whether
it lives (CONN_HEALTH_CHECKS), a round trip each time. A look at the socket tells the same without asking.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg.pq import ConnStatus, TransactionStatus
from psycopg_pool import ConnectionPool

from eventmate.postgresql.waiting import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.utils import CursorWrapper

logger = logging.getLogger(__name__)
# It tells of each connection that died and of each attempt; that the server is gone, and back, is said here, once each.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

PAUSE_SECONDS = 1.0  # a server needs longer to start; a person does not notice
FINDING_OUT_SECONDS = 3.0  # for the one request that tries, longer than connect_timeout


class Pool(ConnectionPool):
    """A pool that knows when its server is gone, and tells that from one that has no more connections to give."""

    _gone_until = 0.0
    _full_until = 0.0
    _why_not = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what psycopg's takes."""
        self._made: WeakSet[psycopg.Connection] = (
            WeakSet()
        )  # those in use as well, which psycopg's does not know
        super().__init__(*args, **kwargs)

    def refuse_while_gone(self) -> None:
        """Raise `psycopg.OperationalError` while the server is known to be gone; lets one through who finds out."""
        if not self._gone_until:
            return
        now = time.monotonic()
        if now < self._gone_until:
            raise psycopg.OperationalError("PostgreSQL was not there a moment ago.")
        self._gone_until = now + FINDING_OUT_SECONDS

    def reconnect_failed(self) -> None:
        """Be told that a connection could not be made: where no other lives, nobody needs to wait for one."""
        with self._lock:
            made = list(self._made)
        alive = sum(map(_is_connected, made))
        if alive:
            if not self._full_until:
                logger.warning(
                    "PostgreSQL gives %s no more than %d connections%s", self.name, alive, self._why_not
                )
            self._full_until = time.monotonic() + PAUSE_SECONDS
            return
        if not self._gone_until:
            logger.error(
                "PostgreSQL is not there: no connection to %s can be made%s", self.name, self._why_not
            )
        self._full_until = 0.0
        self._gone_until = time.monotonic() + PAUSE_SECONDS
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        for client in waiting:
            client.fail(psycopg.OperationalError("PostgreSQL is not there."))

    def _connect(self, timeout: float | None = None) -> psycopg.Connection:
        """Make a connection and remember it, or why there is none."""
        try:
            connection = super()._connect(timeout)
        except psycopg.Error as error:
            self._why_not = f" ({str(error).strip().partition(chr(10))[0]})."
            raise
        with self._lock:
            self._made.add(connection)
        self._full_until = 0.0
        return connection

    def _maybe_grow_pool(self) -> None:
        """Ask for one more connection, unless the server had none to give a moment ago."""
        if time.monotonic() >= self._full_until:
            super()._maybe_grow_pool()

    def answered(self) -> None:
        """Be told that there is a connection that lives."""
        if self._gone_until:
            self._gone_until = 0.0
            logger.warning("PostgreSQL is there again.")


class PreparedCursor(psycopg.Cursor[Any]):
    """A cursor whose statements the server plans once for each connection, and is then told only what they are about.

    A rollback has psycopg forget the plans of its connection, since a table may be another one after it.
    """

    def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = True,
        binary: bool | None = None,
    ) -> PreparedCursor:
        """Execute a statement, prepared where the connection allows it (`prepare_threshold`; not behind PgBouncer).

        The server refuses a plan whose columns have changed since (an upgrade migrates while we serve): it is asked for
        another one, unless that ends a transaction, whose rollback does the same.
        """
        try:
            return super().execute(query, params, prepare=prepare, binary=binary)
        except psycopg.errors.FeatureNotSupported:
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise
            self.connection.execute("ROLLBACK", prepare=False)
            return super().execute(query, params, prepare=prepare, binary=binary)


class Operations(DatabaseOperations):
    """Django's, which asks a cursor for the text it has sent; a prepared one sends none."""

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """Return a statement with its values in it, for whoever reads what was asked: tests, and development."""
        if isinstance(cursor, PreparedCursor):
            return str(self.compose_sql(sql, params))
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's (or greenlet's) connection; Django looks for it by this name."""

    ops_class = Operations

    # Django's, which its types do not know yet
    _connection_pools: ClassVar[dict[str, Pool]]
    _configure_connection: Callable[[psycopg.Connection], bool]
    _prepare_cursor: Callable[[psycopg.Cursor[Any]], CursorWrapper]

    @property
    def pool(self) -> Pool | None:
        """Return the process's pool for this database, made like Django's; None where the settings want none."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            if self.settings_dict.get("CONN_MAX_AGE", 0) or self.settings_dict.get("CONN_HEALTH_CHECKS"):
                raise ImproperlyConfigured("CONN_MAX_AGE and CONN_HEALTH_CHECKS do not go with the pool.")
            pool = Pool(
                connection_class=Connection,
                kwargs=self.get_connection_params() | {"autocommit": True},
                open=False,
                name=self.alias,
                configure=self._configure_connection,
                **options,
            )
            self._connection_pools.setdefault(self.alias, pool)  # another thread may have been faster
        return self._connection_pools[self.alias]

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection whose server is there. Raises `psycopg.OperationalError`, at once while it is gone."""
        pool = self.pool
        if pool is None:
            return super().get_new_connection(conn_params)
        pool.refuse_while_gone()
        while True:
            connection = super().get_new_connection(conn_params)
            if _is_alive(connection):
                pool.answered()
                return connection
            pool.putconn(connection)  # which throws it away
            pool.check()  # and those that died with it; others are made while we wait for one

    def prepared_cursor(self) -> CursorWrapper:
        """Return a cursor for statements that are written by hand and asked all day long; counted like every other.

        Planning one that joins ten tables takes the server a millisecond, answering it a quarter; and what is not put
        into the statement's text each time need not be put together here. Its values go beside the text, so their types
        must be plain from where they stand, as in `= %s` or with a cast.
        """
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(PreparedCursor(self.connection))


def _is_alive(connection: psycopg.Connection) -> bool:
    """Whether the server still holds the other end, by what the socket says: two system calls, no round trip.

    What ends an idle connection may say why first: that is read once, the end after it.
    """
    pgconn = connection.pgconn
    try:
        pgconn.consume_input()
        pgconn.consume_input()
    except psycopg.OperationalError:
        return False
    return pgconn.status == ConnStatus.OK


def _is_connected(connection: psycopg.Connection) -> bool:
    """Whether the server seems to hold the other end of a connection that somebody may be using: nothing is read."""
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as looking:
            looking.setblocking(False)  # as libpq has it
            return looking.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except (psycopg.OperationalError, OSError):
        return False
