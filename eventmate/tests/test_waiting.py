"""How a connection waits under gevent: in a process of its own, since gevent patches a whole one."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from eventmate.postgresql.waiting import Connection
from eventmate.services.holding import ROOT
from myapp.testing.servers import url_of_test_database

BEGIN = """
from gevent import monkey; monkey.patch_all()
import os, time
import gevent, psycopg
from eventmate.postgresql.waiting import Connection

connections = [Connection.connect(os.environ["DATABASE_URL"], autocommit=True) for _ in range(10)]
one, other = connections[:2]

def by_psycopg(*_given, **_more):
    raise AssertionError("psycopg's own wait")

usual, psycopg.waiting.wait = psycopg.waiting.wait, by_psycopg
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "check",
    [
        # Ten seconds of sleep beside each other, and somebody who is awake meanwhile.
        """
began, rounds = time.monotonic(), []
awake = gevent.spawn(lambda: [(rounds.append(1), gevent.sleep(0.01)) for _ in range(20)])
gevent.joinall([gevent.spawn(each.execute, "SELECT pg_sleep(1)") for each in connections], raise_error=True)
assert time.monotonic() - began < 5, time.monotonic() - began
assert len(rounds) == 20
""",
        # More than the kernel takes at once, there and back.
        """
long = "x" * 20_000_000
assert one.execute("SELECT %s::text", [long]).fetchone() == (long,)
""",
        # Thousands of statements that are under way at the same time, and a table that is sent in one go.
        """
one.execute("CREATE TEMPORARY TABLE kites (number integer, words text)")
with one.cursor() as cursor:
    cursor.executemany("INSERT INTO kites VALUES (%s, %s)", [(number, "x" * 5000) for number in range(5000)])
    with cursor.copy("COPY kites FROM STDIN") as copy:
        for number in range(5000):
            copy.write_row((number, "y" * 5000))
assert one.execute("SELECT count(*), sum(length(words)) FROM kites").fetchone() == (10_000, 50_000_000)
""",
        # A server that ends the connection in the middle.
        """
def ended():
    try:
        one.execute("SELECT pg_sleep(20)")
    except psycopg.OperationalError as error:
        return str(error)

sleeping = gevent.spawn(ended)
gevent.sleep(0.2)
other.execute("SELECT pg_terminate_backend(%s)", [one.info.backend_pid])
assert "terminating connection" in sleeping.get(timeout=5), sleeping.get()
assert one.closed
""",
        # A greenlet that is called away leaves a connection that says that it is busy.
        """
try:
    with gevent.Timeout(0.2):
        one.execute("SELECT pg_sleep(20)")
except gevent.Timeout:
    assert one.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE
    other.execute("SELECT pg_terminate_backend(%s)", [one.info.backend_pid])
else:
    raise AssertionError
""",
        # Whoever says how long to wait is waited for by psycopg.
        """
psycopg.waiting.wait = usual
one.execute("LISTEN something")
assert list(one.notifies(timeout=0.2)) == []
other.execute("NOTIFY something")
assert len(list(one.notifies(timeout=5, stop_after=1))) == 1
""",
    ],
    ids=["side by side", "much to say", "many at once", "cut off", "called away", "for so long"],
)
def test_under_gevent(check: str) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", BEGIN + check],
        env=os.environ | {"DATABASE_URL": url_of_test_database()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (asked.returncode, asked.stderr) == (0, "")


def test_connections_of_the_pool_wait_this_way() -> None:
    connection.ensure_connection()

    assert isinstance(connection.connection, Connection)
