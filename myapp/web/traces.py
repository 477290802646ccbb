"""What one request does while it is under way. Whoever measures or logs reads it here; nothing else depends on it.

    trace = current_trace()      inside a request, None elsewhere
    looked_up("pages", True)

It costs a request a few microseconds: everything that can be asked later is worked out when somebody asks. It never
wakes the session; a public page cannot reach it, and its bytes do not change by it.
"""

from __future__ import annotations

import os
import re
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

MOST_STATEMENTS = 500
_well_formed = re.compile(r"[0-9A-Za-z_-]{8,64}").fullmatch
_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


class Trace:
    """One request: when it began, what it asked the database, and which kept things it looked up."""

    __slots__ = ("_id", "began", "lookups", "queries", "query_seconds", "request", "statements")

    def __init__(self, request: HttpRequest) -> None:
        """Begin now."""
        self.request = request
        self.began = time.perf_counter()
        self.queries = 0
        self.query_seconds = 0.0
        self.statements: list[str] = []
        self.lookups: list[tuple[str, bool]] = []
        self._id = ""

    @property
    def id(self) -> str:
        """The request's id: Nginx's where there is one in front of us, so that both logs say the same, else our own."""
        if not self._id:
            given = self.request.META.get("HTTP_X_REQUEST_ID", "") if settings.SECURE_PROXY_SSL_HEADER else ""
            self._id = given if _well_formed(given) else os.urandom(16).hex()
        return self._id

    @property
    def route(self) -> str:
        """The name of the address (`events:detail`); "static" for files, "nowhere" where there is nothing."""
        match = self.request.resolver_match
        if match is not None:
            return match.view_name
        is_static = self.request.path_info.startswith(settings.STATIC_URL)
        return "static" if is_static else "nowhere"

    @property
    def user_id(self) -> int | None:
        """Who is signed in, if the request has asked for that already."""
        return getattr(self.request.__dict__.get("_cached_user"), "pk", None)

    @property
    def seconds(self) -> float:
        """How long the request has been under way."""
        return time.perf_counter() - self.began


def current_trace() -> Trace | None:
    """Return the trace of the request that is being answered."""
    return _current.get()


def begin(request: HttpRequest) -> tuple[Trace, Callable[[], None]]:
    """Return a new trace, current from now on, and what ends it."""
    trace = Trace(request)
    request.trace = trace  # type: ignore[attr-defined]
    token = _current.set(trace)
    return trace, lambda: _current.reset(token)


def looked_up(name: str, found: bool) -> None:  # noqa: FBT001 - as fragments tell it
    """Remember that a kept thing of this name was looked up, and whether it was there."""
    trace = _current.get()
    if trace is not None:
        trace.lookups.append((name, found))


def count_query(
    execute: Callable[..., Any],
    sql: str,
    params: Any,
    many: bool,  # noqa: FBT001 - Django's signature
    context: Any,
) -> Any:
    """Execute a statement and remember its text, never its parameters, which are people's data; see Django's
    `execute_wrapper`.
    """
    trace = _current.get()
    if trace is None:
        return execute(sql, params, many, context)
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        trace.query_seconds += time.perf_counter() - began
        trace.queries += 1
        if trace.queries <= MOST_STATEMENTS:
            trace.statements.append(sql)


def watch_connection(connection: Any, **_: object) -> None:
    """Count what a new database connection is asked. Receives `connection_created`, so that a request which asks the
    database nothing does not touch it either.
    """
    if count_query not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, count_query)
