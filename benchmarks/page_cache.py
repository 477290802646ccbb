"""A public page through our Nginx, out of its page cache, beside the same bytes by `gzip_static`: requests a second by wrk.

    DATABASE_URL=… REDIS_URL=… python benchmarks/page_cache.py [--seconds 4] [--rounds 5] [--connections 64]

Both are served by one Nginx with the shipped configuration, on connections that stay open, compressed with gzip. The
reference is a file and its .gz that Nginx answers with the bytes that our page has, headers and body, and logs as well. Rows
take turns, and the ratio of requests a second is that of neighbouring rounds, the middle one: it is the budget. Requests a
second themselves (the best round's) depend on the machine and on wrk, which takes one of its cores. CPU is what all workers
of Nginx took for one request in the round in which it was least. Rows with TLS are what visitors get.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from myapp.testing.edge import Answer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
os.environ.setdefault("SECRET_KEY", "bench" * 12)
os.environ["DATA_DIR"] = str(
    ROOT / "var" / "behind-nginx"
)  # where the application looks for its static files

RATIO = 0.85
RATE = 50_000
PAGE = "/events/"

REFERENCE = """
server {
    listen 127.0.0.1:PLAIN;
    listen 127.0.0.1:TLS ssl http2;
    include {folder}/eventmate/names.conf;
    include {folder}/eventmate/tls.conf;
    access_log {folder}/logs/reference.log combined buffer=64k flush=5s;
    root {folder}/reference;
    gzip_static on;
    etag off;
    types { text/html html; }
    charset utf-8;
    include {folder}/reference/*.conf;
}
"""


# What Nginx says of a file by itself
ITS_OWN = {"server", "date", "content-type", "content-length", "content-encoding", "connection"}


class Row(NamedTuple):
    """What a round saw: requests a second, and the microseconds of processor time that Nginx took for one."""

    rate: float
    cost: float


def processor_seconds(master: int) -> float:
    """Return the processor time that Nginx's workers have taken so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = stat.read_text().rpartition(")")[2].split()
        if int(fields[1]) == master:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def rounds_of(rows: dict[str, str], master: int, options: argparse.Namespace) -> dict[str, list[Row]]:
    """Return what each round saw of each row, an address; anything but 2xx stops the measurement."""
    seen: dict[str, list[Row]] = {name: [] for name in rows}
    for _ in range(options.rounds):
        for name, url in rows.items():
            command = ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s"]
            before = processor_seconds(master)
            said = subprocess.run(
                [*command, "-H", "Accept-Encoding: gzip", url], capture_output=True, text=True, check=True
            ).stdout
            took = processor_seconds(master) - before
            if "Non-2xx" in said or "Socket errors" in said:
                raise SystemExit(f"{name}\n{said}")
            rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0])
            number = int(re.findall(r"(\d+) requests in", said)[0])
            seen[name].append(Row(rate, took / number * 1e6))
    return seen


def answer_again(folder: Path, plain: Answer, compressed: Answer) -> None:
    """Write files and configuration with which Nginx answers the same bytes: headers and body."""
    (folder / "page.html").write_bytes(plain.body)
    (folder / "page.html.gz").write_bytes(compressed.body)
    lines = [
        f"add_header {name} '{value.replace(chr(39), chr(92) + chr(39))}';\n"
        for name, value in compressed.headers.items()
        if name.lower() not in ITS_OWN
    ]
    (folder / "headers.conf").write_text("".join(lines))


def measure(options: argparse.Namespace) -> bool:
    """Serve, measure, print a table, and return whether the budgets were kept."""
    from myapp.testing.edge import free_ports, serving

    folder = Path(tempfile.mkdtemp(prefix="page-cache-"))
    plain, tls = free_ports(2)
    beside = REFERENCE.replace("PLAIN", str(plain)).replace("TLS", str(tls))
    (folder / "reference").mkdir()
    try:
        with serving(
            folder,
            database=os.environ["DATABASE_URL"],
            redis=os.environ.get("REDIS_URL", ""),
            domain="localhost",
            plain=True,
            beside=beside,
        ) as site:
            asked = [
                site.converse("plain").ask(PAGE, host="localhost", accept_encoding=encoding)
                for encoding in ("", "gzip", "gzip")
            ]
            answer_again(folder / "reference", asked[0], asked[2])
            os.kill(int((folder / "nginx.pid").read_text()), signal.SIGHUP)
            time.sleep(1)
            rows = {
                "gzip_static": f"http://localhost:{plain}/page.html",
                "our page": f"http://localhost:{site.ports['plain']}{PAGE}",
                "gzip_static, TLS": f"https://localhost:{tls}/page.html",
                "our page, TLS": f"https://localhost:{site.ports['https']}{PAGE}",
            }
            seen = rounds_of(rows, int((folder / "nginx.pid").read_text()), options)
    finally:
        shutil.rmtree(folder)
    return report(seen, len(asked[0].body), len(asked[2].body))


def report(seen: dict[str, list[Row]], plain: int, compressed: int) -> bool:
    """Print the table; return whether the budgets were kept. A ratio is the median of those of each round."""
    print(f"{PAGE}: {plain} bytes, {compressed} compressed")
    print(f"{'':20}{'requests/s':>12}{'ratio':>8}{'CPU µs':>10}")
    ratios = {}
    for name, rounds in seen.items():
        references = seen["gzip_static, TLS" if "TLS" in name else "gzip_static"]
        ratios[name] = median(ours.rate / other.rate for ours, other in zip(rounds, references, strict=True))
        rate, cost = max(row.rate for row in rounds), min(row.cost for row in rounds)
        print(f"{name:20}{rate:12,.0f}{ratios[name]:8.2f}{cost:10.1f}")
    rate = max(row.rate for row in seen["our page"])
    kept = ratios["our page"] >= RATIO and rate >= RATE
    print(f"a ratio of {RATIO} and {RATE:,} requests/s: {'kept' if kept else 'broken'}")
    return kept


def main() -> int:
    """Measure on events that are gone again afterwards; return 1 where a budget is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    for program in ("wrk", "nginx"):
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin"):
            print(f"Not measured: {program} is missing (Debian: apt-get install wrk nginx-light).")
            return 0

    import django

    django.setup()
    from django.core.management import call_command

    from eventmate import static_files
    from myapp.testing.factories import make_events, make_organisation, make_room

    call_command("migrate", verbosity=0)
    static_files.refresh()
    room, organisation = make_room(), make_organisation()
    try:
        make_events(60, organisation=organisation, room=room, building=room.building)
        return 0 if measure(options) else 1
    finally:
        organisation.events.all().delete()
        organisation.delete()
        room.delete()
        room.building.delete()


if __name__ == "__main__":
    sys.exit(main())
