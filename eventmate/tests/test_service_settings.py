"""The settings that deploy/ offers for PostgreSQL, Redis, PgBouncer and logrotate, each read by the program itself."""

import configparser
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis
from django.db import connection

from eventmate import settings as settings_module
from eventmate.services.account import Account, choose_account
from eventmate.services.programs import find_postgres, find_valkey
from myapp.testing.factories import make_events
from myapp.testing.needs import needs_program

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"

MANY_AT_ONCE = """
import threading
from django.db import connection
from myapp.events.models import Event

wrong = []

def walk():
    for _ in range(10):
        try:
            walked = sum(1 for _ in Event.objects.order_by("pk").iterator(chunk_size=10))
            if walked != Event.objects.count():
                wrong.append(walked)
        except Exception as error:
            if "get a connection after" not in str(error):  # the machine is busy; that is no matter here
                wrong.append(f"{type(error).__name__}: {error}")
    connection.close()

walkers = [threading.Thread(target=walk) for _ in range(8)]
for walker in walkers:
    walker.start()
for walker in walkers:
    walker.join()
print(wrong)
"""


def wait_until(condition, patience: float = 20) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def is_up(ask, *errors: type[Exception]) -> bool:
    try:
        answer = ask()
    except errors:
        return False
    if isinstance(answer, psycopg.Connection):
        answer.close()
    return True


