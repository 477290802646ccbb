"""What is counted with each request, in this process or, under gunicorn, over all workers; docs/observing.md lists it.

Every metric has labels: one without would open its file when this is imported, in gunicorn's master too.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MultiProcessValue, MutexValue

from health import slots

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg_pool import ConnectionPool

    from myapp.web.traces import Trace

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
QUERIES = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 50)

disable_created_metrics()  # type: ignore[no-untyped-call] # they have no meaning over several workers
if slots.folder() is None:
    values.ValueClass = MutexValue
else:
    values.ValueClass = MultiProcessValue(slots.own_slot)  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
requests = Counter(
    "eventmate_requests", "Requests answered, by route and status.", ["route", "status"], registry=REGISTRY
)
request_seconds = Histogram(
    "eventmate_request_seconds",
    "Time until the answer began, by route.",
    ["route"],
    buckets=SECONDS,
    registry=REGISTRY,
)
request_queries = Histogram(
    "eventmate_request_database_queries",
    "Queries of a request that asked the database, by route.",
    ["route"],
    buckets=QUERIES,
    registry=REGISTRY,
)
request_database_seconds = Histogram(
    "eventmate_request_database_seconds",
    "Time that a request waited for the database, of those that asked it, by route.",
    ["route"],
    buckets=SECONDS,
    registry=REGISTRY,
)
lookups = Counter(
    "eventmate_store_lookups",
    "Kept pages and fragments that were looked up, by store and result (hit, miss).",
    ["store", "result"],
    registry=REGISTRY,
)
pool = Gauge(
    "eventmate_database_pool_connections",
    "Connections of the workers' pools, by database and state (in_use, idle, most).",
    ["pool", "state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
pool_waiting = Gauge(
    "eventmate_database_pool_waiting",
    "Requests that wait for a connection of a worker's pool.",
    ["pool"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)

streams = Gauge(
    "eventmate_streams",
    "Streams that are open, by what they tell.",
    ["kind"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)


_in_use: set[ConnectionPool] = set()  # pools of which a connection was out when last seen


def measure(trace: Trace, status: int, seconds: float) -> None:
    """Count one request; some microseconds."""
    route = trace.route
    _status(route, status)()
    _seconds(route)(seconds)
    if trace.queries:
        _queries(route)(trace.queries)
        _database_seconds(route)(trace.query_seconds)
    for name, found in trace.lookups:
        _lookup(name, found)()


def watch_pool(connection: Any, **_: object) -> None:
    """Say that a connection was taken out of the pool; receives `connection_created`."""
    if connection.pool is not None:
        _measure_pool(connection.pool)


def watch_pool_after_request(**_: object) -> None:
    """Say that connections went back, once requests end that had some; receives `request_finished`."""
    for used in tuple(_in_use):
        _measure_pool(used)


def count_streams(number: int) -> None:
    """Say how many streams are open in this process."""
    _streams("seats")(number)


def _measure_pool(used: ConnectionPool) -> None:
    stats = used.get_stats()
    idle, size = stats.get("pool_available", 0), stats.get("pool_size", 0)
    _pool(used.name, "in_use")(size - idle)
    _pool(used.name, "idle")(idle)
    _pool(used.name, "most")(stats.get("pool_max", 0))
    _waiting(used.name)(stats.get("requests_waiting", 0))
    (_in_use.add if size > idle else _in_use.discard)(used)


def shared_registry() -> CollectorRegistry:
    """Return what was counted by all workers, or by this process where it is alone."""
    where = slots.folder()
    if where is None:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(where))  # type: ignore[no-untyped-call]
    return registry


# `labels()` is dearer than counting; these remember what it gave.
@cache
def _status(route: str, status: int) -> Callable[[], None]:
    return requests.labels(route, str(status)).inc


@cache
def _seconds(route: str) -> Callable[[float], None]:
    return request_seconds.labels(route).observe


@cache
def _queries(route: str) -> Callable[[float], None]:
    return request_queries.labels(route).observe


@cache
def _database_seconds(route: str) -> Callable[[float], None]:
    return request_database_seconds.labels(route).observe


@cache
def _lookup(name: str, found: bool) -> Callable[[], None]:  # noqa: FBT001 - a part of the key
    return lookups.labels(name, "hit" if found else "miss").inc


@cache
def _pool(name: str, state: str) -> Callable[[float], None]:
    return pool.labels(name, state).set


@cache
def _streams(kind: str) -> Callable[[float], None]:
    return streams.labels(kind).set


@cache
def _waiting(name: str) -> Callable[[float], None]:
    return pool_waiting.labels(name).set
