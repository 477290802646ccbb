"""Restoring: into a scratch database to see that it works, or in place of the live one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.sql import SQL, Composable, Identifier, Literal

from eventmate.backups.errors import BackupError, DrillUnderWayError, explain
from eventmate.backups.making import DUMP, MANIFEST, backups
from eventmate.backups.sealing import feed
from eventmate.backups.server import Database, count_rows, find_program, major_version

LONGEST_NAME = 63
_PATIENCE = 2.0  # seconds, in which connections that were just closed come to their end
_MARK = "made by EventMate to try a backup; may be dropped"


@dataclass(frozen=True)
class Backup:
    """A backup on the disk and what its manifest says."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def dump(self) -> Path:
        """The file for pg_restore, sealed or not."""
        names: dict[str, Any] = self.manifest["files"]
        return self.folder / next(name for name in names if name.startswith(DUMP))


@dataclass(frozen=True)
class Tried:
    """How a backup fared: what is wrong with it, nothing if it is good, and what was looked at."""

    problems: list[str]
    tables: int
    rows: int
    seconds: float


def newest(folder: Path) -> Backup:
    """Return the newest backup under a folder; raises `BackupError` where there is none."""
    found = backups(folder)
    if not found:
        raise BackupError(f"There is no backup in {folder}.")
    return read_backup(found[0])


def read_backup(folder: Path) -> Backup:
    """Return the backup in a folder, its files looked at bit by bit; raises `BackupError` where one is not as it was."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["format"] != 1:
            raise BackupError(f"{folder} is of a newer EventMate: its format is {manifest['format']}, not 1.")
        for name, told in manifest["files"].items():
            with (folder / name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != told["sha256"]:
                raise BackupError(f"{folder / name} is not what was written: its SHA-256 differs.")
        backup = Backup(folder, manifest)
        if backup.dump.is_file() and manifest["rows"].keys() and int(manifest["server"]):
            return backup
    except OSError as error:
        raise BackupError(explain(error, folder)) from error
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise BackupError(f"{folder / MANIFEST} is no manifest of a backup.") from error
    raise BackupError(f"{folder / MANIFEST} is no manifest of a backup.")


def drill(backup: Backup, scratch: str = "", identity: str = "") -> Tried:
    """Restore a backup into a scratch database, look at it, and drop it again; the live one is not touched.

    `scratch` is the database's name (default: the live one's with _drill). Raises `BackupError` where it cannot be
    tried, also where that name is the live database's or somebody else's, and `DrillUnderWayError` while another drill
    uses it.
    """
    live = Database.live()
    scratch = scratch or f"{live.name[: LONGEST_NAME - 6]}_drill"
    if scratch == live.name:
        raise BackupError(f"{scratch} is the live database; a drill never touches it.")
    began = time.monotonic()
    with _maintenance(live) as server:
        _reserve(server, scratch)
        _drop_scratch(server, scratch)  # of a drill that was killed
        try:
            _create(server, live, scratch)
            problems = _restore(backup, live.named(scratch), identity)
        finally:
            _drop_scratch(server, scratch)
            # A server notices a moment later that a session has ended, and the next drill may come sooner.
            server.execute("SELECT pg_advisory_unlock_all()")
    rows = backup.manifest["rows"]
    return Tried(problems, len(rows), sum(rows.values()), time.monotonic() - began)


def replace_live(backup: Backup, moment: str, identity: str = "") -> str:
    """Put a restored backup in the live database's place; returns the name under which the one before remains.

    It is restored and looked at beside the live one first: with anything wrong, nothing is changed. Returns nothing
    where there was no live database. Raises `BackupError`, also while other programs use the live database.
    """
    live = Database.live()
    stem = live.name[: LONGEST_NAME - 25]
    new, old = f"{stem}_restored_{moment}", f"{stem}_before_{moment}"
    with _maintenance(live) as server:
        _expect_alone(server, live.name)
        _create(server, live, new)
        try:
            if problems := _restore(backup, live.named(new), identity):
                raise BackupError("Nothing was changed. " + " ".join(problems))
            return old if _swap(server, live.name, new, old) else ""
        finally:
            _drop_scratch(server, new)


def _restore(backup: Backup, database: Database, identity: str) -> list[str]:
    """Fill an empty database, bring it to the present code, and return what is wrong with it."""
    with database.connect() as connection:
        server = major_version(connection)
    made_of = int(backup.manifest["server"])
    if made_of > server:
        raise BackupError(f"The backup is of PostgreSQL {made_of}; this server is {server}, which is older.")
    pg_restore = find_program("pg_restore", max(server, _major(backup.manifest["pg_dump"])))
    how = ["--no-owner", "--no-acl", "--exit-on-error", "--no-password"]
    feed([pg_restore, *how, f"--dbname={database.conninfo}"], database.environment, backup.dump, identity)
    with database.connect() as connection:
        problems = list(_differences(backup.manifest["rows"], count_rows(connection)))
        connection.execute("ANALYZE")  # statistics are in no dump, and without them every query is slow
    return problems + _looked_at(database)


def _differences(told: dict[str, int], found: dict[str, int]) -> Iterator[str]:
    for table in sorted(told.keys() | found.keys()):
        if told.get(table) != found.get(table):
            yield f"{table} has {_rows(found.get(table))} restored, {_rows(told.get(table))} when it was backed up."


def _rows(number: int | None) -> str:
    return "no table" if number is None else f"{number} rows"


def _looked_at(database: Database) -> list[str]:
    """Bring a database to the present code and return what must not be in it.

    In a process of its own whose one database it is: a migration, or whatever asks for "the" database, can never reach
    the live one from there.
    """
    migrated = _manage(database, "migrate", "--noinput", "--verbosity=0")
    if migrated.returncode:
        return [f"It cannot be brought to this version of EventMate: {_last_line(migrated.stderr)}"]
    asked = _manage(database, "check_invariants")
    if asked.returncode and not asked.stdout:
        return [f"It could not be looked at: {_last_line(asked.stderr)}"]
    return asked.stdout.splitlines()


def _manage(database: Database, *words: str) -> subprocess.CompletedProcess[str]:
    alone = {"DATABASE_URL": database.url, "REDIS_URL": "", "BEHIND_PGBOUNCER": "0"}
    others = {"DATABASE_URL_FILE", "DATABASE_REPLICA_URL", "DATABASE_REPLICA_URL_FILE", "REDIS_URL_FILE"}
    inherited = {name: value for name, value in os.environ.items() if name not in others}
    return subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", *words, "--skip-checks"],
        cwd=settings.BASE_DIR,
        env=inherited | alone,
        capture_output=True,
        text=True,
        check=False,
    )


def _last_line(said: str) -> str:
    return (said.strip().splitlines() or ["it did not say why."])[-1]


@contextmanager
def _maintenance(live: Database) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the server's own database, from which others are made and renamed; errors become sentences."""
    try:
        with live.named("postgres").connect() as server:
            yield server
    except psycopg.errors.InsufficientPrivilege as error:
        role = live.words.get("user", "of DATABASE_URL")
        raise BackupError(
            f"The role {role} may not make databases. As the server's administrator: ALTER ROLE {role} CREATEDB;"
        ) from error
    except psycopg.Error as error:
        raise BackupError(f"The database: {str(error).strip().partition(chr(10))[0]}") from error


