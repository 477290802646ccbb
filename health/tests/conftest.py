"""What tests of health share."""

from collections.abc import Iterator

import pytest
from django.db import connection


@pytest.fixture
def no_jobs(transactional_db: None) -> Iterator[None]:
    """A queue that is empty, and is so again afterwards: no flush reaches the tables of the jobs."""

    def forget() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")

    forget()
    yield
    forget()
