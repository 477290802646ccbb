"""What is looked up when the metrics are asked for: sessions, backups, the page cache, the product's own numbers.

What cannot be found out is left out: an alert on its absence says more than an old or invented number. Nothing here
makes the answer late, whatever hangs.
"""

from __future__ import annotations

import logging
import ssl
import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from eventmate.backups.records import LAST_BACKUP, LAST_CHECK, LAST_DRILL, read_record
from eventmate.doctor.outside import certificate_ends
from health import slots
from health.asking import NoAnswerError, ask_all, off_the_loop
from health.nginx_log import count_statuses
from health.parts import Health, check_parts
from health.queue import ask_queues
from myapp.web.numbers import Number, every_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prometheus_client import Metric

logger = logging.getLogger(__name__)

KEPT_SECONDS = 60.0
RECORDS = {
    "backup": (LAST_BACKUP, "Of the last backup"),
    "restore_drill": (LAST_DRILL, "Of the last restore drill"),
}
_numbers: dict[str, tuple[float, int]] = {}


class Gauges(Collector):
    """Yields everything that is not counted with requests."""

    def collect(self) -> Iterator[Metric]:
        """Ask everything, at once, for less than a second."""
        questions: dict[str, Callable[[], list[Metric]]] = {
            "numbers": _ask_numbers,
            "backups": _ask_records,
            "queues": _ask_queues,
        }
        if settings.NGINX_CACHE_LOG:
            questions["page cache"] = partial(_ask_page_cache, settings.NGINX_CACHE_LOG)
        if settings.SITE_URL.startswith("https://"):
            questions["certificate"] = _ask_certificate
        for name, answer in ask_all(questions).items():
            if answer.error is not None:
                in_time = not isinstance(answer.error, NoAnswerError)
                logger.warning(
                    "The metrics are without the %s", name, exc_info=answer.error if in_time else None
                )
            yield from answer.value or ()
        yield from _parts()


def _parts() -> Iterator[Metric]:
    parts = check_parts()
    healthy = GaugeMetricFamily(
        "eventmate_part_healthy",
        "Whether a part that the site stands on is as it should be.",
        labels=["part"],
    )
    for name, part in parts.items():
        healthy.add_metric([name], float(part.health is Health.HEALTHY))
    yield healthy
    if slots.folder() is not None:
        yield _gauge("eventmate_workers", "Workers of gunicorn that count here.", len(slots.held()))


def _ask_numbers() -> list[Metric]:
    """Return the product's numbers and the live sessions: a query each, once a minute and worker."""
    return [_gauge(each.name, each.sentence, _kept(each)) for each in (SESSIONS, *every_number)]


def _sessions() -> int:
    return Session.objects.filter(expire_date__gt=timezone.now()).count()


SESSIONS = Number("eventmate_sessions", "Sessions that have not run out.", _sessions)


def _kept(number: Number) -> int:
    """Return a number as it was less than a minute ago, or ask."""
    until, value = _numbers.get(number.name, (0.0, 0))
    if time.monotonic() >= until:
        value = number.ask()
        _numbers[number.name] = time.monotonic() + KEPT_SECONDS, value
    return value


def _ask_queues() -> list[Metric]:
    """Return how many jobs wait in each queue, and for how long."""
    labels = ["queue"]
    jobs = GaugeMetricFamily(
        "eventmate_queue_jobs", "Jobs by queue and state (waiting, under_way).", labels=[*labels, "state"]
    )
    oldest = GaugeMetricFamily(
        "eventmate_queue_oldest_seconds",
        "How long the oldest job that could be done by now has waited.",
        labels=labels,
    )
    for queue in ask_queues():
        jobs.add_metric([queue.name, "waiting"], queue.waiting)
        jobs.add_metric([queue.name, "under_way"], queue.under_way)
        oldest.add_metric([queue.name], queue.oldest_seconds)
    return [jobs, oldest]


def _ask_records() -> list[Metric]:
    """Return how the last backup, drill and check of the invariants went, as far as their records say."""

    def read() -> dict[str, dict[str, Any]]:
        checked = {"invariants": read_record(settings.DATA_DIR, LAST_CHECK)}
        return checked | {kind: read_record(settings.BACKUP_DIR, name) for kind, (name, _) in RECORDS.items()}

    records = off_the_loop(read)
    found = records.pop("invariants")
    told = [metric for kind, record in records.items() for metric in _record(kind, RECORDS[kind][1], record)]
    if isinstance(found.get("broken"), int):
        sentence = "Things in the database that must not be, as the last hourly check has found."
        told.append(_gauge("eventmate_invariants_broken", sentence, found["broken"]))
    return told


def _record(kind: str, what: str, record: dict[str, Any]) -> Iterator[Metric]:
    if isinstance(record.get("ok"), bool):
        yield _gauge(f"eventmate_{kind}_ok", f"{what}: whether it went well.", record["ok"])
    for key, unit, told in (
        ("bytes", "size_bytes", "its size"),
        ("seconds", "duration_seconds", "how long it took"),
    ):
        if isinstance(record.get(key), int | float):
            yield _gauge(f"eventmate_{kind}_{unit}", f"{what}: {told}.", record[key])
    finished, succeeded = (_moment(record.get(key)) for key in ("finished_at", "succeeded_at"))
    if finished is not None:
        told = f"{what}: when it ended, well or not."
        yield _gauge(f"eventmate_{kind}_finished_timestamp_seconds", told, finished)
    if succeeded is None and record.get("ok") is True:
        succeeded = finished
    if succeeded is not None:
        told = f"{what} that went well: how long ago it ended."
        yield _gauge(f"eventmate_{kind}_age_seconds", told, max(0.0, time.time() - succeeded))


def _moment(text: object) -> float | None:
    """Return an ISO date as seconds, None for what is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def _ask_certificate() -> list[Metric]:
    """Return when the certificate ends that visitors meet: by asking as they do, since its file is root's."""
    told = "When the certificate ends that the site shows."
    return [_gauge("eventmate_certificate_expires_timestamp_seconds", told, _kept(CERTIFICATE))]


def _certificate_ends() -> int:
    try:
        return int(certificate_ends())
    except ssl.SSLError:
        raise
    except OSError as error:
        raise NoAnswerError from error  # no site, no certificate: one line in the log is enough


CERTIFICATE = Number("certificate", "When it ends.", _certificate_ends)


def _ask_page_cache(log: Path) -> list[Metric]:
    """Return what Nginx answered from its cache."""
    counted = off_the_loop(partial(count_statuses, log, settings.DATA_DIR / "page-cache-log.json"))
    metric = CounterMetricFamily(
        "eventmate_page_cache_requests",
        "Requests to Nginx by what its cache had for them.",
        labels=["status"],
    )
    for status, times in counted.items():
        metric.add_metric([status], times)
    return [metric]


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=float(value))
