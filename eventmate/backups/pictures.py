"""The list of pictures that goes with a dump: what must be there beside the database for the site to be whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db.models import FileField
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


@dataclass(frozen=True)
class Pictures:
    """The list as it is kept, how many and how large they are, and those that the database names and nobody has."""

    lines: bytes
    kind: str
    number: int
    size: int
    missing: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return what the manifest says: nothing that helps somebody to guess an address."""
        return {"kind": self.kind, "number": self.number, "bytes": self.size, "missing": len(self.missing)}


def list_pictures(connection: psycopg.Connection[Any]) -> Pictures:
    """List the pictures: with Cloudinary the names in the database, else the files under MEDIA_ROOT; a query a field.

    The names are read in the connection's snapshot. A file that comes or goes meanwhile is no error.
    """
    named = set(_names(connection))
    if settings.CLOUDINARY_URL:
        lines = [{"name": name} for name in sorted(named)]
        return Pictures(_lines(lines), "cloudinary", len(lines), 0, [])
    files = list(_files(Path(settings.MEDIA_ROOT)))
    there = {each["name"] for each in files}
    return Pictures(
        _lines(files), "files", len(files), sum(each["bytes"] for each in files), sorted(named - there)
    )


def _names(connection: psycopg.Connection[Any]) -> Iterator[str]:
    for model in apps.get_models():
        if not model._meta.managed or model._meta.proxy:  # noqa: SLF001 - Django documents it
            continue
        for field in model._meta.local_fields:  # noqa: SLF001
            if isinstance(field, FileField) and field.column:
                column, table = Identifier(field.column), Identifier(model._meta.db_table)  # noqa: SLF001
                asked = SQL("SELECT DISTINCT {0} FROM {1} WHERE {0} <> ''").format(column, table)
                yield from (row[0] for row in connection.execute(asked))


def _files(root: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(root.rglob("*")):
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
        except (FileNotFoundError, IsADirectoryError):
            continue
        yield {"name": path.relative_to(root).as_posix(), "bytes": size, "sha256": digest}


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
