"""A site for `test_gunicorn_config.py`: it has asked its database before it is forked, and answers how many ask it at once."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
django.setup()

from django.db import connection  # noqa: E402

with connection.cursor() as before_the_fork:  # what an import could do, and what every worker would inherit
    before_the_fork.execute("SELECT 1")


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Take a while in the database, and give the connection back to the pool."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.3)")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(0.3)' AND state = 'active'"
        )
        others = cursor.fetchone()[0]
    connection.close()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{others} others".encode()]
