"""Telling a database that is gone from a query that is wrong."""

from django.db import InterfaceError, OperationalError

# Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html: the connection failed, the server is full
# (of connections, memory, disk), it was shut down or is starting.
_GONE = ("08", "53", "57P")


def is_gone(error: BaseException | None) -> bool:
    """Whether an error means that the database cannot be used just now, whatever was asked of it.

    A deadlock, or a query that took too long, is an `OperationalError` as well, and ours to mend.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(_GONE)
