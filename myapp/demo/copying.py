"""Rows sent by COPY: several times as fast as INSERT, and PostgreSQL works while the next ones are built."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault

_STEP = 500


def copy(rows: Iterable[models.Model], on_progress: Callable[[int], None] = lambda _done: None) -> None:
    """Write rows of one model as they are, without reading their keys back; `on_progress` hears how many, now and then.

    What the first row leaves to the database, it decides for all of them.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    meta = first._meta  # noqa: SLF001 - its documented API
    fields: list[Any] = [
        field
        for field in meta.concrete_fields
        if not field.generated
        and not field.primary_key
        and not isinstance(first.__dict__[field.attname], DatabaseDefault)
    ]
    # These two are not sent as they stand in the row.
    prepared = {
        field.attname: field for field in fields if isinstance(field, (models.FileField, models.JSONField))
    }
    names = [field.attname for field in fields]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(meta.db_table)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as sent:
        for done, row in enumerate(chain([first], rows)):
            values = dict(row.__dict__)
            for name, field in prepared.items():
                values[name] = field.get_db_prep_save(values[name], connection)
            sent.write_row([values[name] for name in names])
            if done % _STEP == 0:
                on_progress(done)
