"""Metrics of one process: what is counted, who may read it, and that Prometheus can."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from eventmate.backups.records import LAST_BACKUP, LAST_DRILL
from health import asking, gauges, parts
from health.tests.hanging import silent_server
from health.tests.test_hanging import database_at
from myapp.testing.factories import make_event, make_events, make_organisation
from myapp.testing.needs import needs_program
from myapp.web import numbers
from myapp.web.jobs import check_invariants
from myapp.web.refresh import fetch_anew

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

    from myapp.accounts.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_jobs")]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    monkeypatch.setattr(parts, "_known", [])
    monkeypatch.setattr(gauges, "_numbers", {})
    # What is not known in time is left out, which on a busy machine might be what a test asks for.
    for each in (gauges, parts):
        monkeypatch.setattr(each, "ask_all", partial(asking.ask_all, seconds=30))
    asking.forget_threads()
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.DATA_DIR = tmp_path
    settings.BACKUP_DIR.mkdir()


def read(client: Client) -> dict[tuple[str, ...], float]:
    """Return the metrics as (name, label values…) → value."""
    response = client.get("/metrics/")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(client: Client) -> None:
    asked = [
        ("/about/", "pages:about", "200"),
        ("/nowhere/at/all/", "nowhere", "404"),
        ("/about/?x=1", "pages:about", "302"),
    ]
    before = read(client)
    for path, _, _ in asked:
        client.get(path)
    after = read(client)

    for _, route, status in asked:
        key = ("eventmate_requests_total", route, status)
        assert after[key] == before.get(key, 0) + 1
    timed = ("eventmate_request_seconds_count", "pages:about")
    assert after[timed] == before.get(timed, 0) + 2
    scraped = ("eventmate_requests_total", "metrics", "200")
    assert after[scraped] == before.get(scraped, 0) + 1  # this one is counted by the next


def test_queries_of_requests_that_have_some_are_counted(client: Client) -> None:
    make_events(3)
    cache.clear()
    before = read(client)
    client.get("/events/")  # made
    client.get("/events/")  # kept
    after = read(client)

    def more(*key: str) -> float:
        return after.get(key, 0) - before.get(key, 0)

    assert more("eventmate_requests_total", "events:list", "200") == 2
    assert more("eventmate_request_database_queries_count", "events:list") == 1
    assert more("eventmate_request_database_queries_sum", "events:list") > 1
    assert more("eventmate_request_database_seconds_sum", "events:list") > 0
    assert more("eventmate_store_lookups_total", "miss", "pages") == 1
    assert more("eventmate_store_lookups_total", "hit", "pages") == 1
    assert more("eventmate_store_lookups_total", "miss", "list.choices") == 1


def test_the_products_numbers_and_sessions(client: Client, ada: User, ada_browser: Client) -> None:
    make_events(2, organisation=make_organisation("Chess"))
    make_organisation("Closed", is_active=False)

    told = read(client)

    assert told["eventmate_events_upcoming",] == 2
    assert told["eventmate_organisations",] == 1
    assert told["eventmate_people",] == 1
    assert told["eventmate_sessions",] == 1


def test_numbers_are_asked_once_a_minute(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def count() -> int:
        asked.append(1)
        return len(asked)

    monkeypatch.setattr(numbers, "every_number", [numbers.Number("eventmate_x", "X.", count)])
    monkeypatch.setattr(gauges, "every_number", numbers.every_number)

    assert [read(client)["eventmate_x",] for _ in range(3)] == [1, 1, 1]


def test_parts_are_told(client: Client) -> None:
    told = read(client)

    assert {key[1]: value for key, value in told.items() if key[0] == "eventmate_part_healthy"} == {
        "database": 1,
        "migrations": 1,
        "redis": 1,
        "disk": 1,
        "queue": 1,
        "invariants": 1,
    }


def test_jobs_that_wait_are_told(client: Client) -> None:
    fetch_anew.defer(addresses=["/"])
    fetch_anew.configure(schedule_in={"hours": 1}).defer(addresses=["/"])
    grow_older("1 hour")

    told = read(client)

    assert told["eventmate_queue_jobs", "refresh", "waiting"] == 2
    assert told["eventmate_queue_jobs", "refresh", "under_way"] == 0
    assert told["eventmate_queue_oldest_seconds", "refresh"] == pytest.approx(3600, abs=60)
    assert told["eventmate_part_healthy", "queue"] == 0


def test_ready_says_that_nobody_does_the_jobs(client: Client) -> None:
    fetch_anew.defer(addresses=["/"])
    assert client.get("/health/ready/").json()["status"] == "healthy"
    grow_older("6 minutes")
    response = client.get("/health/ready/")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["parts"]["queue"]["problem"] == "a job has waited for 6 minutes"


def test_a_job_that_is_put_off_is_not_late(client: Client) -> None:
    fetch_anew.configure(schedule_in={"hours": 1}).defer(addresses=["/"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = at - interval '1 day'")

    assert read(client)["eventmate_queue_oldest_seconds", "refresh"] == 0


def grow_older(by: str) -> None:
    """Let the jobs have been given some time ago."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = at - %s::interval", [by])


