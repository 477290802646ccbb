"""Emptying the database after a test that commits.

Django's way truncates every table, each with its indexes in files that are made anew, and then writes content types and
permissions once more: a third of a second. Here only what has rows is emptied, and what every test finds stays.
"""

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

# Written after migrating, for all tests alike
KEPT = {"django_content_type", "auth_permission", "django_migrations"}
# Rows that are gone and still lie about slow down whoever searches later; a few are left to the server's own vacuum.
MANY = 200


def empty(connection: BaseDatabaseWrapper) -> None:
    """Delete all rows that tests have written. Needs a superuser, as the servers of tests have.

    It waits for whoever still writes, as a site that a test has left running may. The role of a replica does without
    foreign keys' checks and without the triggers that keep what is only ever added to.
    """
    names = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
    tables = [connection.ops.quote_name(name) for name in sorted(names)]
    has_rows = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)  # noqa: S608 - ours
    many = []
    with connection.cursor() as cursor:
        with transaction.atomic(connection.alias):
            cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(" UNION ALL ".join(has_rows))
            with_rows = [table for (table,) in cursor.fetchall()]
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in with_rows:
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - as above
                many += [table] * (cursor.rowcount >= MANY)
        for table in many:
            cursor.execute(f"VACUUM {table}")


def _after_a_test(test: TransactionTestCase) -> None:
    for name in test._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        empty(connections[name])


def use() -> None:
    """Let Django's tests empty the database this way."""
    TransactionTestCase._fixture_teardown = _after_a_test  # type: ignore[attr-defined]
