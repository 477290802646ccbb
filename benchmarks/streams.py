"""What thousands of open streams cost: memory, processor time, the time of other pages, and how fast a change arrives.

    DATABASE_URL=… REDIS_URL=… python benchmarks/streams.py [--streams 5000] [--workers 2]

Starts gunicorn as in production with two workers, and opens the streams of one event from a process of its own, as Nginx
would: each a connection that is read and never spoken on again. Everything is on this machine, so the readers take their
part of it: what is told to arrive after so many milliseconds has been read by Python as well.

    memory     the workers' own (PSS), before and with the streams, for each stream
    idle       processor time of both workers with everything open and nothing changing, heartbeats included
    pages      /events/, each time after all kept pages were forgotten, so that it is made: one after the other
    a change   from COMMIT of a registration until the first stream, half of them and the last have read the new number,
               where nothing else changed for a second; in a rush each waits up to half a second longer
"""

import argparse
import os
import resource
import secrets
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
os.environ.setdefault("SECRET_KEY", "bench" * 12)
IDLE_SECONDS = 40  # two signs of life for each stream
BUDGET_KB = 16  # of a worker's memory, for each stream


class Readers:
    """Thousands of browsers in one process: what has come is read, and that it came is all that is remembered."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode()
        self.selector = selectors.DefaultSelector()
        self.number = 0
        self.refused = 0

    def open(self, number: int) -> None:
        """Open so many more; returns when each has its first message."""
        connections = []
        for _ in range(number):
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            connection.sendall(self.request)
            connections.append(connection)
        for connection in connections:
            got = b""
            while b"\ndata: " not in got and (more := connection.recv(4096)):
                got += more
            if b"\ndata: " not in got:
                self.refused += 1
                continue
            connection.setblocking(False)
            self.selector.register(connection, selectors.EVENT_READ)
            self.number += 1

    def read_until(self, words: bytes, seconds: float) -> list[float]:
        """Return when each stream had a message with these words."""
        came: list[float] = []
        deadline = time.perf_counter() + seconds
        while len(came) < self.number and time.perf_counter() < deadline:
            for key, _ in self.selector.select(timeout=0.2):
                if words in key.fileobj.recv(65536):  # type: ignore[union-attr]
                    came.append(time.perf_counter())
        return came

    def close(self) -> None:
        """Hang up."""
        for key in tuple(self.selector.get_map().values()):
            self.selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]

    def drop_what_came(self) -> None:
        """Read what is there."""
        while found := self.selector.select(timeout=0):
            for key, _ in found:
                key.fileobj.recv(65536)  # type: ignore[union-attr]


def workers_of(master: int) -> list[int]:
    """Return the processes of gunicorn's workers."""
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def memory(pids: list[int]) -> float:
    """Return how many kilobytes the workers take, what they share counted by parts."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def processor_seconds(pids: list[int]) -> float:
    """Return the processor time that the workers have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pages(port: int, number: int) -> tuple[float, float]:
    """Return the median and the 95th percentile of making the list of events, in milliseconds."""
    from myapp.web import page_store

    took = []
    for _ in range(number):
        page_store.forget_public_pages()
        began = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/events/", timeout=30) as answer:
            answer.read()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def start(port: int, workers: int) -> subprocess.Popen[bytes]:
    """Start the site and wait until it answers."""
    site = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn_config.py"), "--log-level", "warning"],
        env=os.environ | {"PORT": str(port), "WEB_CONCURRENCY": str(workers), "SITE_URL": "http://127.0.0.1"},
        cwd=ROOT,
    )
    for _ in range(300):
        time.sleep(0.2)
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live/", timeout=5).close()
        except OSError:
            continue
        return site
    raise SystemExit("The site does not answer.")


def change(readers: Readers, ticket: Any) -> tuple[float, ...]:
    """Register somebody; return after how many milliseconds the first stream, half of them and all have read it."""
    from myapp.accounts.models import User
    from myapp.registrations.actions import register

    name = secrets.token_hex(8)
    person = User.objects.create_user(name, f"{name}@example.edu")
    time.sleep(
        1
    )  # longer than what changes often is collected for (READ_SECONDS), which would be measured otherwise
    readers.drop_what_came()
    register(ticket, acting_user=person)
    committed = time.perf_counter()
    ticket.desk.refresh_from_db()
    came = readers.read_until(b"%d places left" % ticket.desk.free, seconds=10)
    if len(came) < readers.number:
        raise SystemExit(f"{readers.number - len(came)} streams were not told")
    return tuple((moment - committed) * 1000 for moment in (came[0], came[len(came) // 2], came[-1]))


def make_hot_event() -> Any:
    """Return the one ticket type of an event with a thousand places, on a campus with a programme."""
    from django.core.management import call_command

    from myapp.events.models import Event, Organisation
    from myapp.registrations.models import Desk
    from myapp.testing.factories import make_event, make_ticket_type

    call_command("migrate", verbosity=0)
    if not Event.objects.exists():
        call_command("demo", verbosity=0)
    event = make_event(organisation=Organisation.objects.earliest("pk"))
    return make_ticket_type(Desk.objects.create(event=event, capacity=1000))


def main() -> int:
    """Measure, print, and return 1 where streams cost more memory than they may, or not all were held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--changes", type=int, default=5)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    import django

    django.setup()
    from eventmate import static_files

    static_files.refresh()
    ticket = make_hot_event()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with ExitStack() as stack:
        site = start(port, options.workers)
        stack.callback(site.wait)
        stack.callback(site.send_signal, signal.SIGQUIT)
        each, refused = measure(options, site.pid, port, ticket)
    return 0 if each <= BUDGET_KB and not refused else 1


def measure(options: argparse.Namespace, master: int, port: int, ticket: Any) -> tuple[float, int]:
    """Print what was seen; return the kilobytes of a stream, and how many were refused."""
    pids = workers_of(master)
    pages(port, 50)
    readers = Readers(port, f"/_live/seats/{ticket.desk.event.code}/")
    readers.open(20 * len(pids))
    before, already = memory(pids), readers.number
    without = pages(port, options.pages)
    began = time.perf_counter()
    while readers.number + readers.refused < options.streams:
        readers.open(min(100, options.streams - readers.number - readers.refused))
    print(
        f"{readers.number} streams on {len(pids)} workers in {time.perf_counter() - began:.1f} s, {readers.refused} refused"
    )
    each = (memory(pids) - before) / (readers.number - already)
    print(f"memory     {each:.1f} kB a stream; {memory(pids) / 1024 / len(pids):.0f} MB a worker")
    used = processor_seconds(pids)
    time.sleep(IDLE_SECONDS)
    idle = (processor_seconds(pids) - used) / IDLE_SECONDS
    print(f"idle       {idle * 100:.1f} % of one core, all workers together")
    with_them = pages(port, options.pages)
    firsts, halves, alls = zip(*(change(readers, ticket) for _ in range(options.changes)), strict=True)
    print(
        f"a change   the first has it after {statistics.median(firsts):.0f} ms, half after "
        f"{statistics.median(halves):.0f} ms, all after {statistics.median(alls):.0f} ms ({max(alls):.0f} at worst)"
    )
    held = readers.number
    readers.close()
    time.sleep(3)
    for told, (half, most) in (
        ("before them", without),
        (f"with {held} streams", with_them),
        ("after them", pages(port, options.pages)),
    ):
        print(f"pages      p50 {half:.0f} ms, p95 {most:.0f} ms {told}")
    return each, readers.refused


if __name__ == "__main__":
    sys.exit(main())
