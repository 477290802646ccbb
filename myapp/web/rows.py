"""Models out of one statement written by hand, for addresses that are asked for all day long.

A query of the ORM costs half a millisecond of this process before the database is asked anything, and one that joins five
tables costs two. What is read by hand costs what it must, and yields the same models:

    PERSON = Columns(User, "person")
    with prepared() as cursor:
        cursor.execute(f"SELECT {PERSON} FROM accounts_user person WHERE person.id = %s", [17])
        person, = read(cursor.fetchone(), PERSON)

Columns that were not named are deferred, as with `only()`: whoever asks for one gets it, by a query more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.utils import CursorWrapper

M = TypeVar("M", bound=Model)


class Columns(Generic[M]):
    """Columns of a model under the name its table has in a statement; as text, what stands behind SELECT."""

    def __init__(self, model: type[M], table: str, *names: str) -> None:
        """Take fields by their names, all where none is given; the key is always among them.

        Raises `TypeError` for a field whose value Django would convert: by hand nobody does.
        """
        fields: list[Field[Any, Any]] = [
            field
            for field in model._meta.concrete_fields  # noqa: SLF001 - public by another name
            if not names or field.primary_key or field.name in names
        ]
        unknown = set(names) - {field.name for field in fields}
        converted = [field.name for field in fields if hasattr(field, "from_db_value")]
        if unknown or converted:
            message = (
                f"{model.__name__}: {sorted(unknown)} are no columns, {converted} are not as they are stored."
            )
            raise TypeError(message)
        self.model = model
        self.number = len(fields)
        self._names = frozenset(field.attname for field in fields)
        self._key = next(place for place, field in enumerate(fields) if field.primary_key)
        self._sql = ", ".join(f'{table}."{field.column}"' for field in fields)

    def __str__(self) -> str:
        return self._sql

    def made_from(self, values: Sequence[Any]) -> M | None:
        """Return the instance that these columns of a row are; None where an outer join found nothing. No queries."""
        if values[self._key] is None:
            return None
        return self.model.from_db(DEFAULT_DB_ALIAS, self._names, values)


def read(row: Sequence[Any], *columns: Columns[Any]) -> list[Any]:
    """Return the instances that a row is made of, in the order of its columns, then what is left of the row. No queries."""
    made, at = [], 0
    for each in columns:
        made.append(each.made_from(row[at : at + each.number]))
        at += each.number
    return [*made, *row[at:]]


def prepared() -> CursorWrapper:
    """Return a cursor that has statements planned once for each connection; see `eventmate.postgresql`."""
    cursor: CursorWrapper = connection.prepared_cursor()  # type: ignore[attr-defined]
    return cursor
