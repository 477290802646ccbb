"""Services for a first run: real servers, shared, and killed in every way."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from eventmate.services import ServiceError, hold
from eventmate.services.holding import ROOT
from eventmate.services.locks import Lock, is_seized
from eventmate.services.programs import PostgresPrograms, find_postgres
from eventmate.services.server import fingerprint, socket_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture(autouse=True)
def no_servers_from_outside(monkeypatch):
    """The tests of everything else run on servers that variables name; these start their own."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A folder for services, and afterwards the promise: nothing is left running."""
    folder = tmp_path / "data"
    yield folder
    wait_until(lambda: not processes(folder))
    for elsewhere in places_of_nobody(folder):
        shutil.rmtree(elsewhere, ignore_errors=True)


def wait_until(condition: Callable[[], object], patience: float = 20) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def processes(data: Path, word: str = "") -> list[int]:
    """Return the processes whose command line names this folder (and has this word)."""
    found = []
    places = [f"{data}/", *(fingerprint(folder) for folder in data.glob("*/"))]  # sockets may lie elsewhere
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if any(place in command for place in places) and word in command and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def places_of_nobody(data: Path) -> list[Path]:
    """Return where the clusters of this folder lie if root may not have user namespaces here."""
    places = [Path("/var/tmp") / f"eventmate-{fingerprint(folder)}" for folder in data.glob("postgres-*")]
    return [place for place in places if place.exists()]


def cluster(data: Path) -> Path:
    return next(
        place / "cluster"
        for place in [*data.glob("postgres-*"), *places_of_nobody(data)]
        if (place / "cluster").exists()
    )


def child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def keeper(data: Path, kind: str) -> int:
    return processes(data, f"eventmate.services.keeper\0{kind}")[0]


def command(data: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "eventmate.services", "--data", str(data), "--quick", *words]


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def run_until_killed(data: Path, within: Iterable[str] = (), **how) -> subprocess.Popen:
    """Start a user whose command does nothing, and return once that runs."""
    script = ["sh", "-c", f'touch "{data}/runs"; exec sleep 60']
    user = subprocess.Popen([*within, *command(data, *script)], cwd=ROOT, stdout=subprocess.DEVNULL, **how)
    wait_until((data / "runs").exists, 60)
    return user


