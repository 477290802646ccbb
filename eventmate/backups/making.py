"""Making a backup: one snapshot for the dump and the counts, a folder that appears whole, and old ones making room."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from django.utils import timezone

from eventmate.backups.errors import BackupError, explain
from eventmate.backups.pictures import Pictures, list_pictures
from eventmate.backups.records import private_file, sync_folder
from eventmate.backups.rotation import kept
from eventmate.backups.sealing import pour, sealed, write
from eventmate.backups.server import Database, count_rows, find_program, major_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "%Y%m%dT%H%M%SZ"
MANIFEST, DUMP, PICTURES = "manifest.json", "database.dump", "media.jsonl"
_PART = ".part-"  # what a folder is called while it is being written or removed
_LOCK = ".lock"


@dataclass(frozen=True)
class Made:
    """A backup that was made: where, what is in it, and which older ones went."""

    folder: Path
    size: int
    tables: int
    rows: int
    pictures: Pictures
    removed: list[str]


def make_backup(folder: Path, recipient: str = "", moment: dt.datetime | None = None) -> Made:
    """Make a backup in a new folder under `folder`, then remove those that the rotation does not keep.

    `recipient` names a file of public keys for age; empty, nothing is sealed. Raises `BackupError`; then there is
    nothing of it, and what was there before still is.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(folder):
            _clear_parts(folder)
            return _make(folder, recipient, moment or timezone.now())
    except OSError as error:
        raise BackupError(explain(error, folder)) from error
    except psycopg.Error as error:
        raise BackupError(f"The database: {str(error).strip().partition(chr(10))[0]}") from error


def backups(folder: Path) -> list[Path]:
    """Return the backups under a folder, newest first."""
    return sorted((path for path in folder.glob("*Z") if _moment(path.name)), reverse=True)


def _make(folder: Path, recipient: str, moment: dt.datetime) -> Made:
    name = moment.astimezone(dt.UTC).strftime(NAME)
    if (folder / name).exists():
        raise BackupError(f"There is a backup of this very second already: {folder / name}.")
    part = folder / f"{_PART}{name}"
    part.mkdir(mode=0o700)
    try:
        manifest, pictures = _fill(part, recipient, moment)
        part.rename(folder / name)
        sync_folder(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Made(
        folder / name,
        sum(file.stat().st_size for file in (folder / name).iterdir()),
        len(manifest["rows"]),
        sum(manifest["rows"].values()),
        pictures,
        _rotate(folder),
    )


def _fill(part: Path, recipient: str, moment: dt.datetime) -> tuple[dict[str, Any], Pictures]:
    """Write the files of a backup and return its manifest; the caller gives the folder its name."""
    database = Database.live()
    dump, listed = part / sealed(DUMP, recipient), part / sealed(PICTURES, recipient)
    with database.connect() as connection:
        major = major_version(connection)
        pg_dump = find_program("pg_dump", major)
        with _snapshot(connection) as snapshot:
            rows = count_rows(connection)
            pictures = list_pictures(connection)
            # A migration that holds a lock must not hold up the backup for ever, nor all that queues behind it.
            how = ["--format=custom", f"--snapshot={snapshot}", "--lock-wait-timeout=60s", "--no-password"]
            pour([pg_dump, *how, f"--dbname={database.conninfo}"], database.environment, dump, recipient)
    write(pictures.lines, listed, recipient)
    manifest = {
        "format": 1,
        "made_at": moment.isoformat(timespec="seconds"),
        "database": database.name,
        "server": major,
        "pg_dump": _version(pg_dump),
        "rows": rows,
        "pictures": pictures.as_json(),
        "files": {path.name: _fingerprint(path) for path in (dump, listed)},
    }
    with private_file(part / MANIFEST) as file:
        file.write(json.dumps(manifest, indent=2).encode() + b"\n")
    sync_folder(part)
    return manifest, pictures


@contextmanager
def _snapshot(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Keep one view of the database as long as the block runs; yields the name by which pg_dump shares it."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    # Whatever limits the role has are for requests: counting and dumping take as long as they take.
    connection.execute("SET LOCAL statement_timeout = 0")
    connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    row = connection.execute("SELECT pg_export_snapshot()").fetchone()
    try:
        yield row[0] if row else ""
    finally:
        if not connection.broken:
            connection.execute("ROLLBACK")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second backup out; the lock goes with the process, however that ends."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("Another backup is under way.") from None
        yield
    finally:
        os.close(descriptor)


def _clear_parts(folder: Path) -> None:
    """Remove what a backup left that was killed."""
    for part in folder.glob(f"{_PART}*"):
        shutil.rmtree(part)


def _rotate(folder: Path) -> list[str]:
    """Remove the backups that are not to be kept, and return their names. A name goes first, so that no half remains."""
    there = {moment: path for path in backups(folder) if (moment := _moment(path.name))}
    gone = [there[moment] for moment in sorted(there.keys() - kept(there.keys()))]
    for path in gone:
        part = path.with_name(f"{_PART}{path.name}")
        path.rename(part)
        shutil.rmtree(part)
    return [path.name for path in gone]


def _moment(name: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(name, NAME).replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _version(program: Path) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()
