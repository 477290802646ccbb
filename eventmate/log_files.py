"""A log file that several processes write to and that turns over by itself."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

MOST_BYTES = 50 * 1024 * 1024
KEPT = 5


class SharedFile(logging.Handler):
    """Appends whole lines; the process that finds the file too long puts it aside, while the others wait.

    Python's RotatingFileHandler is for one process: two of them would put the file aside twice. One `write` a line to a
    file opened for appending, and a look at which file now has the name, are enough for any number of them; logrotate
    may do the same from outside.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> None:
        """Open nothing yet: a command that has nothing to say leaves no file."""
        super().__init__()
        self.path, self.most_bytes, self.kept = Path(path), most_bytes, kept
        self.descriptor: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Append one record."""
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
            self._turn_over_if_full()
            os.write(self._open(), line)
        except Exception:  # noqa: BLE001 - as every handler: a full disk must not end a request
            self.handleError(record)

    def close(self) -> None:
        """Let go of the file."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        super().close()

    def _open(self) -> int:
        """Return the file that has the name now."""
        if self.descriptor is not None:
            mine = os.fstat(self.descriptor)
            try:
                named = self.path.stat()
            except FileNotFoundError:
                named = None
            if named and (named.st_ino, named.st_dev) == (mine.st_ino, mine.st_dev):
                return self.descriptor
            os.close(self.descriptor)
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        return self.descriptor

    def _turn_over_if_full(self) -> None:
        if os.fstat(self._open()).st_size < self.most_bytes:
            return
        with Path(f"{self.path}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(self._open()).st_size < self.most_bytes:
                return  # another process was quicker
            for number in range(self.kept - 1, 0, -1):
                older = Path(f"{self.path}.{number}")
                if older.exists():
                    older.rename(f"{self.path}.{number + 1}")
            self.path.rename(f"{self.path}.1")