def ask(url: str, sql: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def can_ask(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def ping(url: str) -> bool:
    client = redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
    finally:
        client.close()


USE_BOTH = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("SELECT current_database()").fetchone()[0])
print(redis.from_url(os.environ["REDIS_URL"]).ping())
raise SystemExit(7)
"""


def test_a_command_finds_both_and_its_status_comes_back(data):
    done = subprocess.run(
        command(data, *python(USE_BOTH)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-2:] == ["eventmate", "True"]
    assert done.returncode == 7
    assert not processes(data), "it waits until the servers have stopped"


def test_folders_are_for_their_owner_only(data):
    with hold(data, quick=True):
        folders = [
            data / "valkey",
            *data.glob("postgres-*"),
            *(socket_folder(each) for each in data.iterdir()),
        ]
        assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_extensions_that_the_migrations_need_are_there(data):
    with hold(data, quick=True) as held:
        for name in ("btree_gist", "pg_trgm", "unaccent"):
            ask(held.urls["DATABASE_URL"], f"CREATE EXTENSION {name}")


def test_users_share_and_the_last_one_stops_them(data):
    with hold(data, quick=True) as first:
        with hold(data, quick=True) as second:
            assert first.urls == second.urls
            assert len(processes(data, "services.keeper")) == 2
        assert can_ask(first.urls["DATABASE_URL"])
    assert not processes(data)


def test_six_who_start_at_once_start_one_of_each(data):
    count = python("import time; time.sleep(1)")
    users = [subprocess.Popen(command(data, *count), cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(6)]
    wait_until(
        lambda: (
            any(data.glob("postgres-*/ready.lock")) and is_seized(next(data.glob("postgres-*/ready.lock")))
        )
    )
    assert len(processes(data, "services.keeper\0postgres")) == 1
    assert [user.wait(30) for user in users] == [0] * 6


def test_a_killed_user_counts_as_gone(data):
    user = run_until_killed(data)
    user.kill()
    user.wait()
    wait_until(lambda: not processes(data))


def test_a_command_outlives_nothing_when_its_starter_is_killed(data):
    """make or a shell that is killed takes the site with it: nobody could press Ctrl-C any more."""
    shell = run_until_killed(data, within=["sh", "-c", '"$@"; true', "sh"])
    shell.kill()
    shell.wait()
    wait_until(lambda: not processes(data))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_whole_group_ends_all_of_it_quietly(data, number):
    user = run_until_killed(data, stderr=subprocess.PIPE, start_new_session=True)
    os.killpg(user.pid, number)
    _, said = user.communicate(timeout=20)
    assert (user.returncode, said) == (0 if number == signal.SIGINT else 128 + number, b"")
    assert not processes(data)


def test_a_killed_postmaster_is_restarted_under_its_users(data):
    with hold(data, quick=True) as held:
        url = held.urls["DATABASE_URL"]
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        ask(url, "CHECKPOINT")
        kept_by = keeper(data, "postgres")
        before = child(kept_by)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: can_ask(url))
        assert ask(url, "SELECT answer FROM kept") == 42
        assert keeper(data, "postgres") == kept_by
        assert child(kept_by) != before


def test_a_killed_valkey_is_restarted_under_its_users(data):
    with hold(data, quick=True) as held:
        os.kill(child(keeper(data, "valkey")), signal.SIGKILL)
        wait_until(lambda: ping(held.urls["REDIS_URL"]))


def test_a_killed_keeper_is_replaced_by_whoever_looks_next(data):
    with hold(data, quick=True) as held:
        url = held.urls["DATABASE_URL"]
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        for kind in ("postgres", "valkey"):
            os.kill(keeper(data, kind), signal.SIGKILL)
        wait_until(lambda: not any(is_seized(lock) for lock in data.glob("*/ready.lock")))
        held.ensure()
        assert ask(url, "SELECT answer FROM kept") == 42
        assert ping(held.urls["REDIS_URL"])


def test_a_command_survives_the_death_of_the_keeper(data):
    """The process that runs the command looks every second."""
    user = run_until_killed(data)
    before = keeper(data, "valkey")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: processes(data, "services.keeper\0valkey") not in ([], [before]))
    wait_until(lambda: is_seized(data / "valkey" / "ready.lock"))
    user.terminate()
    assert user.wait(20) == 128 + signal.SIGTERM


def test_everything_killed_at_once_leaves_the_data(data):
    held = hold(data)
    ask(held.urls["DATABASE_URL"], "CREATE TABLE kept AS SELECT 42 AS answer")
    for pid in [*processes(data, "services.keeper"), *processes(data)]:
        os.kill(pid, signal.SIGKILL)
    held.close()
    with hold(data) as again:
        assert ask(again.urls["DATABASE_URL"], "SELECT answer FROM kept") == 42


def test_a_pid_file_that_names_a_stranger_is_not_believed(data):
    with hold(data, quick=True):
        pass
    place = cluster(data)
    (place / "postmaster.pid").write_text(f"{os.getppid()}\n{place}\n0\n5432\n\n\n\n")
    with hold(data, quick=True) as held:
        assert can_ask(held.urls["DATABASE_URL"])


def test_a_quick_cluster_that_is_broken_is_made_anew(data):
    with hold(data, quick=True):
        pass
    (cluster(data) / "global" / "pg_control").write_bytes(b"")
    with hold(data, quick=True) as held:
        assert can_ask(held.urls["DATABASE_URL"])


def test_a_broken_cluster_of_make_run_is_left_alone_and_its_log_is_shown(data):
    with hold(data):
        pass
    control = cluster(data) / "global" / "pg_control"
    control.write_bytes(b"")
    with pytest.raises(ServiceError, match="does not start") as caught:
        hold(data)
    assert "pg_control" in str(caught.value)
    assert control.exists()


def test_a_deleted_folder_ends_its_servers(data, tmp_path):
    held = hold(data, quick=True)
    data.rename(tmp_path / "elsewhere")
    wait_until(lambda: not processes(data))
    held.close()


def test_long_paths_and_paths_with_spaces_work(data):
    place = data / ("a long, long folder with spaces and a comma " * 3)
    place.mkdir(parents=True)
    with hold(place, quick=True) as held:
        assert can_ask(held.urls["DATABASE_URL"])
        assert ping(held.urls["REDIS_URL"])


def test_a_variable_that_is_set_wins(data, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/eventmate")
    with hold(data, quick=True) as held:
        assert list(held.urls) == ["REDIS_URL"]
        assert [folder.name for folder in data.iterdir()] == ["valkey"]


def test_foreign_variables_of_libpq_do_not_matter(data, monkeypatch):
    monkeypatch.setenv("PGPORT", "9999")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with hold(data, quick=True) as held:
        assert can_ask(held.urls["DATABASE_URL"])


def test_a_version_that_has_data_wins_over_a_newer_one(tmp_path, monkeypatch):
    monkeypatch.delenv("EVENTMATE_POSTGRES", raising=False)
    new, old = (PostgresPrograms(Path("/x"), major, "system") for major in (17, 15))
    monkeypatch.setattr("eventmate.services.programs._postgres_candidates", lambda: iter([new, old]))
    assert find_postgres(tmp_path) == new
    (tmp_path / "postgres-15").mkdir()
    assert find_postgres(tmp_path) == old


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("EVENTMATE_POSTGRES", raising=False)
    monkeypatch.setattr("eventmate.services.programs._postgres_candidates", lambda: iter([]))
    with pytest.raises(ServiceError, match="apt-get install postgresql"):
        find_postgres(tmp_path)
    monkeypatch.setenv("EVENTMATE_POSTGRES", "newest")
    with pytest.raises(ServiceError, match="must be system or wheel, not 'newest'"):
        find_postgres(tmp_path)


def test_a_lock_ends_with_its_last_holder(tmp_path):
    path = tmp_path / "lock"
    with Lock(path) as mine:
        assert mine.share(wait=False)
        child = subprocess.Popen(["sleep", "60"], pass_fds=[mine.fd])
    with Lock(path) as other:
        assert not other.seize(wait=False)
        child.kill()
        child.wait()
        assert other.seize(wait=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_root_without_user_namespaces_runs_postgres_as_nobody(data, monkeypatch):
    monkeypatch.setenv("EVENTMATE_POSTGRES_USER", "nobody")
    with hold(data, quick=True) as held:
        assert can_ask(held.urls["DATABASE_URL"])
        assert cluster(data).owner() == "nobody"
        assert cluster(data).is_relative_to("/var/tmp")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user is who runs all the other tests")
def test_an_ordinary_user_shares_nothing_with_root(tmp_path):
    place = Path("/var/tmp") / f"eventmate-test-{os.getpid()}"
    interpreter = Path(sys.executable).resolve()
    if not all(folder.stat().st_mode & 0o001 for folder in (ROOT, *ROOT.parents, *interpreter.parents)):
        pytest.skip("the project or Python lies where only root can go")
    place.mkdir()
    try:
        place.chmod(0o777)
        done = subprocess.run(
            [
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                *command(place / "d", *python(USE_BOTH)),
            ],
            cwd=ROOT,
            env={**os.environ, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout.splitlines()[-2:]) == (7, ["eventmate", "True"]), done.stderr
    finally:
        subprocess.run(["rm", "-r", place], check=True)
