"""Metrics over several workers of a real gunicorn: exact, whatever becomes of the workers."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from myapp.testing.servers import Site, url_of_test_database, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 3
ABOUT = ("eventmate_requests_total", "pages:about", "200")


class Workers:
    """The site under gunicorn with several workers, which a test asks and kills."""

    def __init__(self, start_site: Callable[..., Site], tmp_path: Path, **environment: str) -> None:
        self.site = start_site(
            **{
                "DATABASE_URL": url_of_test_database(),
                "WEB_CONCURRENCY": str(WORKERS),
                "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
                **environment,
            }
        )

    def ask(self, times: int) -> None:
        with ThreadPoolExecutor(8) as crowd:
            answers = {
                answer.status for answer in crowd.map(lambda _: self.site.get("/about/"), range(times))
            }
        assert answers == {200}

    def metrics(self) -> dict[tuple[str, ...], float]:
        answer = self.site.get("/metrics/")
        assert answer.status == 200
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.body)
            for sample in family.samples
        }

    def about(self) -> float:
        return self.metrics().get(ABOUT, 0.0)

    def pids(self) -> set[int]:
        return self.site.workers()

    def kill(self, pids: set[int]) -> None:
        """Kill workers as a crash does, and wait for others in their place."""
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not pids & self.pids() and self.metrics()["eventmate_workers",] == WORKERS)


@pytest.fixture
def workers(start_site: Callable[..., Site], tmp_path: Path) -> Workers:
    found = Workers(start_site, tmp_path)
    # A worker counts here from its first request on.
    wait_for(lambda: found.site.get("/about/").status and found.metrics()["eventmate_workers",] == WORKERS)
    return found


def test_every_request_is_counted_once_whoever_is_asked_and_whoever_dies(workers: Workers) -> None:
    before = workers.about()
    workers.ask(200)
    assert {workers.about() - before for _ in range(8)} == {200}

    workers.kill({min(workers.pids())})
    assert workers.about() - before == 200

    workers.ask(100)
    assert {workers.about() - before for _ in range(8)} == {300}
    told = workers.metrics()
    assert told["eventmate_request_seconds_count", "pages:about"] == told[ABOUT]
    assert told["eventmate_request_seconds_bucket", "+Inf", "pages:about"] == told[ABOUT]


def test_workers_that_are_renewed_leave_no_files_behind(
    start_site: Callable[..., Site], tmp_path: Path
) -> None:
    workers = Workers(start_site, tmp_path, GUNICORN_CMD_ARGS="--max-requests 15 --max-requests-jitter 5")
    first, asked = workers.pids(), 0
    while asked < 200 or first & workers.pids():  # a worker that is seldom asked stays longer
        workers.ask(50)
        asked += 50
        assert asked < 5000

    assert workers.about() == asked
    assert len(list((tmp_path / "metrics").glob("counter_*.db"))) <= 3 * WORKERS


def test_a_start_begins_at_nothing(start_site: Callable[..., Site], tmp_path: Path) -> None:
    for _ in range(2):
        workers = Workers(start_site, tmp_path)
        workers.ask(10)
        assert workers.about() == 10
        workers.site.stop()


def test_two_servers_that_count_together_leave_each_other_alone(
    start_site: Callable[..., Site], tmp_path: Path
) -> None:
    one = Workers(start_site, tmp_path)
    one.ask(10)
    other = Workers(start_site, tmp_path)
    other.ask(10)

    assert one.about() == other.about() == 20


def test_the_pools_of_the_living_are_told(workers: Workers) -> None:
    for _ in range(30):
        assert workers.site.get("/events/?q=word").status == 200
        assert workers.site.get("/sitemap.xml").status == 200
    told = workers.metrics()
    assert 1 <= told["eventmate_database_pool_connections", "default", "idle"] <= 8 * WORKERS
    assert told["eventmate_database_pool_connections", "default", "in_use"] == 0
    assert told["eventmate_database_pool_connections", "default", "most"] in {8, 16, 24}
    assert told["eventmate_database_pool_waiting", "default"] == 0

    workers.kill(workers.pids())
    assert ("eventmate_database_pool_connections", "default", "most") not in workers.metrics()


def test_without_a_folder_one_process_counts_for_itself(
    start_site: Callable[..., Site], tmp_path: Path
) -> None:
    workers = Workers(start_site, tmp_path, PROMETHEUS_MULTIPROC_DIR="", WEB_CONCURRENCY="1")
    workers.ask(50)

    assert workers.about() == 50
    assert ("eventmate_workers",) not in workers.metrics()


def test_gunicorn_speaks_json_too_and_logs_no_visitor(
    start_site: Callable[..., Site], tmp_path: Path
) -> None:
    workers = Workers(start_site, tmp_path, LOG_FORMAT="json", LOG_LEVEL="WARNING")
    workers.ask(3)
    workers.site.stop()
    written = workers.site.log.read_text()
    told = [json.loads(line) for line in written.splitlines()]

    assert {"gunicorn.error", "eventmate.requests"} <= {line["log.logger"] for line in told}
    assert "gunicorn.access" not in {line["log.logger"] for line in told}
    assert "127.0.0.1 -" not in written
