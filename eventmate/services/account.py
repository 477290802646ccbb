"""As whom PostgreSQL runs. It refuses root, and in a container root is who one is."""

import ctypes
import os
import shutil
import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventmate.services.errors import ServiceError

_PR_SET_PDEATHSIG = 1
_UNSHARE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


@dataclass(frozen=True)
class Account:
    """How to start a program so that PostgreSQL accepts it: words in front of it, or another user."""

    prefix: tuple[str, ...] = ()
    user: str = ""

    def run(self, command: list[str | Path]) -> None:
        """Run a program to its end; raises `ServiceError` with what it said when it fails."""
        done = subprocess.run(
            [*self.prefix, *command], **self._how(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServiceError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}")

    def start(self, command: list[str | Path], log: Path) -> subprocess.Popen[bytes]:
        """Start a server that ends (by SIGINT) when the calling process ends, however that ends."""
        prefix = self.prefix
        if (
            prefix and sys.platform == "linux"
        ):  # entering a user namespace forgets what `follow_parent` asked for
            prefix = (*prefix, "setpriv", "--pdeathsig", "INT")
        with log.open("ab") as out:
            return subprocess.Popen(
                [*prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=follow_parent,  # noqa: PLW1509 - the keeper has no threads
                **self._how(),
            )

    def own(self, folder: Path) -> None:
        """Make a private folder for this account, or make sure that nobody else got there first."""
        make_private(folder, self.user)

    def _how(self) -> dict[str, Any]:
        if not self.user:
            return {}
        group = "nogroup" if sys.platform == "linux" else self.user
        return {"user": self.user, "group": group, "extra_groups": [], "cwd": "/"}


def choose_account() -> Account:
    """Return how to run PostgreSQL: as oneself, or for root in a user namespace, or where those are forbidden as nobody.

    `EVENTMATE_POSTGRES_USER=nobody` makes root take the last way.
    """
    if os.geteuid() != 0:
        return Account()
    if not os.environ.get("EVENTMATE_POSTGRES_USER") and shutil.which("unshare") and shutil.which("setpriv"):
        trial = subprocess.run([*_UNSHARE, "true"], stderr=subprocess.DEVNULL, check=False)
        if trial.returncode == 0:
            return Account(prefix=_UNSHARE)
    return Account(user=os.environ.get("EVENTMATE_POSTGRES_USER", "") or "nobody")


def make_private(folder: Path, user: str = "") -> None:
    """Make a folder that only `user` (default: oneself) can enter; raises `ServiceError` if it belongs to another."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), _uid(user)}:
        raise ServiceError(f"{folder} belongs to somebody else.")
    if user and found.st_uid != _uid(user):
        shutil.chown(folder, user)


def _uid(user: str) -> int:
    import pwd  # only root comes here

    return pwd.getpwnam(user).pw_uid if user else os.geteuid()


def follow_parent(farewell: signal.Signals = signal.SIGINT) -> None:
    """Between fork and exec: have the kernel send a signal to this process when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, farewell)
