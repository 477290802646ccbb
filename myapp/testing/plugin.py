"""The pytest plugin that lets `pytest` just work: PostgreSQL and Valkey first, then Django's settings.

`pyproject.toml` names it with -p, because pytest-django reads the settings before any conftest.py is imported.
"""

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from eventmate.services import Held, ServiceError, hold
from eventmate.services.locks import Lock

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "var" / "test"
SERVICES = ROOT / "var" / "test-services"
# What a developer may have set, and what tests do not want to know
FOREIGN = """
    ALLOWED_HOSTS BACKUP_DIR BACKUP_IDENTITY BACKUP_RECIPIENT BEHIND_PGBOUNCER BEHIND_PROXY CAMPUS_NAME CLOUDINARY_URL
    DATABASE_REPLICA_URL DEBUG DEFAULT_FROM_EMAIL EMAIL_URL LANGUAGE_CODE LOG_LEVEL PORT REFRESH_SECRET REFRESH_URL
    ERROR_MAIL LOG_FILE LOG_FORMAT LOG_REQUESTS METRICS_ALLOW NGINX_CACHE_LOG PROMETHEUS_MULTIPROC_DIR
    SECRET_KEY SECRET_KEY_FALLBACKS SECRET_KEY_FILE SITE_URL TIME_ZONE VAPID_PRIVATE_KEY_FILE
""".split()
# What a test needs, by the fixtures it asks for
MARKED_BY = {
    "browser": {"open_browser"},
    "servers": {"start_site", "collected_static", "redis_server", "running"},
    "database": {"db", "transactional_db", "django_db_setup", "postgres_cluster"},
}

_kept_open: list[Held | Lock] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Before pytest-django reads the settings: services, and an environment that is the same everywhere."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        for name in FOREIGN:
            os.environ.pop(name, None)
        os.environ["SECRET_KEY"] = "only-for-tests-0123456789-abcdefghij-klmnopqrst-uvwxyz-ABCDEFGHIJ"
        os.environ["DATA_DIR"] = str(DATA)
        _take_turn()
        # WhiteNoise warns of a folder that is missing, and of a thousand files each test client would make a list.
        shutil.rmtree(DATA / "static", ignore_errors=True)
        (DATA / "static").mkdir(parents=True)
        try:
            held = hold(SERVICES, quick=True)
        except ServiceError as error:
            pytest.exit(str(error), returncode=3)
        _kept_open.append(held)
        os.environ.update(held.urls)
    elif url := os.environ.get("REDIS_URL"):  # workers do not empty each other's cache
        number = int(worker.removeprefix("gw") or 0)
        os.environ["REDIS_URL"] = f"{url.partition('?')[0]}?db={number % 15 + 1}"
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Once Django is there: pages may name static files that nobody has collected, and databases are emptied our way."""
    from django.conf import settings

    from myapp.testing import emptying

    emptying.use()
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks the database, opens a browser or starts servers, so that `-m` can choose by it."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for name, needs in MARKED_BY.items():
            if fixtures & needs:
                item.add_marker(getattr(pytest.mark, name))
        if item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.database)


def pytest_unconfigure() -> None:
    """Let go of the services, and wait until they have stopped."""
    while _kept_open:
        _kept_open.pop().close()


def _take_turn() -> None:
    """Wait for another test run in this clone: its databases have the same names."""
    (ROOT / "var").mkdir(exist_ok=True)
    lock = Lock(ROOT / "var" / "test.lock")
    _kept_open.append(lock)
    if not lock.seize(wait=False):
        print("Another test run is under way in this clone; waiting for it.", flush=True)  # noqa: T201
        lock.seize()


def pytest_collection_finish() -> None:
    """Have the garbage collector look less often, and never through what stays: modules, and thousands of tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
