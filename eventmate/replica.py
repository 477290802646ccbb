"""A read replica, where DATABASE_REPLICA_URL names one: for reports and exports, never for what decides.

    sections = from_replica(sitemaps.sections)      # sections(using) reads from the database named `using`

A replica is behind by moments, or by minutes. So nothing that decides about a place or a right may ask it, nor what
people see: a page made of old rows would be kept under a new generation. Nothing goes there by itself; what does says so
with `from_replica`. Its connections are read-only, so that a write or a lock that strays there fails.

Today's user is the sitemap (myapp/pages): four queries over everything, for machines that come once a day.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import InterfaceError, OperationalError

from eventmate.postgresql.gone import is_gone

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
REPLICA = "replica"
logger = logging.getLogger(__name__)


def from_replica(ask: Callable[[str], T]) -> T:
    """Return what `ask` answers, given the name of the database to read from: the replica's if there is one that answers.

    `ask` must return what it has read, not a query that is still to be asked.
    """
    if REPLICA in connections.settings:
        try:
            return ask(REPLICA)
        except (OperationalError, InterfaceError) as error:
            if not is_gone(error):
                raise
            logger.warning("The read replica is not there; the report is read from the database itself.")
    return ask(DEFAULT_DB_ALIAS)


class Router:
    """What is not asked of the replica by name goes to the database itself; nothing is ever written there."""

    def db_for_read(self, _model: Any, **_hints: Any) -> str:
        """Read from the database itself, also what belongs to something that was read from the replica."""
        return DEFAULT_DB_ALIAS

    def db_for_write(self, _model: Any, **_hints: Any) -> str:
        """Write to the database itself."""
        return DEFAULT_DB_ALIAS

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool:
        """Let rows of both be related: they are the same rows."""
        return True

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        """Migrate the database itself; its replica follows."""
        return db == DEFAULT_DB_ALIAS
