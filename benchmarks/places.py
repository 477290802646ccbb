"""How many places a second one hot event hands out, and what a rush does to those who come.

    DATABASE_URL=… REDIS_URL=… python benchmarks/places.py [--people 4000]

Real HTTP against gunicorn as it is shipped, PostgreSQL and Redis; each request brings a session, a person and a CSRF token of
its own. Those who ask are threads of this process, so they, PostgreSQL and the workers share the machine: beside what came a
second stands the processor time that the worker spent on a request, which does not depend on that. The floor is the shell
island, the least that a signed-in request costs. On a machine of two processors four workers cannot be four times one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
os.environ.setdefault("SECRET_KEY", "bench" * 12)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from myapp.registrations.models import Desk
    from myapp.testing.rush import Browser, Rush

HOST = "127.0.0.1"
TICKS = os.sysconf("SC_CLK_TCK")


class Workers(NamedTuple):
    """A site that runs: where, and its processes."""

    port: int
    master: int

    def pids(self) -> list[int]:
        """Return the processes that answer."""
        return [
            int(pid) for pid in Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()
        ]

    def cpu(self) -> float:
        """Return the seconds of processor time that the workers have spent."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids()]
        return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS


@contextmanager
def running(workers: int) -> Iterator[Workers]:
    """Run the site with so many workers until the block is left."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    log = Path(os.environ.get("DATA_DIR", "/tmp")) / "bench-places.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        master = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn_config.py")],
            env=os.environ | {"WEB_CONCURRENCY": str(workers), "PORT": str(port), "LOG_REQUESTS": "none"},
            stdout=out,
            stderr=out,
            cwd=ROOT,
        )
    try:
        site = Workers(port, master.pid)
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0 and len(site.pids()) == workers:
                    break
            time.sleep(0.1)
        time.sleep(1.5)
        yield site
    finally:
        master.send_signal(signal.SIGQUIT)
        master.wait()


def new_desk(capacity: int | None) -> Desk:
    """Open a desk at an event in a week."""
    from myapp.testing.factories import make_desk, make_event, make_organisation, tomorrow

    club = make_organisation(f"Bench {time.time_ns()}")
    event = make_event(organisation=club, starts_at=tomorrow() + dt.timedelta(days=7))
    return make_desk(event, capacity=capacity)


def presses(desk: Desk, browsers: list[Browser], **more: str) -> list[bytes]:
    """Return the requests of people who press the button."""
    from myapp.testing.rush import form

    path, kind = f"/_mine/events/{desk.event.slug}/place/", str(desk.types.get().pk)
    return [form(each, path, HOST, ticket=kind, **more) for each in browsers]


class Row(NamedTuple):
    """Answers a second, and the milliseconds of the workers' processor time that one took."""

    rate: float
    cost: float


def told(name: str, seen: Rush, spent: float) -> Row:
    """Print a row, and return it."""
    number = sum(seen.statuses.values())
    rate = number / seen.took
    print(
        f"{name:<44}{rate:8.0f}/s {spent / number * 1000:8.2f} ms CPU   p50 {seen.percentile(0.5) * 1000:6.0f}"
        f"  p95 {seen.percentile(0.95) * 1000:6.0f} ms   {dict(seen.statuses)} unanswered {len(seen.unanswered)}",
        flush=True,
    )
    return Row(rate, spent / number * 1000)


def measured(name: str, site: Workers, requests: list[bytes], **how: float) -> Row:
    """Send requests, print what came of them, and return what was seen."""
    from myapp.testing.rush import rush

    before = site.cpu()
    seen = rush(site.port, requests, **{"hands": 32, **how})
    return told(name, seen, site.cpu() - before)


def whole_flow(site: Workers, desk: Desk, browsers: list[Browser]) -> None:
    """Thirty-two students at once, each from the event's page to their tickets: four requests."""
    import threading

    from myapp.testing.rush import form, page, rush

    line, lock, began = iter(browsers), threading.Lock(), time.monotonic()
    kind = str(desk.types.get().pk)

    def student() -> None:
        while True:
            with lock:
                browser = next(line, None)
            if browser is None:
                return
            island = f"/_mine/events/{desk.event.slug}/place/"
            for request in (
                page(browser, desk.event.path, HOST),
                page(browser, island, HOST),
                form(browser, island, HOST, ticket=kind),
                page(browser, "/tickets/", HOST),
            ):
                rush(site.port, [request], hands=1)

    threads = [threading.Thread(target=student) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(browsers) / (time.monotonic() - began)
    print(f"{'event page → island → place → tickets, 32 at once':<44}{rate:8.0f} registrations/s")


def main() -> int:
    """Measure, and print a table; never fails for being slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=4000)
    options = parser.parse_args()

    import django

    django.setup()
    from django.core.cache import cache
    from django.core.management import call_command

    from myapp.registrations.invariants import INVARIANTS
    from myapp.registrations.models import Desk, State
    from myapp.testing.rush import make_browsers, page

    call_command("migrate", verbosity=0)
    cache.clear()
    browsers = make_browsers(options.people, prefix=f"bench{time.time_ns()}-")
    print(f"{'':<44}{'answers':>10} {'worker':>12}")
    with running(1) as site:
        # Every session is in Redis once it has been asked for.
        measured("(sessions become warm)", site, [page(each, "/_mine/shell/", HOST) for each in browsers])
        floor = measured(
            "floor: the shell island", site, [page(each, "/_mine/shell/", HOST) for each in browsers]
        )
        desk = new_desk(None)
        alone = measured("a place, one worker", site, presses(desk, browsers))
        Desk.objects.filter(pk=desk.pk).update(capacity=options.people)
        full = new_desk(0)
        refused = measured("refused, because it is full", site, presses(full, browsers))
        queue = new_desk(0)
        waiting = measured("a turn in the queue", site, presses(queue, browsers, wait="1"))
        whole_flow(site, new_desk(None), browsers[:600])
    with running(4) as site:
        together = measured("a place, four workers", site, presses(new_desk(None), browsers))
    with running(3) as site:
        desk = new_desk(200)
        many = make_browsers(5000, prefix=f"rush{time.time_ns()}-")
        requests = presses(desk, many[:2500]) + presses(desk, many[2500:], wait="1")
        requests[::2], requests[1::2] = requests[:2500], requests[2500:]
        measured("5,000 people in 20 s for 200 places", site, requests, hands=64, within=20)
        desk.refresh_from_db()
        confirmed = desk.registrations.filter(state=State.CONFIRMED).count()
        print(f"{'':<44}{confirmed} have a place, {desk.waiting} wait, oversold {max(confirmed - 200, 0)}")
    print(
        f"a place ÷ floor {alone.rate / floor.rate:.2f}, refused ÷ floor {refused.rate / floor.rate:.2f},"
        f" queue ÷ floor {waiting.rate / floor.rate:.2f}"
    )
    print(
        f"four workers ÷ one {together.rate / alone.rate:.2f} by the clock, with {os.cpu_count()} processors for all;"
        f" {alone.cost / together.cost:.2f} for each worker by its processor time"
    )
    wrong = [sentence for each in INVARIANTS for sentence in each("default")]
    print("invariants:", wrong or "all hold")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
