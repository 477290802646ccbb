"""What must be true of any database of this site.

A room says what must be true of its own in its `invariants.py`:

    INVARIANTS = (texts_agree,)

where each is a function that takes the alias of a database and yields a sentence for everything it finds wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import module_has_submodule

from eventmate.backups.records import LAST_CHECK, write_record

Invariant = Callable[[str], Iterable[str]]

_INVALID = """
    SELECT format('The constraint %s of %s has not been validated.', conname, conrelid::regclass)
    FROM pg_constraint WHERE NOT convalidated
    UNION ALL
    SELECT format('The index %s of %s is not valid.', indexrelid::regclass, indrelid::regclass)
    FROM pg_index WHERE NOT indisvalid
    ORDER BY 1
"""


def broken_invariants(using: str) -> list[str]:
    """Return what is wrong in a database, room by room; nothing where all is well."""
    return [told for invariant in _invariants() for told in invariant(using)]


def check_and_record() -> list[str]:
    """Return what is wrong in our database, and write down for readiness and metrics how many such things there are."""
    broken = broken_invariants(DEFAULT_DB_ALIAS)
    write_record(settings.DATA_DIR, LAST_CHECK, ok=not broken, broken=len(broken))
    return broken


def _invariants() -> Iterator[Invariant]:
    for room in apps.get_app_configs():
        if room.module and module_has_submodule(room.module, "invariants"):
            yield from getattr(import_module(f"{room.name}.invariants"), "INVARIANTS", ())


def all_is_valid(using: str) -> Iterator[str]:
    """Yield the constraints and indexes that do not hold what they promise; one query."""
    with connections[using].cursor() as cursor:
        cursor.execute(_INVALID)
        for row in cursor.fetchall():
            yield row[0]


def tables_fit_the_code(using: str) -> Iterator[str]:
    """Yield the migrations that are still to come, and those of ours that this code does not know; one query."""
    loader = (executor := MigrationExecutor(connections[using])).loader
    for migration, _backwards in executor.migration_plan(loader.graph.leaf_nodes()):
        yield f"The migration {migration} has not been applied."
    known = set(loader.disk_migrations)
    for room, name in sorted(set(loader.applied_migrations) - known):
        if room in loader.migrated_apps:
            yield f"The migration {room}.{name} is of another version of EventMate than this one."


INVARIANTS: tuple[Invariant, ...] = (all_is_valid, tables_fit_the_code)
