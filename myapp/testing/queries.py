"""Counts of queries: a list costs the same for one row and for three.

@one_and_three
def test_list_costs_the_same(rows, client):
    make_events(rows)
    with queries(2):  # the count; the page
        client.get("/events/")
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from django.test.utils import CaptureQueriesContext

one_and_three = pytest.mark.parametrize("rows", [1, 3], ids=["1 row", "3 rows"])


@contextmanager
def queries(expected: int, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[CaptureQueriesContext]:
    """Fail unless exactly `expected` statements reach the database within; the failure lists them."""
    with CaptureQueriesContext(connections[using]) as captured:
        yield captured
    if len(captured) != expected:
        listed = "\n".join(f"{place}. {query['sql']}" for place, query in enumerate(captured, 1))
        pytest.fail(f"{len(captured)} queries instead of {expected}:\n{listed}", pytrace=False)
