"""The user's side: see that a server is kept, and hold it while it is used."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from eventmate.services.errors import ServiceError
from eventmate.services.locks import Lock, is_seized
from eventmate.services.programs import find_postgres, find_valkey

ROOT = Path(__file__).resolve().parents[2]
_START_WITHIN = 90.0  # seconds, a little more than the keeper allows its server
_STOP_WITHIN = 25.0

Say = Callable[[str], None]


class Held:
    """Servers that stay as long as this object is open, or a child that inherited `fds` lives.

    `urls` has the value of DATABASE_URL and REDIS_URL for each server that is held; a variable that was set already
    is not among them.
    """

    def __init__(self, kept: dict[str, "_Kept"]) -> None:
        self._kept = kept
        self.urls: dict[str, str] = {}
        self.fds = tuple(each.users.fd for each in kept.values())

    def ensure(self) -> None:
        """See that every server has its keeper: that restarts a dead server, this starts a keeper that was killed."""
        with ThreadPoolExecutor(max_workers=2) as pool:  # two servers start in the time of one
            list(pool.map(_Kept.ensure, self._kept.values()))
        self.urls = {variable: each.url() for variable, each in self._kept.items()}

    def close(self) -> None:
        """Let go, and return when the servers have stopped or it is known that others still use them."""
        for each in self._kept.values():
            each.users.close()
        deadline = time.monotonic() + _STOP_WITHIN
        while any(each.is_stopping() for each in self._kept.values()) and time.monotonic() < deadline:
            time.sleep(0.02)
        for each in self._kept.values():
            each.forget_keeper()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def hold(data: Path, *, quick: bool = False, say: Say = lambda _: None) -> Held:
    """Return PostgreSQL and Valkey, ready; each is started unless its variable (DATABASE_URL, REDIS_URL) is set.

    `data` is the folder for everything they keep; whoever names the same folder shares the same servers. `quick`
    trades safety on disk for speed, for tests. `say` is told what takes long. Raises `ServiceError`.
    """
    data = data.absolute()
    wanted: dict[str, tuple[Path, list[str]]] = {}
    if not _is_set("DATABASE_URL"):
        found = find_postgres(data)
        folder = data / f"postgres-{found.major}"
        if not folder.is_dir():
            say(f"Making a PostgreSQL {found.major} database in {folder}")
        wanted["DATABASE_URL"] = folder, ["postgres", str(folder), str(found.folder), *["--quick"] * quick]
    if not _is_set("REDIS_URL"):
        folder = data / "valkey"
        wanted["REDIS_URL"] = folder, ["valkey", str(folder), str(find_valkey())]
    held = Held({variable: _Kept(*words) for variable, words in wanted.items()})
    try:
        held.ensure()
    except BaseException:
        held.close()
        raise
    return held


def _is_set(variable: str) -> bool:
    return bool(os.environ.get(variable) or os.environ.get(f"{variable}_FILE"))


class _Kept:
    """One server, from its user's side; made, it holds the server's users.lock."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self.folder, self.arguments = folder, arguments
        self.keeper: subprocess.Popen[bytes] | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.users = Lock(folder / "users.lock")
        except PermissionError:
            raise ServiceError(f"{folder} belongs to somebody else. Use a clone of your own.") from None
        self.users.share()  # waits for a keeper that is just stopping

    def ensure(self) -> None:
        """Return once the server answers; raises `ServiceError` with the end of its log when it does not."""
        if self._is_ready():
            return
        with Lock(self.folder / "starting.lock") as turn:
            turn.seize()
            deadline = time.monotonic() + _START_WITHIN
            while not self._is_ready():
                self._call_keeper()
                if time.monotonic() > deadline:
                    raise ServiceError(self._complaint("did not start in time"))
                time.sleep(0.01)

    def url(self) -> str:
        """Return what the keeper wrote before it said that the server is ready."""
        return (self.folder / "url").read_text()

    def is_stopping(self) -> bool:
        """Return whether, now that this user has left, the server is about to stop: false if others use it."""
        try:
            if not is_seized(self.folder / "keeper.lock"):
                return False
            with Lock(self.folder / "users.lock") as users:
                return users.seize(wait=False) or not users.share(wait=False)
        except FileNotFoundError:  # the folder was deleted meanwhile; its keeper sees that as well
            return False

    def forget_keeper(self) -> None:
        """Reap the keeper if it has ended; if not, that is as meant, and nothing for Python to warn about."""
        if self.keeper and self.keeper.poll() is None:
            self.keeper.returncode = 0

    def _is_ready(self) -> bool:
        return is_seized(self.folder / "ready.lock")

    def _call_keeper(self) -> None:
        if self.keeper and (self.keeper.poll() or 0) > 0:  # below 0 it was killed, and is replaced
            raise ServiceError(self._complaint("does not start"))
        if (self.keeper and self.keeper.returncode is None) or is_seized(self.folder / "keeper.lock"):
            return
        with (self.folder / "keeper.log").open("wb") as log:
            self.keeper = subprocess.Popen(
                [sys.executable, "-m", "eventmate.services.keeper", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
                start_new_session=True,  # Ctrl-C is for the users
            )

    def _complaint(self, what: str) -> str:
        lines = [f"{self.folder.name} {what}. Its logs are in {self.folder}; they end with:"]
        for log in ("keeper.log", "server.log"):
            if (path := self.folder / log).exists():
                lines += [f"    {line}" for line in path.read_text(errors="replace").splitlines()[-5:]]
        return "\n".join(lines)
