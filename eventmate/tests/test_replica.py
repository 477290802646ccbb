"""The read replica: for reports that say so, read-only, and missed by nobody when it is gone."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connections, router

from eventmate.replica import REPLICA, from_replica
from eventmate.services.holding import ROOT
from myapp.accounts.models import User
from myapp.testing.servers import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable

SET_UP = """
import django; django.setup()
from django.db import Error, connections, transaction
from django.db.models import F
from eventmate.replica import from_replica
from myapp.accounts.models import User
from myapp.pages import sitemaps
"""
ALL_OF_IT = (
    SET_UP
    + """
from django.test.utils import CaptureQueriesContext
from myapp.testing.people import ADA, make_account

def refused(do):
    try:
        with transaction.atomic("replica"):
            do()
    except Error as error:
        return type(error.__cause__).__name__
    return "allowed"

make_account(ADA)
ada = User.objects.using("replica").get()
print(ada._state.db)
print(refused(lambda: User.objects.using("replica").update(name="x")))
print(refused(lambda: User.objects.using("replica").create(username="x", email="x@example.edu")))
print(refused(lambda: list(User.objects.using("replica").select_for_update())))
print(refused(lambda: connections["replica"].cursor().execute("CREATE TABLE x ()")))
ada.name = "Ada, saved"
ada.save()
print(User.objects.get()._state.db, User.objects.get().name)
with CaptureQueriesContext(connections["default"]) as usual, CaptureQueriesContext(connections["replica"]) as reports:
    from_replica(sitemaps.sections)
    from_replica(lambda using: sitemaps.entries("organisations-1", using))
print(len(usual), len(reports))
"""
)


@pytest.fixture
def run(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Run Python with a replica, by default one that is the same server: what is read-only are the connections to it."""

    def run(code: str, url: str = "") -> list[str]:
        monkeypatch.setenv("DATABASE_REPLICA_URL", url or postgres_server.url)
        return postgres_server.run("-c", code).splitlines()

    return run


def test_writes_and_locks_never_go_to_the_replica_and_reports_do(run: Callable[..., list[str]]) -> None:
    assert run(ALL_OF_IT) == [
        "replica",
        "ReadOnlySqlTransaction",
        "ReadOnlySqlTransaction",
        "ReadOnlySqlTransaction",
        "ReadOnlySqlTransaction",
        "default Ada, saved",
        "0 5",
    ]


def test_a_replica_that_is_gone_is_missed_by_nobody(run: Callable[..., list[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    told = run(
        SET_UP + "print([section.name for section in from_replica(sitemaps.sections)][0])",
        f"postgresql://nobody@127.0.0.1:{port}/none",
    )

    assert told == ["pages"]


def test_migrations_leave_the_replica_alone(run: Callable[..., list[str]]) -> None:
    code = SET_UP + (
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "call_command('check', databases=['default', 'replica'], verbosity=0)\n"
        "from django.db import router\n"
        "print(router.allow_migrate('replica', 'events'), router.allow_migrate('default', 'events'))"
    )

    assert run(code)[-1] == "False True"


@pytest.mark.django_db
def test_without_one_reports_are_read_from_the_database_itself() -> None:
    assert REPLICA not in settings.DATABASES
    assert REPLICA not in connections.settings
    assert from_replica(lambda using: (using, User.objects.using(using).count())) == ("default", 0)
    assert router.db_for_write(User, instance=User()) == "default"


def test_a_query_that_is_wrong_is_not_asked_again() -> None:
    asked: list[str] = []

    def wrong(using: str) -> None:
        asked.append(using)
        raise ValueError

    with pytest.raises(ValueError):
        from_replica(wrong)
    assert asked == ["default"]


def test_nothing_but_reports_asks_it() -> None:
    """A page of old rows would be kept under a new generation; a right or a place must never be decided by them."""
    users = {
        str(path.relative_to(ROOT))
        for folder in ("eventmate", "health", "myapp")
        for path in Path(ROOT, folder).rglob("*.py")
        if "tests" not in path.parts and "from_replica(" in path.read_text()
    }

    assert users == {"eventmate/replica.py", "myapp/pages/views.py", "myapp/registrations/people.py"}
