"""Where the workers of gunicorn count: each in files of its own under PROMETHEUS_MULTIPROC_DIR, summed up by whoever is
asked for the metrics.

A worker's files bear the number of a *slot*, not of the process. It holds the slot by a lock that the kernel takes back
however it ends; the next worker takes the lowest one that is free, finds the counters of the one before it and counts on.
With files by process, as is usual, a site that renews its workers would leave some behind with each of them, and an
answer would take longer from day to day. Nothing here needs Django: gunicorn's master calls it as well.
"""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import suppress
from pathlib import Path

MOST_SLOTS = 1000
_own: int | None = None
_held: int | None = None  # the descriptor whose lock says that it is ours


def folder() -> Path | None:
    """Return where workers count, or None where this process counts for itself alone.

    Commands have the same environment as the workers but perhaps another user: their files would be in the way.
    """
    path = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    return Path(path) if path and "gunicorn.arbiter" in sys.modules else None


def own_slot() -> int:
    """Return the number of this process's slot; it takes one where it has none, as after a fork."""
    return _own if _own is not None else _take()


def empty() -> None:
    """Begin at nothing, before the first worker; does nothing while others count in this folder.

    The master, which may have taken a slot by importing the site, counts nothing and lets go of it.
    """
    where = folder()
    if where is None:
        return
    where.mkdir(parents=True, exist_ok=True)
    _let_go()
    if held():
        return
    for file in where.glob("*.db"):
        file.unlink(missing_ok=True)


def forget_the_dead() -> None:
    """Remove what workers that have ended said of their present: their open connections are no more."""
    where = folder()
    if where is None:
        return
    alive = set(held())
    for file in where.glob("gauge_live*_*.db"):
        if int(file.stem.rpartition("_")[2]) not in alive:
            file.unlink(missing_ok=True)


def held() -> list[int]:
    """Return the slots of the workers that are alive."""
    where = folder()
    found = (
        [] if where is None else [int(path.stem.removeprefix("slot-")) for path in where.glob("slot-*.lock")]
    )
    return sorted(number for number in found if number == _own or _is_held(_lock_of(number)))


def _lock_of(number: int) -> Path:
    return (folder() or Path()) / f"slot-{number}.lock"


def _is_held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except OSError:
        return True  # another user's, whom this is none of our business
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: whoever else looks is no worker
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take() -> int:
    """Take the lowest slot that is free."""
    global _own, _held
    where = folder() or Path()
    where.mkdir(parents=True, exist_ok=True)
    for number in range(MOST_SLOTS):
        try:
            descriptor = os.open(_lock_of(number), os.O_RDWR | os.O_CREAT, 0o644)
        except PermissionError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        _own, _held = number, descriptor
        for file in where.glob(f"gauge_live*_{number}.db"):
            file.unlink(missing_ok=True)  # the present of the worker before us
        return number
    message = f"All {MOST_SLOTS} slots in {where} are taken."
    raise RuntimeError(message)


def _let_go() -> None:
    """Have no slot. After a fork the parent keeps its own: this closes a copy of the descriptor that holds the lock."""
    global _own, _held  # noqa: PLW0603 - one slot a process is what is meant
    if _held is not None:
        with suppress(OSError):
            os.close(_held)
    _own = _held = None


os.register_at_fork(after_in_child=_let_go)
