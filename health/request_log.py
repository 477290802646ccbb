"""A line for each request where LOG_REQUESTS wants one, and a warning with its queries for each slow one."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from myapp.web.traces import Trace

SLOW_SECONDS = 0.5
MANY_QUERIES = 20
MOST_LISTED = 25
LONGEST_STATEMENT = 1000
# A page that was only handed out: Nginx's log has it, and a second line would cost a quarter of handing it out.
KEPT = [("pages", True)]

logger = logging.getLogger("eventmate.requests")


def log_request(trace: Trace, status: int, seconds: float) -> None:
    """Write what there is to say about a request that has been answered; next to nothing where nobody wants it."""
    if seconds > SLOW_SECONDS or trace.queries > MANY_QUERIES:
        listed = repeated(trace.statements)
        extra = {"trace": trace, "seconds": seconds, "status_code": status, "statements": listed}
        queries = "".join(f"\n    {statement}" for statement in listed)
        logger.warning(
            "Slow: %s %d in %.0f ms, %d queries in %.0f ms%s",
            *(trace.route, status, seconds * 1000, trace.queries, trace.query_seconds * 1000, queries),
            extra=extra,
        )
        return
    level = logging.DEBUG if trace.lookups == KEPT else logging.INFO
    if logger.isEnabledFor(level):
        extra = {"trace": trace, "seconds": seconds, "status_code": status}
        logger.log(level, "%s %d in %.0f ms", *(trace.route, status, seconds * 1000), extra=extra)


def repeated(statements: Iterable[str]) -> list[str]:
    """Return each statement once with how often it was asked, the most frequent first, as in `20 × SELECT 1`."""
    counted = Counter(" ".join(statement.split()) for statement in statements)
    return [f"{times} × {text[:LONGEST_STATEMENT]}" for text, times in counted.most_common(MOST_LISTED)]
