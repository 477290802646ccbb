"""Real servers that a test may kill: a Valkey (or Redis) of its own, and the site under gunicorn.

def test_something(redis_server, start_site):
    site = start_site(REDIS_URL=redis_server.url)
    redis_server.kill()
    assert site.get("/").status == 200
"""

import hashlib
import http.client
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from django.db import connection
from redis import Redis

from eventmate.services.holding import ROOT
from eventmate.services.locks import Lock
from eventmate.services.postgres import Postgres
from eventmate.services.programs import find_postgres, find_valkey
from eventmate.services.valkey import Valkey

_PATIENCE = 60
_TEMPLATES = ROOT / "var" / "test-clusters"


class RedisServer:
    """A server that forgets everything when it ends."""

    def __init__(self, folder: Path) -> None:
        """Start it in a folder."""
        folder.mkdir(exist_ok=True)
        self._valkey = Valkey(folder, find_valkey())
        self.url = self._valkey.url()
        self.start()

    def start(self) -> None:
        """Start it, empty, where it was; returns when it answers."""
        self._valkey.socket.unlink(missing_ok=True)
        self._process = self._valkey.start()
        wait_for(self._valkey.answers)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let it take connections and commands and say nothing, with all it knows."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def take_no_writes(self, why: str) -> None:
        """Let it answer and refuse writes: it is "full", "read-only", or "cannot save"."""
        with Redis.from_url(self.url) as client:
            if why == "full":
                client.config_set("maxmemory-policy", "noeviction")
                client.config_set("maxmemory", 1)
            elif why == "read-only":
                client.config_set("replica-serve-stale-data", "yes")
                client.replicaof("127.0.0.1", 1)
            else:
                client.config_set("save", "3600 1")
                (self._valkey.folder / "dump.rdb").mkdir()
                client.bgsave()
                wait_for(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")

    def take_writes(self) -> None:
        """Let it take writes again, with all it knows."""
        with Redis.from_url(self.url) as client:
            client.replicaof("NO", "ONE")
            client.config_set("maxmemory", 0)
            client.config_set("save", "")

    def keys(self, containing: str) -> list[str]:
        """Return the keys with a word in them."""
        with Redis.from_url(self.url) as client:
            return [key.decode() for key in client.keys(f"*{containing}*")]

    def remove(self) -> None:
        """End it, and its socket."""
        self.kill()
        self._valkey.socket.unlink(missing_ok=True)
        self._valkey.tidy()


class PostgresServer:
    """A PostgreSQL with the site's tables in it."""

    def __init__(self, folder: Path) -> None:
        """Start one in a folder: a copy of what this or another process has made and migrated, which takes seconds."""
        folder.mkdir(exist_ok=True)
        programs = find_postgres(folder)
        self._postgres = Postgres(folder, programs.folder, quick=True)
        self.url = self._postgres.url()
        _TEMPLATES.mkdir(parents=True, exist_ok=True)
        with Lock(_TEMPLATES / "lock") as lock:
            lock.seize()
            template = _TEMPLATES / f"{programs.origin}-{programs.major}-{_state_of_migrations()}"
            if template.exists():
                _copy(template, self._postgres.cluster)
            else:
                self.start()
                self.run("manage.py", "migrate", "-v", "0")
                self.stop()
                part = template.with_name("part")
                shutil.rmtree(part, ignore_errors=True)
                _copy(self._postgres.cluster, part)
                part.rename(template)
        self.start()

    def start(self) -> None:
        """Start it with what it knew; returns when it answers."""
        self._postgres.prepare()
        self._process = self._postgres.start()
        wait_for(self._postgres.answers)

    def is_running(self) -> bool:
        """Whether it was not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a crash does; its children end when they notice."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it as an upgrade does: at once, and in order."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

    def run(self, *words: str) -> str:
        """Run Python with this database; returns what it printed."""
        done = subprocess.run(
            [sys.executable, *words],
            env=os.environ | {"DATABASE_URL": self.url, "DJANGO_SETTINGS_MODULE": "eventmate.settings"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def remove(self) -> None:
        """End it and leave nothing behind."""
        if self.is_running():
            self.stop()
        self._postgres.doubt()
        self._postgres.tidy()


def _state_of_migrations() -> str:
    """Return what changes when a database that is brought up to date comes out otherwise."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for file in sorted(ROOT.glob("myapp/*/migrations/*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _copy(cluster: Path, to: Path) -> None:
    """Copy a cluster that is not running, whoever owns it."""
    subprocess.run(["/bin/cp", "-R", "-p", cluster, to], check=True)


class Answer(NamedTuple):
    """What the site answered, and how many seconds it took."""

    status: int
    headers: http.client.HTTPMessage
    body: str
    seconds: float


class Site:
    """EventMate under gunicorn, as in production but for the number of workers, at http://127.0.0.1:`port`."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        """Start it; returns when it answers."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn_config.py")),
                    environment.pop("APPLICATION", "eventmate.wsgi:application"),
                ],
                env=os.environ | {"WEB_CONCURRENCY": "1", "PORT": str(self.port)} | environment,
                stdout=out,
                stderr=out,
                cwd=ROOT,
            )
        wait_for(lambda: self.answers("/health/live/"), log.read_text)

    def answers(self, path: str) -> bool:
        """Whether it answers a path with 200."""
        try:
            return self.get(path).status == 200
        except OSError:
            return False

    def get(self, path: str, *, cookies: str = "", **headers: str) -> Answer:
        """Ask for a page on a connection of its own."""
        return self._ask("GET", path, None, {"Cookie": cookies} | headers)

    def post(self, path: str, data: dict[str, str], *, cookies: str = "") -> Answer:
        """Send a form."""
        form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies}
        return self._ask("POST", path, urlencode(data), form)

    def send_form(self, path: str, page: Answer, data: dict[str, str], *, cookies: str = "") -> Answer:
        """Send a form of a page, with the page's proof of origin."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.body)
        cookie = re.search(r"csrftoken=(\w+)", str(page.headers))
        assert token
        assert cookie
        proven = data | {"csrfmiddlewaretoken": token[1]}
        return self.post(path, proven, cookies=f"{cookies}; csrftoken={cookie[1]}".strip("; "))

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        began = time.monotonic()
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            asking.request(method, path, body, {name: value for name, value in headers.items() if value})
            answer = asking.getresponse()
            text = answer.read().decode(errors="replace")
            return Answer(answer.status, answer.headers, text, time.monotonic() - began)
        finally:
            asking.close()

    def kill_a_worker(self) -> None:
        """End a worker as a crash does; gunicorn starts another."""
        workers = self.workers()
        if workers:
            with suppress(ProcessLookupError):
                os.kill(random.choice(list(workers)), signal.SIGKILL)

    def workers(self) -> set[int]:
        """Return the processes of gunicorn's workers."""
        pid = self._process.pid
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def wait_for(
    happened: Callable[[], Any], told: Callable[[], str] = str, *, seconds: float = _PATIENCE
) -> None:
    """Return when something has happened; fails with what is `told` where it does not."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, told() or f"not within {seconds} s"
        time.sleep(0.05)


def url_of_test_database() -> str:
    """Return the URL of the database this test writes to, for another process."""
    named = connection.settings_dict
    port = f"&port={named['PORT']}" if named["PORT"] else ""
    login = f"{named['USER']}:{named['PASSWORD']}@" if named["PASSWORD"] else ""
    user = f"&user={named['USER']}" if named["USER"] and not login else ""
    return f"postgresql://{login}/{named['NAME']}?host={named['HOST'] or '/var/run/postgresql'}{port}{user}"


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    server = RedisServer(tmp_path / "redis")
    yield server
    server.remove()


@pytest.fixture(scope="module")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL of the module's own, with the tables and nothing in them."""
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server
    server.remove()


@pytest.fixture
def postgres_server(postgres_cluster: PostgresServer) -> PostgresServer:
    """The same one, for tests that end it: the next finds it running."""
    if not postgres_cluster.is_running():
        postgres_cluster.start()
    return postgres_cluster


@pytest.fixture(scope="session")
def collected_static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the static files under the names that pages use in production.

    They are collected and compressed where a run before may have left them, which takes ten seconds, and copied.
    """
    data, kept = tmp_path_factory.mktemp("data"), ROOT / "var" / "behind-nginx"
    collect = "import django; django.setup(); from eventmate import static_files; static_files.refresh()"
    subprocess.run(
        [sys.executable, "-c", collect],
        env=os.environ | {"DATA_DIR": str(kept), "DJANGO_SETTINGS_MODULE": "eventmate.settings"},
        cwd=ROOT,
        check=True,
        timeout=120,
    )
    shutil.copytree(kept / "static", data / "static")
    shutil.copy2(kept / "static.state", data)
    return data


@pytest.fixture
def start_site(tmp_path: Path, collected_static: Path) -> Iterator[Callable[..., Site]]:
    """Start the site with some variables of the environment changed; it ends with the test."""
    sites: list[Site] = []

    def start(**environment: str) -> Site:
        sites.append(
            Site(tmp_path / f"site-{len(sites)}.log", {"DATA_DIR": str(collected_static)} | environment)
        )
        return sites[-1]

    yield start
    for site in sites:
        site.stop()