@pytest.mark.parametrize("name", ["eventmate-4gb.conf", "eventmate-16gb.conf"])
def test_postgresql_takes_every_line(name, tmp_path):
    """`postgres -C` reads a configuration as a start does, and refuses what it does not know."""
    programs = find_postgres(tmp_path)
    conf = DEPLOY / "postgresql" / name
    (tmp_path / "postgresql.conf").write_text(conf.read_text())
    tmp_path.chmod(0o700)
    (tmp_path / "PG_VERSION").write_text(f"{programs.major}\n")
    account = choose_account()
    if account.user:
        shutil.chown(tmp_path, account.user)

    for setting, value in re.findall(r"^(\w+) = ('[^']*'|\S+)", conf.read_text(), re.MULTILINE):
        if setting == "shared_preload_libraries":  # read with the library itself
            continue
        done = subprocess.run(
            [*account.prefix, programs.folder / "postgres", "-D", tmp_path, "-C", setting],
            capture_output=True,
            text=True,
            check=False,
            user=account.user or None,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() != "", f"{setting} = {value}"


@pytest.fixture
def small_redis(tmp_path):
    """A server with our settings, on a socket, with a megabyte and a half only."""
    place = tmp_path / "redis.sock"
    (tmp_path / "redis.conf").write_text(
        f"include {DEPLOY / 'redis' / 'eventmate.conf'}\nport 0\nunixsocket {place}\nmaxmemory 2500kb\ndir {tmp_path}\n"
    )
    with subprocess.Popen([find_valkey(), tmp_path / "redis.conf"], stdout=subprocess.DEVNULL) as server:
        client = redis.Redis(unix_socket_path=str(place))
        wait_until(lambda: is_up(client.ping, redis.ConnectionError))
        yield client
        client.close()
        server.terminate()


def test_redis_takes_every_line_and_drops_the_oldest_instead_of_refusing(small_redis):
    asked = {name: small_redis.config_get(name)[name] for name in ("save", "appendonly", "maxmemory-policy")}
    assert asked == {"save": "", "appendonly": "no", "maxmemory-policy": "allkeys-lru"}

    for number in range(400):
        small_redis.set(f"page:{number}", os.urandom(10_000))

    assert small_redis.get("page:399")
    assert small_redis.info()["evicted_keys"] > 0


@pytest.fixture
def bouncer(tmp_path, transactional_db):
    """PgBouncer with our settings in front of the test's own PostgreSQL; yields the URL through it."""
    program = needs_program("PgBouncer (Debian: pgbouncer)", "pgbouncer", "/usr/sbin/pgbouncer")
    live = connection.settings_dict
    settings = configparser.ConfigParser(comment_prefixes=(";",))
    settings.read(DEPLOY / "pgbouncer" / "pgbouncer.ini")
    settings["databases"] = {live["NAME"]: f"host={live['HOST']} port={live['PORT']} user={live['USER']}"}
    changed = {
        "listen_addr": "",
        "unix_socket_dir": str(tmp_path),
        "auth_type": "any",  # the test's server has no passwords
        "default_pool_size": "2",
        "reserve_pool_size": "0",
        "query_wait_timeout": "60",  # two for eight, on a busy machine
    }
    settings["pgbouncer"].update(changed)
    for name in ("pidfile", "logfile", "auth_file"):
        settings.remove_option("pgbouncer", name)
    ini = tmp_path / "pgbouncer.ini"
    with ini.open("w") as file:
        settings.write(file)
    account: Account = choose_account()
    if account.user:
        shutil.chown(tmp_path, account.user)
        tmp_path.chmod(0o711)
    server = account.start([program, ini], tmp_path / "log")
    url = f"postgresql:///{live['NAME']}?host={tmp_path}&port=6432&user={live['USER']}"
    try:
        wait_until(lambda: is_up(lambda: psycopg.connect(url), psycopg.OperationalError))
        yield url
    finally:
        server.terminate()
        server.wait()


def through(url: str, **environment: str) -> str:
    """Return what many threads say who walk through all events, in a site that is told this."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", MANY_AT_ONCE],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_behind_pgbouncer_many_walk_through_everything_on_two_connections(bouncer):
    make_events(60)

    assert through(bouncer, BEHIND_PGBOUNCER="1") == "[]"


def test_without_being_told_the_site_does_not_work_behind_pgbouncer(bouncer):
    """So that the setting is seen to do something."""
    make_events(1)

    assert "PostgreSQL is not there" in through(bouncer)


def test_behind_pgbouncer_no_cursors_stay_on_the_server_and_no_options_are_sent(monkeypatch):
    monkeypatch.setenv("BEHIND_PGBOUNCER", "1")
    behind = runpy.run_path(str(settings_module.__file__))["DATABASES"]["default"]
    monkeypatch.delenv("BEHIND_PGBOUNCER")
    alone = runpy.run_path(str(settings_module.__file__))["DATABASES"]["default"]

    assert behind["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert "options" not in behind["OPTIONS"]
    assert "DISABLE_SERVER_SIDE_CURSORS" not in alone
    assert alone["OPTIONS"]["options"] == "-c jit=off"


def test_logrotate_takes_every_line(tmp_path):
    program = needs_program("logrotate (Debian: logrotate)", "logrotate", "/usr/sbin/logrotate")
    there = (DEPLOY / "logrotate" / "eventmate").read_text()
    for folder, name in (("log", "eventmate.log"), ("nginx", "cache.log")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text('{"message": "yesterday"}\n')
    conf = tmp_path / "conf"
    conf.write_text(
        there.replace("/var/log/eventmate", str(tmp_path / "log"))
        .replace("/var/log/nginx/eventmate", str(tmp_path / "nginx"))
        .replace("    su eventmate eventmate\n", "")
        .replace("0640 www-data eventmate", "0640")  # accounts that deploy/install makes
        .replace("invoke-rc.d nginx rotate", f"touch {tmp_path}/told")
    )
    conf.chmod(0o644)

    done = subprocess.run(
        [program, "--force", "--state", tmp_path / "state", conf], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (aside,) = (tmp_path / "log").iterdir()
    assert re.fullmatch(r"eventmate\.log-\d{8}", aside.name)
    assert (tmp_path / "told").exists()  # Nginx, which goes on writing into the old one until it is
    assert sorted(path.name for path in (tmp_path / "nginx").iterdir()) == ["cache.log", "cache.log.1"]
