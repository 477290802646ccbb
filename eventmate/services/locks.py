"""Locks between processes that no crash can leave behind (flock)."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class Lock:
    """A lock on a file, not yet taken. It ends with the last process that has it open, however that process ends.

    As a context manager it closes the file, and so gives the lock back, at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def share(self, *, wait: bool = True) -> bool:
        """Take the lock together with others who share it; without waiting, say whether that worked."""
        return self._take(fcntl.LOCK_SH, wait=wait)

    def seize(self, *, wait: bool = True) -> bool:
        """Take the lock alone; without waiting, say whether that worked."""
        return self._take(fcntl.LOCK_EX, wait=wait)

    def release(self) -> None:
        """Give the lock back and stay able to take it again."""
        fcntl.flock(self.fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock back for good, except where a child process has inherited it."""
        os.close(self.fd)

    def is_of(self, path: Path) -> bool:
        """Return whether `path` is still the file that was locked: false once its folder was deleted or replaced."""
        try:
            return os.path.samestat(os.fstat(self.fd), path.stat())
        except FileNotFoundError:
            return False

    def _take(self, how: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(self.fd, how if wait else how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_seized(path: Path) -> bool:
    """Return whether a process holds this lock alone at this moment."""
    with Lock(path) as lock:
        return not lock.share(wait=False)
