"""What operators do to a site that people look at: reload, restart, upgrade, add instances."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import machine
from machine import CURRENT, ROOT, must, release_that_runs, sh, wait_until
from visitors import SOCKET, Crowd, Person, ask

UPSTREAM = Path("/etc/nginx/eventmate/upstream.conf")
BALANCER = Path("/etc/nginx/eventmate/balancer.conf")
TIMER = "eventmate-maintain.timer"
DEMO_PASSWORD = "campus-demo-2026"


def ada() -> Person:
    """Return a student who has signed in."""
    return Person().sign_in("ada", DEMO_PASSWORD)


def start() -> str:
    """A start is short, and a worker small."""
    sh("systemctl stop eventmate.socket eventmate.service")
    began = time.monotonic()
    sh("systemctl start eventmate.socket eventmate.service")
    ready = ask("/health/ready/", directly=SOCKET)
    took = time.monotonic() - began
    must(ready.status == 200, ready.body)
    with Crowd():
        time.sleep(2)
    sizes = [_megabytes(pid) for pid in machine.workers()]
    must(max(sizes) <= 130, f"workers take {sizes} MB")
    return f"ready after {took:.1f} s; {len(sizes)} workers of at most {max(sizes)} MB"


def _megabytes(pid: int) -> int:
    """Return the memory of a process; what it shares with others is counted as if it had it alone."""
    return int(sh(f"awk '/^Rss:/ {{ print $2 }}' /proc/{pid}/smaps_rollup")) // 1024


def reload_under_load() -> str:
    """A reload under load fails no request and replaces every worker."""
    before, main = set(machine.workers()), machine.main_pid()
    with Crowd(ada()) as crowd:
        for _ in range(3):
            sh("systemctl reload eventmate")
            time.sleep(1.5)
    must(main == machine.main_pid(), "the master is another")
    must(not before & set(machine.workers()), "a worker was not replaced")
    return crowd.must_all_be_answered()


def restart_under_load() -> str:
    """A restart under load fails no request."""
    with Crowd(ada()) as crowd:
        for _ in range(2):
            sh("systemctl restart eventmate")
            time.sleep(1)
    return crowd.must_all_be_answered()


def upgrade_under_load() -> str:
    """An upgrade under load fails no request, signs nobody out, undoes nothing, and is what answers afterwards."""
    before, person = release_that_runs(), ada()
    balancer, written = BALANCER.read_text(), "set_real_ip_from 192.0.2.9;\n"
    BALANCER.write_text(balancer + written)
    sh(f"systemctl disable --now {TIMER}")
    with Crowd(person) as crowd:
        said = machine.install()
    must(BALANCER.read_text().endswith(written), f"{BALANCER} is as it was shipped")
    must(sh(f"systemctl is-active {TIMER}", status=None) == "inactive", f"{TIMER} ticks again")
    sh(f"systemctl enable --now {TIMER}")
    BALANCER.write_text(balancer)
    must("in the place of" in said, said)
    must(before != release_that_runs() == CURRENT.resolve().name, f"{release_that_runs()} runs")
    must(person.is_signed_in(), "signed out")
    return crowd.must_all_be_answered()


def an_upgrade_that_fails_changes_nothing() -> str:
    """An upgrade whose check, migration or start fails leaves the release that runs, and says so."""
    running, main = release_that_runs(), machine.main_pid()
    faults = {
        "does not accept": ("eventmate/settings.py", "SESSION_SAVE_EVERY_REQUEST = True\n"),
        "could not be migrated": ("myapp/pages/migrations/0001_broken.py", BROKEN_MIGRATION),
        "does not work on this machine": ("eventmate/wsgi.py", "raise RuntimeError('planted')\n"),
    }
    with Crowd(ada()) as crowd:
        for sentence, (name, text) in faults.items():
            checkout = Path("/root/newer")
            shutil.rmtree(checkout, ignore_errors=True)
            shutil.copytree(ROOT, checkout)
            (checkout / name).parent.mkdir(exist_ok=True)
            (checkout / name).parent.joinpath("__init__.py").touch()
            with (checkout / name).open("a") as file:
                file.write(text)
            said = machine.install(checkout=checkout, status=1)
            must(sentence in said and f"Release {running} still runs" in said, said)
            must("The database is as it was" in said, said)
    must((release_that_runs(), machine.main_pid()) == (running, main), "something has changed")
    must(CURRENT.resolve().name == running, "the link leads elsewhere")
    must(len(list(CURRENT.parent.joinpath("releases").iterdir())) <= 3, "more than three releases")
    return f"three failures, {crowd.must_all_be_answered()}"


BROKEN_MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    operations = [migrations.RunSQL("SELECT planted")]
"""


