"""The shipped Nginx with EventMate behind it, for all tests of how they stand together."""

import os

import pytest

from myapp.testing.edge import database_url, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory, django_db_setup):
    folder = tmp_path_factory.mktemp("nginx")
    with serving(
        folder,
        database=database_url(),
        redis=os.environ["REDIS_URL"],
        application="myapp.testing.edge_application:application",
    ) as site:
        yield site


@pytest.fixture
def site(running, transactional_db):
    return running
