"""What happens to a site: processes die, Redis and PostgreSQL go and come back."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import machine
from changing import ada
from machine import must, sh, wait_until
from visitors import SOCKET, Crowd, Person, ask

PRIVATE = "/admin/"


def ready() -> tuple[int, str]:
    """Return what the site says of itself."""
    answer = ask("/health/ready/", directly=SOCKET)
    return answer.status, str(json.loads(answer.body)["status"])


def healthy_again() -> float:
    """Wait until every worker is well, each of which finds out by itself, and return how many seconds that took."""

    def everyone_is_well() -> bool:
        return all(ready() == (200, "healthy") and _makes_a_page(number) for number in range(40))

    return wait_until(everyone_is_well, "healthy again")


def _makes_a_page(number: int) -> bool:
    """Whether the worker that happens to answer has the database for a page that nobody has kept."""
    headers = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "127.0.0.1"}
    return ask(f"/events/?q=again+{time.monotonic_ns()}+{number}", directly=SOCKET, **headers).status == 200


def kill_a_worker() -> str:
    """A worker that is killed takes no more than its own requests with it, and is replaced."""
    before = machine.workers()
    with Crowd() as crowd:
        os.kill(before[0], signal.SIGKILL)
        wait_until(
            lambda: len(machine.workers()) == len(before) and before[0] not in machine.workers(),
            "another worker",
        )
    crowd.must_fail_at_most(6)
    with Crowd() as after:
        time.sleep(1)
    after.must_all_be_answered()
    return f"{crowd.told()}; none after it"


def kill_the_master() -> str:
    """The master is killed: systemd starts the site again, and who comes meanwhile waits."""
    main, in_flight = machine.main_pid(), 7
    with Crowd() as crowd:
        os.kill(main, signal.SIGKILL)
        wait_until(lambda: machine.main_pid() not in {0, main}, "another master")
        wait_until(lambda: ready()[0] == 200, "ready again")
    crowd.must_fail_at_most(in_flight)
    return f"{crowd.told()}, those under way when it died"


def stop_redis() -> str:
    """Redis stops: no request fails, nobody is signed out, the site says degraded; it comes back and is used."""
    return _without_redis("systemctl stop redis-server")


def kill_redis() -> str:
    """Redis is killed: the same."""
    sh("mkdir -p /run/systemd/system/redis-server.service.d")
    sh(
        "printf '[Service]\\nRestart=no\\n' >/run/systemd/system/redis-server.service.d/rehearsal.conf; systemctl daemon-reload"
    )
    try:
        return _without_redis("systemctl kill -s KILL redis-server")
    finally:
        sh("rm -r /run/systemd/system/redis-server.service.d; systemctl daemon-reload")


def _without_redis(command: str) -> str:
    person = ada()
    with Crowd(person) as crowd:
        sh(command)
        time.sleep(3)
        must(ready() == (200, "degraded"), f"ready says {ready()}")
        must(person.is_signed_in(), "signed out")
        ada()  # and others can sign in
    seen = crowd.must_all_be_answered()
    sh("systemctl reset-failed redis-server; systemctl start redis-server")
    took = healthy_again()
    must(person.is_signed_in(), "signed out when it came back")
    keys = wait_until(
        lambda: ask("/events/").status == 200 and sh("redis-cli dbsize") != "0", "Redis is used again"
    )
    return f"{seen}; used again after {took + keys:.1f} s"


def stop_postgresql() -> str:
    """PostgreSQL stops: kept pages keep coming, personal ones say 503; it comes back without a restart of the site."""
    return _without_postgresql("systemctl stop postgresql")


def kill_postgresql() -> str:
    """PostgreSQL is killed: the same."""
    return _without_postgresql("systemctl kill -s KILL 'postgresql@*'")


def _without_postgresql(command: str) -> str:
    pages = ["/", "/events/", "/calendar/", "/organisations/", "/about/"]
    for page in pages:
        must(ask(page).status == 200, f"{page} is not there to begin with")
    main, person = machine.main_pid(), ada()
    sh(command)
    wait_until(lambda: ready()[0] == 503, "ready says unavailable")
    until = time.monotonic() + 35  # past the 30 s for which a page counts as fresh
    asked = 0
    while time.monotonic() < until:
        for page in pages:
            answer = ask(page)
            asked += 1
            must(answer.status == 200, f"{page} answers {answer.status} without a database")
        time.sleep(0.5)
    must(answer.headers["x-cache-status"] in {"STALE", "UPDATING", "HIT"}, answer.headers["x-cache-status"])
    private = Person.get(person, PRIVATE)
    must(private.status == 503 and "retry-after" in private.headers, f"{PRIVATE} answers {private.status}")
    must(ask("/health/live/").status == 200, "the process itself is not ill")
    sh(
        "systemctl reset-failed 'postgresql@*' || true; systemctl start postgresql; systemctl start 'postgresql@15-main'"
    )
    took = healthy_again()
    must(machine.main_pid() == main, "the site was restarted")
    must(person.is_signed_in(), "signed out")
    with Crowd(person) as crowd:
        time.sleep(1)
    crowd.must_all_be_answered()
    return f"{asked} public pages from Nginx, {PRIVATE} 503; healthy {took:.1f} s after it came back"


def fill_the_disk_of_the_cache() -> str:
    """The store of pages is full to the last byte: pages keep coming, and are kept again once there is room."""
    cache = Path("/var/cache/nginx/eventmate")
    person, others = ada(), [f"/events/?q=full+{page}" for page in range(20)]
    must(ask("/").status == 200 == ask("/").status, "no page to begin with")
    try:
        with Crowd(person) as crowd:
            sh(f"dd if=/dev/zero of={cache}/full bs=1M status=none", status=1)
            must(_free(cache) == 0, f"{_free(cache)} bytes are free")
            _must_come_whole(others)
            time.sleep(11)  # Nginx looks after its stores every ten seconds, and throws out what it can
            sh(f"dd if=/dev/zero bs=4k status=none >>{cache}/full", status=1)
            _must_come_whole(others)
        seen = crowd.must_all_be_answered()
    finally:
        sh(f"rm -f {cache}/full")
    wait_until(lambda: ask("/about/").headers["x-cache-status"] == "HIT", "pages are kept again", within=20)
    return seen


def fill_the_disk_beside_the_cache() -> str:
    """What else Nginx writes to is full (its logs, its temporary files): pages keep coming, and are kept."""
    folders = ("/var/log/nginx", "/var/lib/nginx")
    person = ada()
    for folder in folders:
        sh(f"mount -t tmpfs -o size=1m,mode=0755 tmpfs {folder}")
    try:
        sh("install -d -o root -g eventmate -m 2751 /var/log/nginx/eventmate && nginx -t && nginx -s reload")
        for folder in folders:
            sh(f"dd if=/dev/zero of={folder}/full bs=4k status=none", status=1)
        with Crowd(person) as crowd:
            _must_come_whole([f"/events/?q=logs+{page}" for page in range(20)])
            must(ask("/about/").headers["x-cache-status"] in {"HIT", "STALE"}, "pages are not kept")
        seen = crowd.must_all_be_answered()
    finally:
        for folder in folders:
            sh(f"umount -l {folder}")
        sh("nginx -s reload")
    return seen


def _free(folder: Path) -> int:
    """Return how many bytes there is room for."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _must_come_whole(pages: list[str]) -> None:
    """Ask for pages that nobody has asked for; each comes to its end."""
    for page in pages:
        answer = ask(page)
        must(
            answer.status == 200 and "</html>" in answer.body,
            f"{page} answers {answer.status}, not to its end",
        )


def restart_everything() -> str:
    """Everything restarts at once, as after an update of Debian, and the site finds itself again."""
    person = ada()
    sh("systemctl restart postgresql redis-server nginx eventmate")
    took = healthy_again()
    must(person.is_signed_in(), "signed out")
    return f"healthy after {took:.1f} s"