def several_instances() -> str:
    """Several instances share the visitors, and are restarted one after the other."""
    alone = UPSTREAM.read_text()
    sockets = tuple(f"/run/eventmate/eventmate-{number}.sock" for number in (1, 2))
    sh("systemctl enable --now eventmate@1.socket eventmate@2.socket eventmate@1.service eventmate@2.service")
    lines = [
        line.replace("# server", "server").replace(
            "server unix:/run/eventmate/eventmate.sock", "# server unix:/run/eventmate/eventmate.sock"
        )
        for line in alone.splitlines(keepends=True)
    ]
    with Crowd(ada()) as crowd:
        UPSTREAM.write_text("".join(lines))
        sh("nginx -t && systemctl reload nginx")
        time.sleep(1)
    crowd.must_all_be_answered()
    sh("systemctl disable --now eventmate.socket eventmate.service")
    with Crowd(ada(), directly=sockets) as crowd:
        machine.install()
    seen = crowd.must_all_be_answered()
    for number in (1, 2):
        must(
            release_that_runs(f"eventmate@{number}.service") == CURRENT.resolve().name,
            f"instance {number} is old",
        )
    must(sh("systemctl is-active eventmate.service", status=None) == "inactive", "the one alone was started")
    sh("systemctl enable --now eventmate.socket eventmate.service")
    UPSTREAM.write_text(alone)
    sh("nginx -t && systemctl reload nginx")
    sh(
        "systemctl disable --now eventmate@1.socket eventmate@2.socket eventmate@1.service eventmate@2.service"
    )
    wait_until(lambda: ask("/events/?q=alone").status == 200, "one alone answers again")
    return f"an upgrade of both: {seen}"


TAKE_BACK = """
from django.contrib.auth import get_user_model
from myapp.events.actions import withdraw
from myapp.events.models import Event
withdraw(Event.objects.get(slug="%s"), acting_user=get_user_model().objects.get(username="rosa"))
"""


def an_event_taken_back_is_gone_at_once() -> str:
    """An event that is taken back is gone from Nginx at once, and a worker did it."""
    found = re.search(r'href="/events/([\w-]+)/"', ask("/events/").body)
    must(found, "no event to take back")
    slug = found[1] if found else ""
    pages = [f"/events/{slug}/", f"/fr/events/{slug}/", f"/events/{slug}.ics"]
    for page in pages:
        must(ask(page).status == 200 and ask(page).headers["x-cache-status"] == "HIT", f"{page} is not kept")
    script = Path("/tmp/take-back.py")
    script.write_text(TAKE_BACK % slug)
    sh(f"eventmate shell --no-imports --command \"exec(open('{script}').read())\"")
    took = max(
        wait_until(lambda page=page: ask(page).status == 410, f"{page} answers 410", within=5)
        for page in pages
    )
    answer = ask(pages[0])
    must(answer.headers["x-cache-status"] == "HIT", "the answer itself is not kept")
    return f"410 in two languages and as .ics, {took:.1f} s after it was committed"


def hostile_headers() -> str:
    """Invented hosts get no page, and no header of a visitor is believed or kept."""
    strange = sh(
        "curl -sk -o /dev/null -w '%{http_code}' --resolve evil.example:443:127.0.0.1 https://evil.example/",
        status=None,
    )
    must(strange == "000", f"a page for evil.example: {strange}")
    for path in ("/", "/about/", "/accounts/login/"):
        for headers in (
            {"Host": "evil.example"},
            {"X_Forwarded_Host": "evil.example"},
            {"X_Forwarded_Proto": "http"},
            {"X_Forwarded_For": "203.0.113.9"},
            {"X_EventMate_Door": "refresh", "X_EventMate_Session": "0" * 32},
            {"X_Refresh_Secret": "guess"},
        ):
            answer = ask(path, **headers)
            wanted = {421} if "Host" in headers else {200}
            must(answer.status in wanted, f"{path} with {headers}: {answer.status}")
            must("evil.example" not in answer.body + str(answer.headers), f"{path} repeats {headers}")
    must("evil.example" not in ask("/about/").body, "it was kept")
    must(ask("/about/", X_Forwarded_For="203.0.113.9").status == 200, "a forged address is refused a page")
    inside = ask("/metrics/", directly=SOCKET, X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="https")
    must(inside.status == 403, f"a stranger sees /metrics/: {inside.status}")
    return "six forgeries on three pages"
