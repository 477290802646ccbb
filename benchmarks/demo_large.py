"""How long the large demo campus takes: 100,000 events from nothing, indexes and vocabulary included.

    DATABASE_URL=… python benchmarks/demo_large.py

In a database of its own, which is dropped afterwards. Prints seconds by the clock, and seconds of processor time in
Python and in PostgreSQL. On an idle machine the clock shows less than their sum, because both work at once; on a busy
one it shows what others do. So the budget is held against whichever is less.
"""

import datetime as dt
import os
import sys
import time
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

NAME = "eventmate_demo_large"
BUDGET = 60.0


@contextmanager
def database() -> Iterator[None]:
    """Point DATABASE_URL at an empty database for as long as this lasts."""
    url = os.environ["DATABASE_URL"]
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    _old, question, options = path.partition("?")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
        os.environ["DATABASE_URL"] = f"{scheme}://{authority}/{NAME}{question}{options}"
        try:
            yield
        finally:
            server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def spent_in_postgres(pid: int) -> float:
    """Return the processor seconds of a server process on this machine, 0 where that cannot be known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure() -> int:
    """Make the campus, print a line a part, and say whether the budget holds."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from myapp.demo import fill
    from myapp.demo.plan import LARGE, make_plan

    call_command("migrate", verbosity=0, skip_checks=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = int(cursor.fetchone()[0])
    print(f"{'large demo campus':<28}{'clock':>9}{'Python':>9}{'PostgreSQL':>12}")
    spent, started = 0.0, time.perf_counter()

    def row(name: str, since: tuple[float, float, float]) -> tuple[float, float, float]:
        nonlocal spent
        now = (time.perf_counter(), time.process_time(), spent_in_postgres(server))
        clock, python, postgres = (after - before for after, before in zip(now, since, strict=True))
        spent += python + postgres
        print(f"{name:<28}{clock:>9.1f}{python:>9.1f}{postgres:>12.1f}", flush=True)
        return now

    now = (time.perf_counter(), time.process_time(), spent_in_postgres(server))
    plan = make_plan(dt.date.today(), zoneinfo.ZoneInfo(settings.TIME_ZONE), LARGE)  # noqa: DTZ011 - any day will do
    now = row("working it out", now)
    fill.write(plan)
    row("writing it", now)
    took = time.perf_counter() - started
    print(
        f"{len(plan.events):,} events: {took:.1f} s by the clock, {spent:.1f} s of work; at most {BUDGET:.0f}"
    )
    connection.close()
    return int(min(took, spent) > BUDGET)


def main() -> int:
    """Measure in a database of its own."""
    with database():
        return measure()


if __name__ == "__main__":
    sys.exit(main())
