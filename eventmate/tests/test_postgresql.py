"""The pool without a server: one finds out, the others are told at once."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, ClassVar

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connection

from eventmate.postgresql import base
from eventmate.postgresql.gone import is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)


class Apart(base.DatabaseWrapper):
    """With pools of its own, so that those of the tests live on."""

    _connection_pools: ClassVar[dict[str, base.Pool]] = {}


def wrapper(**changed: object) -> base.DatabaseWrapper:
    settings = connection.settings_dict
    options = {name: value for name, value in settings["OPTIONS"].items() if name != "pool"} | {
        "pool": {"min_size": 0, "max_size": 3, "timeout": 5, "reconnect_timeout": 0}
    }
    return Apart(settings | {"OPTIONS": options} | changed, alias="default")


@pytest.fixture
def gone() -> Iterator[base.DatabaseWrapper]:
    """A database whose port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    one = wrapper(HOST="127.0.0.1", PORT=str(port))
    yield one
    one.close_pool()


def refused(one: base.DatabaseWrapper) -> float:
    began = time.monotonic()
    with pytest.raises(OperationalError) as caught:
        one.ensure_connection()
    assert is_gone(caught.value)
    return time.monotonic() - began


def test_nobody_waits_for_a_server_that_is_gone(gone: base.DatabaseWrapper) -> None:
    assert refused(gone) < 2
    assert max(refused(gone) for _ in range(20)) < 0.1


def test_those_who_wait_are_told_together(gone: base.DatabaseWrapper) -> None:
    settings = gone.settings_dict
    took: list[float] = []

    def wait() -> None:
        took.append(refused(Apart(settings, alias="default")))

    people = [threading.Thread(target=wait) for _ in range(10)]
    for person in people:
        person.start()
    for person in people:
        person.join(10)

    assert len(took) == 10
    assert max(took) < 3  # less than the five seconds that a connection may be waited for


def test_after_the_pause_one_finds_out_and_the_others_are_not_kept(
    gone: base.DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(gone)
    pool = gone.pool
    assert pool
    monkeypatch.setattr(pool, "_gone_until", time.monotonic() - 1)

    pool.refuse_while_gone()  # this one may try

    with pytest.raises(psycopg.OperationalError):
        pool.refuse_while_gone()


def test_connections_that_died_are_replaced_unseen() -> None:
    one = wrapper()
    try:
        one.ensure_connection()
        number = one.connection.info.backend_pid
        one.close()  # into the pool
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [number])
        time.sleep(0.2)
        with one.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            assert cursor.fetchone()[0] != number
        assert one.pool
        assert not one.pool._gone_until
    finally:
        one.close()
        one.close_pool()


def test_a_pool_that_is_empty_is_told_apart_from_a_wrong_query() -> None:
    one, other = wrapper(), wrapper()
    one.settings_dict["OPTIONS"]["pool"] |= {"max_size": 1, "timeout": 1}
    try:
        one.ensure_connection()
        assert refused(other) < 2
        assert other.pool
        assert not other.pool._gone_until
    finally:
        one.close()
        one.close_pool()


@pytest.fixture
def full() -> Iterator[base.DatabaseWrapper]:
    """A database that gives two connections, to a pool that would have three."""
    role = f"crowded_{connection.settings_dict['NAME']}"  # a role is the whole server's
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {role}")
        cursor.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 2")
    one = wrapper(USER=role)
    yield one
    one.close_pool()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE {role}")


def test_a_pool_that_cannot_grow_shares_what_it_has(full: base.DatabaseWrapper) -> None:
    """PostgreSQL has no more connections to give; that is no reason to send people away."""
    settings, served = full.settings_dict, []

    def ask() -> None:
        one = Apart(settings, alias="default")
        try:
            with one.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid() FROM pg_sleep(0.1)")
                served.append(cursor.fetchone()[0])
        finally:
            one.close()

    def ask_together() -> None:
        people = [threading.Thread(target=ask) for _ in range(5)]
        for person in people:
            person.start()
        for person in people:
            person.join(10)

    ask_together()
    pool = full.pool
    assert pool
    refusals = pool.get_stats()["connections_errors"]
    ask_together()

    assert len(served) == 10
    assert len(set(served)) == 2
    assert not pool._gone_until
    assert pool.get_stats()["connections_errors"] == refusals > 0  # it is not asked again at once


def test_a_pool_whose_last_connection_dies_while_the_server_is_full_does_not_wait(
    full: base.DatabaseWrapper,
) -> None:
    """What others hold of the server is of no use to those who wait here."""
    crowded = full.get_connection_params()
    crowded.pop("pool", None)
    hoarders = [psycopg.connect(**crowded)]
    try:
        full.ensure_connection()
        number = full.connection.info.backend_pid
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 1000)", [number])
        hoarders.append(psycopg.connect(**crowded))
        full.close()
        assert refused(full) < 2
        assert full.pool
        assert full.pool._gone_until
    finally:
        for each in hoarders:
            each.close()


@pytest.mark.parametrize(
    ("sql", "gone"),
    [
        ("SELECT FROM nothing", False),
        ("DO $$ BEGIN RAISE SQLSTATE '57P01'; END $$", True),  # shut down
        ("DO $$ BEGIN RAISE SQLSTATE '53300'; END $$", True),  # too many connections
        ("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", False),  # deadlock
        ("DO $$ BEGIN RAISE SQLSTATE '57014'; END $$", False),  # took too long
    ],
)
def test_what_means_that_it_is_gone(sql: str, gone: bool) -> None:
    from django.db import Error, transaction

    with pytest.raises(Error) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)

    assert is_gone(caught.value) is gone


def test_a_closed_connection_means_it_too() -> None:
    assert is_gone(InterfaceError("connection already closed"))
    assert not is_gone(ValueError())
    assert not is_gone(None)


def test_settings_that_do_not_go_with_the_pool_are_refused() -> None:
    with pytest.raises(ImproperlyConfigured):
        _ = wrapper(CONN_MAX_AGE=60).pool