def _create(server: psycopg.Connection[Any], live: Database, name: str) -> None:
    """Make an empty database that sorts and spells like the live one, marked as ours."""
    row = server.execute(
        "SELECT datcollate, datctype, pg_encoding_to_char(encoding), datlocprovider FROM pg_database WHERE datname = %s",
        [live.name],
    ).fetchone()
    like: Composable = SQL("")
    if row and row[3] in {"c", b"c"}:  # libc's; another provider's is the server's own default
        like = SQL(" LC_COLLATE {} LC_CTYPE {} ENCODING {}").format(*map(Literal, row[:3]))
    server.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)) + like)
    server.execute(SQL("COMMENT ON DATABASE {} IS {}").format(Identifier(name), Literal(_MARK)))


def _reserve(server: psycopg.Connection[Any], scratch: str) -> None:
    """Keep a scratch database for this session, until it ends however; raises while another has it."""
    row = server.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"EventMate's drill in {scratch}"]
    ).fetchone()
    if not (row and row[0]):
        raise DrillUnderWayError(
            f"Another restore drill is under way in the database {scratch}. Wait for it, or name another with --scratch."
        )


def _drop_scratch(server: psycopg.Connection[Any], name: str) -> None:
    """Drop a database that we marked as ours; one without the mark is somebody's, and none is fine."""
    row = server.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if row is None:
        return
    if row[0] != _MARK:
        raise BackupError(f"There is a database {name} already, which no drill has made; it stays as it is.")
    server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _expect_alone(server: psycopg.Connection[Any], name: str) -> None:
    """Raise while anybody but this process uses a database."""
    connections[DEFAULT_DB_ALIAS].close()
    with suppress(AttributeError):
        connections[DEFAULT_DB_ALIAS].close_pool()  # type: ignore[attr-defined] # PostgreSQL's has one
    patience = time.monotonic() + _PATIENCE
    while others := _others(server, name):
        if time.monotonic() > patience:
            raise BackupError(
                f"{others} other connections use the database {name}. Stop what uses it first, as with"
                " systemctl stop 'eventmate*'."
            )
        time.sleep(0.05)


def _others(server: psycopg.Connection[Any], name: str) -> int:
    row = server.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'", [name]
    ).fetchone()
    return int(row[0]) if row else 0


def _swap(server: psycopg.Connection[Any], live: str, new: str, old: str) -> bool:
    """Give the new database the live one's name; returns whether there was a live one, which is now called `old`."""
    rename = SQL("ALTER DATABASE {} RENAME TO {}")
    _expect_alone(server, live)
    there = server.execute("SELECT FROM pg_database WHERE datname = %s", [live]).rowcount > 0
    if there:
        server.execute(rename.format(Identifier(live), Identifier(old)))
    try:
        server.execute(rename.format(Identifier(new), Identifier(live)))
    except psycopg.Error:
        if there:
            server.execute(rename.format(Identifier(old), Identifier(live)))
        raise
    server.execute(SQL("COMMENT ON DATABASE {} IS NULL").format(Identifier(live)))
    return there


def _major(version: str) -> int:
    """Return the major version out of what a program says of itself."""
    return int(version.partition("(PostgreSQL) ")[2].partition(".")[0])
