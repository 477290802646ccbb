"""Statements that the server plans once for each connection, and those it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from eventmate.tests.test_postgresql import wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventmate.postgresql.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = "SELECT %s::int + 1 AS asked_by_hand"


@pytest.fixture
def apart() -> Iterator[Callable[..., DatabaseWrapper]]:
    """Return connections of their own, on which nothing has been asked."""
    made: list[DatabaseWrapper] = []

    def connect(**options: Any) -> DatabaseWrapper:
        one = wrapper()
        one.settings_dict["OPTIONS"] |= options
        made.append(one)
        return one

    yield connect
    for one in made:
        one.close()
        one.close_pool()


def asked(one: DatabaseWrapper, number: int) -> int:
    with one.prepared_cursor() as cursor:
        cursor.execute(ASKED, [number])
        answer: int = cursor.fetchone()[0]
    return answer


def planned(one: DatabaseWrapper) -> list[str]:
    with one.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def test_a_statement_is_planned_once_for_all_that_it_is_asked(apart):
    one = apart()

    assert [asked(one, number) for number in (1, 2, 3)] == [2, 3, 4]
    assert planned(one) == ["SELECT $1::int + 1 AS asked_by_hand"]


def test_what_does_not_say_so_is_not_planned_ahead_however_often_it_is_asked(apart):
    one = apart()
    for _ in range(20):
        with one.cursor() as cursor:
            cursor.execute("SELECT 1")

    assert planned(one) == []


def test_a_connection_that_allows_none_answers_all_the_same(apart):
    """As behind PgBouncer, which gives a connection away after each transaction, with what was planned on it."""
    one = apart(prepare_threshold=None)

    assert [asked(one, number) for number in (1, 2)] == [2, 3]
    assert planned(one) == []


@pytest.fixture
def migrate() -> Iterator[Callable[[str], None]]:
    """Return a way to change the table "changing" from another connection, as an upgrade does while others serve."""

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    run("CREATE TABLE changing (number int)")
    run("INSERT INTO changing VALUES (7)")
    yield run
    run("DROP TABLE changing")


def numbers(one: DatabaseWrapper) -> list[int]:
    with one.prepared_cursor() as cursor:
        cursor.execute("SELECT number FROM changing WHERE number < %s", [10])
        return [number for (number,) in cursor.fetchall()]


def test_it_is_asked_anew_after_its_table_has_changed(apart, migrate):
    one = apart()

    assert numbers(one) == [7]
    migrate("ALTER TABLE changing ADD COLUMN name text")
    assert numbers(one) == [7]
    migrate("ALTER TABLE changing ALTER COLUMN number TYPE bigint")
    assert [numbers(one), numbers(one)] == [[7], [7]]


def test_in_a_transaction_a_plan_that_is_out_of_date_is_an_error_once(apart, migrate):
    """What was done before in it is lost, so it may not be gone on with."""
    one = apart()

    assert numbers(one) == [7]
    migrate("ALTER TABLE changing ALTER COLUMN number TYPE bigint")
    with pytest.raises(DatabaseError, match="cached plan"), one.connection.transaction():
        numbers(one)
    with one.connection.transaction():
        assert numbers(one) == [7]


def test_what_goes_wrong_is_an_error_of_djangos():
    with pytest.raises(DatabaseError), transaction.atomic(), connection.prepared_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT 1 / %s::int", [0])
    assert asked(connection, 1) == 2  # type: ignore[arg-type]


def test_it_is_counted_like_every_other_query():
    with CaptureQueriesContext(connection) as captured:
        asked(connection, 5)  # type: ignore[arg-type]

    assert [query["sql"] for query in captured] == ["SELECT 5::int + 1 AS asked_by_hand"]
