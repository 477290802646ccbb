"""How the last backup, the last drill and the last check of the invariants went, in small files that /metrics and `manage.py doctor` read."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAST_BACKUP = "last-backup.json"
LAST_DRILL = "last-drill.json"
LAST_CHECK = "last-check.json"  # of the invariants; in DATA_DIR, where the worker may write


def write_record(folder: Path, name: str, *, ok: bool, **told: Any) -> None:
    """Say how it went: `finished_at`, `ok`, `succeeded_at` (the last time that it was ok, or null), and what is told."""
    now = timezone.now().isoformat(timespec="seconds")
    before = read_record(folder, name)
    record = {
        "finished_at": now,
        "ok": ok,
        "succeeded_at": now if ok else before.get("succeeded_at"),
        **told,
    }
    with whole_file(folder / name) as file:
        file.write(json.dumps(record, indent=2).encode() + b"\n")


def read_record(folder: Path, name: str) -> dict[str, Any]:
    """Return what was said last, nothing where there is no such file or it makes no sense."""
    try:
        found = json.loads((folder / name).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def private_file(path: Path) -> Iterator[Any]:
    """Open a new file that only its owner may read; it is on the disk, not on its way there, when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """Write a private file that appears under its name once all of it is on the disk, in place of one before it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with private_file(new) as file:
            yield file
        new.rename(path)
        sync_folder(path.parent)
    finally:
        with suppress(FileNotFoundError):
            new.unlink()


def sync_folder(folder: Path) -> None:
    """Have the disk know the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
