"""The log by which anyone can check that the order was kept: reading it, and checking its chain.

The database writes it (the second migration says how). A line's digest is the SHA-256, in hexadecimal, of

    digest of the line before | number | time | alias | ticket type | state | because | places | number in the queue

with "|" between them, nothing for what is empty, and the time like 2026-11-21T06:00:00.123456Z. Whoever has kept a digest
can show by it that no line up to there was changed, taken out or put in.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator

from django.utils import timezone

from myapp.registrations.models import Desk, LogEntry

# What is long over is looked at by whoever doubts it, not every night.
RECENT = dt.timedelta(days=90)


def line(entry: LogEntry) -> str:
    """Return what a line's digest is of, without the digest before. No queries."""
    at = entry.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    told = (entry.number, at, entry.alias, entry.ticket_type, entry.state, entry.because)
    return "|".join("" if part is None else str(part) for part in (*told, entry.places, entry.queue_number))


def first_broken(entries: Iterable[LogEntry]) -> int | None:
    """Return the number of the first line that does not follow from those before it; None where all do. No queries.

    `entries` are all of one desk, in order.
    """
    digest = ""
    for number, entry in enumerate(entries, start=1):
        digest = hashlib.sha256(f"{digest}|{line(entry)}".encode()).hexdigest()
        if entry.number != number or entry.digest != digest:
            return number
    return None


def broken_logs(using: str) -> Iterator[str]:
    """Yield a sentence for each recent desk whose log is not whole, in the database `using`: one query, and one a desk."""
    desks = Desk.objects.using(using).filter(log_size__gt=0, event__ends_at__gt=timezone.now() - RECENT)
    for pk, code, size, head in desks.values_list("pk", "event__code", "log_size", "log_head"):
        entries = list(LogEntry.objects.using(using).filter(desk=pk).order_by("number"))
        if (number := first_broken(entries)) is not None:
            yield f"The log of {code} is broken at line {number}."
        elif len(entries) != size or entries[-1].digest != head:
            yield f"The log of {code} does not end where its desk says."
