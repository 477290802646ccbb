"""What the keeper needs to know of a server, and where a server's socket may lie."""

import hashlib
import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from eventmate.services.account import make_private

# A socket's path may have 104 bytes on macOS, 108 on Linux; PostgreSQL adds "/.s.PGSQL.5432.lock" to its folder.
_LONGEST_SOCKET_FOLDER = 80


class Server(Protocol):
    """One server in one folder."""

    folder: Path

    def prepare(self) -> None:
        """Make what the server needs and clear away what a crash left; raises `ServiceError`."""

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server as a child that ends with this process."""

    def doubt(self) -> None:
        """Be told that it ended before it answered once."""

    def answers(self) -> bool:
        """Return whether the server serves; makes the database where it is missing."""

    def tidy(self) -> None:
        """Be told, stopped, that nobody uses it; what lies outside the folder goes."""

    def url(self) -> str:
        """Return the value for DATABASE_URL or REDIS_URL."""


def leave(place: Path) -> None:
    """Remove a socket folder that is empty; the next server makes its own."""
    with suppress(OSError):
        place.rmdir()


def fingerprint(path: Path) -> str:
    """Return a short name that is the path's own."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def socket_folder(folder: Path) -> Path:
    """Return a private folder for sockets: `folder/s`, or one under /tmp.

    /tmp is for paths that are too long for a socket, or that hold characters (a comma, a space, a %) which URLs,
    connection strings and PostgreSQL's list of folders each read in their own way.
    """
    place = folder / "s"
    if len(os.fsencode(place)) > _LONGEST_SOCKET_FOLDER or not re.fullmatch(
        r"[\w./+-]+", str(place), re.ASCII
    ):
        place = Path("/tmp") / f"eventmate-{os.geteuid()}-{fingerprint(folder)}"  # noqa: S108 - checked to be ours
    make_private(place)
    return place


def rotate(log: Path) -> None:
    """Keep the log of the run before beside the log of this one."""
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