def test_the_end_of_the_certificate_is_told(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = ("eventmate_certificate_expires_timestamp_seconds",)
    monkeypatch.setattr("health.gauges.certificate_ends", lambda: 1_800_000_000.0)
    assert name not in read(client)  # http
    settings.SITE_URL = "https://campus.example"
    assert read(client)[name] == 1_800_000_000


def test_where_no_site_answers_there_is_no_word_of_a_certificate(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> float:
        raise ConnectionRefusedError

    monkeypatch.setattr("health.gauges.certificate_ends", refuse)
    settings.SITE_URL = "https://campus.example"
    assert not [key for key in read(client) if "certificate" in key[0]]


def test_without_backups_there_is_no_word_of_them(client: Client) -> None:
    assert not [key for key in read(client) if "backup" in key[0] or "drill" in key[0]]


def test_backups_and_drills_are_told_as_recorded(client: Client, settings: Settings) -> None:
    ago = timezone.now() - dt.timedelta(hours=30)
    record = {"finished_at": ago.isoformat(), "ok": True, "bytes": 12345, "seconds": 6.5}
    (settings.BACKUP_DIR / LAST_BACKUP).write_text(json.dumps(record))
    failed = {"finished_at": timezone.now().isoformat(), "ok": False, "succeeded_at": ago.isoformat()}
    (settings.BACKUP_DIR / LAST_DRILL).write_text(json.dumps(failed))

    told = read(client)

    assert told["eventmate_backup_ok",] == 1
    assert told["eventmate_backup_size_bytes",] == 12345
    assert told["eventmate_backup_duration_seconds",] == 6.5
    assert told["eventmate_backup_age_seconds",] == pytest.approx(30 * 3600, abs=60)
    assert told["eventmate_backup_finished_timestamp_seconds",] == pytest.approx(ago.timestamp(), abs=1)
    assert told["eventmate_restore_drill_ok",] == 0
    assert told["eventmate_restore_drill_age_seconds",] == pytest.approx(30 * 3600, abs=60)


@pytest.mark.parametrize(
    "written",
    ["", "[]", "{", '{"ok": "yes", "finished_at": "soon", "bytes": "many"}', '{"ok": false}', "\0"],
)
def test_a_record_that_makes_no_sense_is_no_trouble(client: Client, settings: Settings, written: str) -> None:
    (settings.BACKUP_DIR / LAST_BACKUP).write_text(written)

    told = read(client)

    assert ("eventmate_backup_age_seconds",) not in told
    assert ("eventmate_people",) in told


def test_the_page_cache_is_told_where_nginx_writes_a_log(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.NGINX_CACHE_LOG = tmp_path / "cache.log"
    settings.NGINX_CACHE_LOG.write_text("HIT\nHIT\nMISS\n-\n")

    told = read(client)

    assert {
        key[1]: value for key, value in told.items() if key[0] == "eventmate_page_cache_requests_total"
    } == {
        "HIT": 2,
        "MISS": 1,
        "NONE": 1,
    }


def test_a_log_of_nginx_that_is_missing_costs_that_metric_only(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.NGINX_CACHE_LOG = tmp_path / "no such file"

    told = read(client)

    assert not [key for key in told if "page_cache" in key[0]]
    assert ("eventmate_people",) in told


def test_a_database_that_hangs_does_not_hold_up_the_rest(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (gauges, parts):
        monkeypatch.setattr(each, "ask_all", asking.ask_all)
    with silent_server() as port:
        database_at(port, monkeypatch)
        told = read(client)

    assert told["eventmate_part_healthy", "database"] == 0
    assert ("eventmate_people",) not in told
    assert any(key[0] == "eventmate_requests_total" for key in told)


def test_people_read_json(client: Client) -> None:
    for _ in range(3):
        client.get("/about/")
    response = client.get("/metrics/?format=json")
    told = response.json()

    assert response["Content-Type"] == "application/json"
    assert told["eventmate_people"] == {
        "help": "Accounts that can sign in.",
        "type": "gauge",
        "samples": [{"value": 0.0}],
    }
    (about,) = (
        each for each in told["eventmate_request_seconds"]["samples"] if each["route"] == "pages:about"
    )
    assert about["count"] >= 3
    assert 0 < about["p50"] <= about["p95"] <= about["p99"] <= 10


def test_machines_ask_by_whatever_name(client: Client, settings: Settings) -> None:
    """Prometheus and load balancers know an address, not the site's name."""
    settings.ALLOWED_HOSTS = ["events.example.edu"]

    for path in ("/metrics/", "/health/", "/health/ready/"):
        assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/about/", headers={"host": "10.0.0.7:8000"}).status_code == 400


def test_prometheus_finds_nothing_to_complain_about(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    promtool = needs_program("promtool (Debian: prometheus)", "promtool")
    settings.NGINX_CACHE_LOG = tmp_path / "cache.log"
    settings.NGINX_CACHE_LOG.write_text("HIT\n")
    record = {"finished_at": timezone.now().isoformat(), "ok": True, "bytes": 1, "seconds": 1}
    for name in (LAST_BACKUP, LAST_DRILL):
        (settings.BACKUP_DIR / name).write_text(json.dumps(record))
    make_events(1)
    cache.clear()
    client.get("/events/")

    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=client.get("/metrics/").content,
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_what_the_last_check_of_the_data_has_found_is_told(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    assert read(client)["eventmate_part_healthy", "invariants"] == 1
    event = make_event("Kites")
    check_invariants(timestamp=0)
    assert read(client)["eventmate_invariants_broken",] == 0
    type(event).objects.update(place_label="Elsewhere")
    check_invariants(timestamp=0)

    told = read(client)
    assert told["eventmate_invariants_broken",] == 1
    assert told["eventmate_part_healthy", "invariants"] == 0
    assert client.get("/health/ready/").json()["parts"]["invariants"]["problem"] == "1 are broken"
