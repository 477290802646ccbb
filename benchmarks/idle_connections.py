"""What ten thousand visitors cost who read: connections that stay open behind a page, and say nothing.

    DATABASE_URL=… REDIS_URL=… python benchmarks/idle_connections.py [--connections 10000]

Opens them to the shipped Nginx, from many addresses, each for one page; looks at the memory of Nginx's workers (PSS) and of
the application; lets them rest; and asks each for the page again. Without TLS and with it, which is what visitors have.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from myapp.testing.edge import Conversation, Site

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
os.environ.setdefault("SECRET_KEY", "bench" * 12)
os.environ["DATA_DIR"] = str(ROOT / "var" / "behind-nginx")
PAGE = "/events/"
REST_SECONDS = 10
PER_ADDRESS = 50


def workers_of(nginx: int) -> list[int]:
    """Return the processes that hold connections; one that loads the cache is there for its first minute only."""
    started = Path(f"/proc/{nginx}/task/{nginx}/children").read_text().split()
    return [int(pid) for pid in started if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def memory(pids: list[int]) -> int:
    """Return how many kilobytes processes take, what they share counted by parts."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def is_answered(conversation: Conversation) -> bool:
    """Ask for the page on a connection; whether it came."""
    try:
        return conversation.ask(PAGE, host="localhost", accept_encoding="gzip").status == 200
    except OSError:
        return False


def measure(site: Site, door: str, number: int) -> int:
    """Open, rest and ask again; print what was seen, and return how many connections did not stay."""
    workers = workers_of(int((site.folder / "nginx.pid").read_text()))
    is_answered(site.converse(door))
    before, began = memory(workers), time.monotonic()
    held: list[Conversation] = []
    lost = 0
    for each in range(number):
        block = each // PER_ADDRESS
        held.append(site.converse(door, f"127.1.{block // 200}.{1 + block % 200}"))
        lost += not is_answered(held[-1])
    took = time.monotonic() - began
    time.sleep(REST_SECONDS)
    grown = memory(workers) - before
    began = time.monotonic()
    lost += sum(not is_answered(conversation) for conversation in held)
    again = time.monotonic() - began
    for conversation in held:
        conversation.close()
    print(
        f"{door:6} {number:6,} open after {took:5.1f} s; Nginx {grown / number:5.1f} kB each, {grown / 1024:4.0f} MB;"
        f" all asked again in {again:4.1f} s, {lost} lost"
    )
    return lost


def main() -> int:
    """Measure both doors; return 1 where a connection was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    options = parser.parse_args()
    if not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        print("Not measured: nginx is missing (Debian: apt-get install nginx-light).")
        return 0
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    import django

    django.setup()
    from django.core.management import call_command

    from eventmate import static_files
    from myapp.testing.edge import serving

    call_command("migrate", verbosity=0)
    static_files.refresh()
    folder = Path(tempfile.mkdtemp(prefix="idle-connections-"))
    try:
        with serving(
            folder,
            database=os.environ["DATABASE_URL"],
            redis=os.environ.get("REDIS_URL", ""),
            domain="localhost",
            plain=True,
        ) as site:
            return 1 if sum(measure(site, door, options.connections) for door in ("plain", "https")) else 0
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
