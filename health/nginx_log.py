"""How often Nginx had a page at hand: counted from a log that holds one `$upstream_cache_status` a line.

Every line is counted once, whichever worker is asked and however often, across restarts and rotations: how far the log
has been read and what was found are in one file under DATA_DIR, changed under a lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATUSES = frozenset({"HIT", "MISS", "EXPIRED", "STALE", "UPDATING", "REVALIDATED", "BYPASS", "SCARCE"})
CHUNK = 1024 * 1024
MOST_BYTES = 32 * CHUNK  # at once; the rest the next time


def count_statuses(log: Path, memory: Path) -> dict[str, int]:
    """Return how many requests had each status since `memory` was begun; OSError where the log cannot be read.

    Follows a log that was renamed (and finds the rest of the old one beside it) or emptied.
    """
    with _remembered(memory) as known, ExitStack() as files:
        counts = Counter(known.get("counts", {}))
        at, inode = known.get("at", 0), known.get("inode")
        # Opened before anything is decided: the name may be another file's a moment later.
        named = _open(log, files)
        if named is None and inode is None:
            raise FileNotFoundError(log)
        if inode is not None and (named is None or inode != _inode(named)):
            old = next(
                (
                    each
                    for path in log.parent.glob(f"{log.name}*")
                    if (each := _open(path, files)) and _inode(each) == inode
                ),
                None,
            )
            at = _read(old, at, counts) if old else 0
            if named is not None and (old is None or _size(old) - at < CHUNK):  # nothing is left of it
                at, inode = 0, _inode(named)
        if named is not None and inode in {None, _inode(named)}:
            # Shorter than what was read: emptied where it stood.
            at, inode = _read(named, at if at <= _size(named) else 0, counts), _inode(named)
        known |= {"counts": dict(counts), "at": at, "inode": inode}
    return dict(counts)


def _open(path: Path, files: ExitStack) -> BinaryIO | None:
    """Open a log; between being put aside and begun anew there is none for a moment."""
    try:
        return files.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None


def _inode(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_ino


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _read(file: BinaryIO, at: int, counts: Counter[str]) -> int:
    """Count whole lines from an offset on, and return the offset behind the last of them."""
    file.seek(at)
    end = at + MOST_BYTES
    rest = b""
    while at < end and (chunk := file.read(CHUNK)):
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        at += len(whole) + len(newline)
        for line, times in Counter(whole.split(b"\n") if newline else ()).items():
            counts[_status(line)] += times
    return at


def _status(line: bytes) -> str:
    """Return Nginx's word; NONE where the cache was not asked, OTHER for what is no word of Nginx's."""
    word = line.strip().decode("ascii", "replace")
    if word in {"-", ""}:
        return "NONE"
    return word if word in STATUSES else "OTHER"


@contextmanager
def _remembered(memory: Path) -> Iterator[dict[str, Any]]:
    """Yield what is remembered and keep what becomes of it, one process at a time."""
    memory.parent.mkdir(parents=True, exist_ok=True)
    with memory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            known = json.loads(memory.read_text())
        except (FileNotFoundError, ValueError):
            known = {}
        yield known
        new = memory.with_suffix(".new")
        new.write_text(json.dumps(known))
        os.replace(new, memory)  # noqa: PTH105 - whole or not at all
