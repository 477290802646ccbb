"""Importing 6,455 events: how long for the first time, how long when nothing has changed.

Takes `events-unified/events.csv.gz` of the real input where it is, else as many generated rows of the same columns.
What is held to the budget is the processor's time, ours and PostgreSQL's together: a busy machine is not a slow import.
Everything is rolled back.
"""

import csv
import io
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - Django first
from django.db import connection, transaction  # noqa: E402

from myapp.events.importing import reading  # noqa: E402
from myapp.events.importing.reading import Content  # noqa: E402
from myapp.events.importing.writing import Terms, import_events  # noqa: E402
from myapp.testing.needs import SHARED_DATA  # noqa: E402

ROWS = 6_455
BUDGET = 15.0


def content() -> Content:
    """Return the table to import."""
    path = SHARED_DATA / "events-unified" / "events.csv.gz"
    if path.exists():
        return reading.load(str(path))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["source_id", "title", "start", "end", "timezone", "description", "place", "tags", "organizer"]
    )
    first = datetime(2026, 1, 1, 18)  # noqa: DTZ001 - the clock on a wall
    for number in range(ROWS):
        start = first + timedelta(hours=number)
        words = f"Evening {number} of **stars** and planets. " * (number % 40)
        times = (f"{start:%Y-%m-%dT%H:%M}", f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}")
        row = (
            number,
            f"Talk {number}",
            *times,
            "Europe/Paris",
            words,
            f"Hall {number % 90}",
            "Talk",
            f"Club {number % 500}",
        )
        writer.writerow(row)
    return Content(out.getvalue().encode(), "generated.csv", "generated.csv")


def database_seconds() -> float:
    """Return the processor's time of PostgreSQL's process for this connection so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # another machine, or no Linux: only our own time is counted
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(name: str) -> float:
    """Read and write the table once, print what it took, return the processor's seconds."""
    table, how = content(), reading.options()
    wall, ours, theirs = time.perf_counter(), time.process_time(), database_seconds()
    parsed = reading.parse(table, how)
    read = time.process_time() - ours
    report = import_events(parsed, Terms("benchmark", "Benchmark", how.window), acting_user=None)
    ours, theirs = time.process_time() - ours, database_seconds() - theirs
    wall = time.perf_counter() - wall
    print(
        f"{name:<10} {report.created:>6} created {report.unchanged:>6} unchanged   "
        f"reading {read:5.2f} s   ours {ours:5.2f} s   PostgreSQL {theirs:5.2f} s   on the clock {wall:5.2f} s"
    )
    return ours + theirs


def main() -> int:
    """Measure, and return 1 where the budget is broken."""
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        first = measured("first")
        again = measured("again")
        transaction.set_rollback(True)
    broken = max(first, again) > BUDGET
    print(f"budget: {BUDGET:.0f} s; {'BROKEN' if broken else 'held'}")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
