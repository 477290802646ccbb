"""The doctor finds what is planted, says what to do, and is silent where all is well."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
import redis
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from eventmate.backups.records import LAST_BACKUP, LAST_DRILL, write_record
from eventmate.doctor import database, examinations, outside, systemd
from eventmate.doctor.findings import Finding, advice, examine
from eventmate.management.commands import doctor
from eventmate.tests.planted_servers import answer_http, answer_mail, free_port, make_certificate, server


def found(examination: Callable[[], Iterable[Finding]]) -> list[str]:
    """What it finds, trouble with an exclamation mark; every finding says what to do."""
    findings = list(examination())
    assert all(each.remedy for each in findings)
    return [("! " if each.is_trouble else "") + each.what for each in findings]


def ask_doctor(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> tuple[str, int]:
    monkeypatch.setattr(doctor, "EXAMINATIONS", [("planted", lambda: iter(findings))])
    said, status = StringIO(), 0
    try:
        call_command("doctor", stdout=said)
    except SystemExit as end:
        status = int(str(end.code))
    return said.getvalue(), status


def test_doctor_says_so_when_nothing_is_wrong(monkeypatch):
    assert ask_doctor(monkeypatch) == ("Nothing is wrong.\n", 0)


def test_doctor_fails_on_trouble_and_not_on_advice(monkeypatch):
    said, status = ask_doctor(
        monkeypatch, advice("It could be better.", "Better it."), Finding("It is broken.", "Mend it.")
    )
    assert said.splitlines() == [
        "Wrong: It is broken.",
        "    Mend it.",
        "Advice: It could be better.",
        "    Better it.",
    ]
    assert status == 1
    assert ask_doctor(monkeypatch, advice("It could be better.", "Better it."))[1] == 0


def test_an_examination_that_breaks_is_a_finding_and_the_others_go_on():
    def breaks() -> Iterator[Finding]:
        raise OSError("no such thing\nand more")

    findings = list(examine([("moon", breaks), ("sun", lambda: [advice("It shines.", "Enjoy.")])]))
    assert [each.what for each in findings] == [
        "The moon could not be examined: OSError: no such thing",
        "It shines.",
    ]


def test_settings_that_break_a_rule_are_found_with_their_hint(settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    assert [each for each in found(examinations.examine_settings) if "(eventmate.E002)" in each]


def test_secrets_that_others_can_read_are_found(monkeypatch, tmp_path):
    file = tmp_path / "env"
    file.touch(0o644)
    file.chmod(0o644)
    monkeypatch.setattr(examinations, "SETTINGS_FILE", file)
    assert [each for each in found(examinations.examine_settings) if "which holds secrets" in each]
    file.chmod(0o600)
    assert not [each for each in found(examinations.examine_settings) if "which holds secrets" in each]


@pytest.mark.parametrize(
    ("free", "size", "says"),
    [(10**8, 10**11, "! "), (10**7, 10**9, "! "), (4 * 10**9, 10**11, ""), (90 * 10**9, 10**11, None)],
    ids=["full", "small and full", "soon full", "room"],
)
def test_full_disks_are_found(monkeypatch, free: int, size: int, says: str | None):
    disk = SimpleNamespace(f_bavail=free, f_blocks=size, f_frsize=1, f_files=1000, f_favail=900)
    monkeypatch.setattr(os, "statvfs", lambda _path: disk)
    told = found(examinations.examine_disks)
    assert bool(told) == (says is not None)
    assert all(each.startswith("! The disk") == (says == "! ") for each in told)


def test_a_disk_without_room_for_files_is_found(monkeypatch):
    disk = SimpleNamespace(f_bavail=10**12, f_blocks=10**12, f_frsize=1, f_files=1000, f_favail=3)
    monkeypatch.setattr(os, "statvfs", lambda _path: disk)
    assert "! " in found(examinations.examine_disks)[0]
    assert "only 3 more files" in found(examinations.examine_disks)[0]


def test_a_folder_that_cannot_be_written_to_is_found(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "gone"
    assert [
        each for each in found(examinations.examine_disks) if "cannot be written to: No such file" in each
    ]


def test_redis_is_found_dead_and_alive(settings):
    assert found(examinations.examine_redis) == []
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    (told,) = found(examinations.examine_redis)
    assert told.startswith("! Redis does not work: Error 111")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"save": "3600 1"}, 'Redis writes snapshots to the disk (save "3600 1")'),
        ({"maxmemory": "0", "maxmemory-policy": "noeviction"}, "Redis takes all memory there is"),
        ({"maxmemory-policy": "noeviction"}, "! Redis may be full and then takes no writes: "),
        ({"maxmemory-policy": "volatile-lru"}, "! Redis may be full and then takes no writes: "),
    ],
    ids=["snapshots", "no limit", "full", "full of what never ends"],
)
def test_a_redis_that_may_refuse_writes_is_found(settings, redis_server, changed: dict[str, str], says: str):
    settings.REDIS_URL = redis_server.url
    assert found(examinations.examine_redis) == []
    with redis.Redis.from_url(redis_server.url) as client:
        for name, value in changed.items():
            client.config_set(name, value)
    (told,) = found(examinations.examine_redis)
    assert told.startswith(says)


def test_a_redis_that_does_not_tell_its_settings_is_left_alone(settings, redis_server):
    settings.REDIS_URL = redis_server.url
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("save", "3600 1")
        client.execute_command("ACL", "SETUSER", "default", "-config")
    assert found(examinations.examine_redis) == []


def test_mail_that_goes_nowhere_is_advice(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert found(examinations.examine_mail) == [
        "No mail reaches anybody: nobody can confirm an address or choose a new password."
    ]


@pytest.mark.parametrize(
    "greeting", [b"", b"554 not from you\r\n", b"220 mail ESMTP\r\n"], ids=["silent", "no", "yes"]
)
def test_a_mail_server_is_asked_whether_it_takes_us(settings, greeting: bytes):
    with server(lambda stream: answer_mail(stream, greeting)) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        told = found(examinations.examine_mail)
    assert bool(told) == (b"220" not in greeting)
    assert all(each.startswith(f"! The mail server 127.0.0.1:{port} does not take mail") for each in told)


def test_static_files_that_nobody_collected_are_found(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    assert "no page can name its style sheet" in found(examinations.examine_static_files)[0]
    (tmp_path / "staticfiles.json").touch()
    assert found(examinations.examine_static_files) == []


def test_backups_are_missed_where_the_site_is_installed(settings, monkeypatch, tmp_path):
    settings.BACKUP_DIR = tmp_path
    monkeypatch.setattr(examinations, "is_installed", lambda: False)
    assert found(examinations.examine_backups) == []
    monkeypatch.setattr(examinations, "is_installed", lambda: True)
    assert found(examinations.examine_backups) == ["! There is no backup."]


def test_old_backups_and_failed_drills_are_found(settings, monkeypatch, tmp_path):
    settings.BACKUP_DIR = tmp_path
    write_record(tmp_path, LAST_BACKUP, ok=True)
    write_record(tmp_path, LAST_DRILL, ok=True)
    assert found(examinations.examine_backups) == []
    later = timezone.now() + timedelta(days=9)
    monkeypatch.setattr(timezone, "now", lambda: later)
    write_record(tmp_path, LAST_BACKUP, ok=False, reason="The disk is full.")
    assert found(examinations.examine_backups) == [
        "! The newest backup is 9 days old. The last try failed: The disk is full.",
        "The last restore drill was 9 days ago.",
    ]
    write_record(tmp_path, LAST_DRILL, ok=False)
    assert (
        found(examinations.examine_backups)[1]
        == "! The last restore drill failed: this backup may be of no use."
    )


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_well_is_left_alone(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    assert found(database.examine_database) == []


@pytest.mark.django_db(transaction=True)
def test_more_workers_than_postgresql_has_connections_are_found(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "1000")
    (told,) = found(database.examine_database)
    assert "1000 workers with 8 each, one more to listen, and the rest may ask for 9010" in told


@pytest.mark.django_db(transaction=True)
def test_behind_pgbouncer_nobody_counts_workers(monkeypatch, settings):
    monkeypatch.setenv("WEB_CONCURRENCY", "1000")
    monkeypatch.setitem(settings.DATABASES["default"], "DISABLE_SERVER_SIDE_CURSORS", True)
    assert found(database.examine_database) == []


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_is_found(monkeypatch):
    gone = {"host": "127.0.0.1", "port": free_port(), "dbname": "x", "user": "x"}
    monkeypatch.setattr(connections["default"], "get_connection_params", lambda: dict(gone))
    (told,) = found(database.examine_database)
    assert told.startswith("! The database does not answer: connection failed: ")


@pytest.mark.django_db(transaction=True)
def test_migrations_that_are_missing_are_named(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("sessions", "0001_initial")
    try:
        told = found(database.examine_database)
    finally:
        recorder.record_applied("sessions", "0001_initial")
    assert told == ["! The database lacks what this release expects: sessions 0001_initial."]


def test_a_clock_that_is_off_is_found(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    assert found(lambda: database.examine_clock(datetime.now(UTC))) == []
    (told,) = found(lambda: database.examine_clock(datetime.now(UTC) + timedelta(hours=1)))
    assert told == "! The clock here is 3600 seconds behind the database's."
    os.utime(tmp_path, (time.time() + 86400, time.time() + 86400))
    (told,) = found(lambda: database.examine_clock(None))
    assert "but this release was installed at" in told


@pytest.fixture
def fake_programs(monkeypatch, tmp_path) -> Callable[[str, str], None]:
    """Put a shell script in front of the machine's program of that name; the units are in tmp_path / "units"."""
    units = tmp_path / "units"
    units.mkdir()
    (units / "eventmate.socket").touch()
    monkeypatch.setattr(systemd, "BASE", units)
    monkeypatch.setattr(systemd, "RUNS", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def fake(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    fake("timedatectl", "echo yes")
    return fake


def test_units_that_failed_and_timers_that_stand_still_are_found(fake_programs, tmp_path):
    (tmp_path / "units" / "eventmate-maintain.timer").touch()
    fake_programs("systemctl", '[ "$1" = is-active ] && echo active; exit 0')
    assert found(systemd.examine_units) == []
    fake_programs(
        "systemctl",
        '[ "$1" = is-active ] && echo inactive || echo eventmate-worker.service loaded failed failed EventMate, jobs',
    )
    assert found(systemd.examine_units) == [
        "! eventmate-worker.service has failed.",
        "! eventmate-maintain.timer does not tick.",
    ]


def test_a_timer_that_somebody_has_switched_off_is_advice(fake_programs, tmp_path):
    (tmp_path / "units" / "eventmate-backup.timer").touch()
    fake_programs(
        "systemctl", "case $1 in is-active) echo inactive ;; is-enabled) echo disabled ;; esac; exit 0"
    )
    assert found(systemd.examine_units) == ["eventmate-backup.timer is switched off."]


def test_a_page_cache_without_memory_of_its_own_is_found(fake_programs, tmp_path):
    (tmp_path / "units" / "var-cache-nginx-eventmate.mount").touch()
    fake_programs("systemctl", '[ "$1" = is-active ] && echo active; exit 0')
    assert found(systemd.examine_units) == []
    fake_programs("systemctl", '[ "$1" = is-active ] && echo inactive; exit 0')
    (finding,) = found(systemd.examine_units)
    assert finding.startswith("! var-cache-nginx-eventmate.mount is not mounted")


def test_a_clock_that_nobody_sets_is_advice(fake_programs):
    fake_programs("systemctl", "exit 0")
    fake_programs("timedatectl", "echo no")
    assert found(systemd.examine_units) == ["Nobody sets this machine's clock."]


def test_where_nothing_is_installed_no_units_are_missed(monkeypatch, tmp_path):
    monkeypatch.setattr(systemd, "BASE", tmp_path)
    assert found(systemd.examine_units) == []


# --- the site and its certificate ---------------------------------------------------------------------------------------


@pytest.fixture
def site(settings, tmp_path) -> Iterator[Callable[..., None]]:
    """Serve `https://localhost:PORT` with a certificate of so many days for a name, answering with a status."""
    closing: list[server] = []

    def serve(days: int = 300, name: str = "localhost", status: int = 200) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*make_certificate(tmp_path, days, name))
        one = server(lambda stream: answer_http(stream, context, status))
        settings.SITE_URL = f"https://localhost:{one.__enter__()}"
        closing.append(one)

    yield serve
    for each in closing:
        each.__exit__()


def test_a_certificate_of_our_own_is_advice(site):
    site()
    assert found(outside.examine_site) == []
    assert found(outside.examine_certificate) == [
        "The certificate of localhost is signed by nobody that browsers know, so they warn."
    ]


@pytest.mark.parametrize(
    ("days", "name", "says"),
    [
        (5, "localhost", "! The certificate of localhost ends in 4 days, on "),
        (-1, "localhost", "! The certificate of localhost has ended; browsers refuse the site."),
        (300, "elsewhere.example", "! The certificate is not one for localhost; browsers refuse the site."),
    ],
)
def test_a_certificate_that_browsers_refuse_is_found(site, days: int, name: str, says: str):
    site(days, name)
    assert found(outside.examine_certificate)[-1].startswith(says)


@pytest.mark.parametrize("days", [300, 5, -1], ids=["long", "soon", "has ended"])
def test_when_a_certificate_ends_is_known_whatever_it_is_worth(site, days: int):
    site(days, "elsewhere.example")
    assert outside.certificate_ends() == pytest.approx(time.time() + days * 86400, abs=60)


def test_a_site_that_is_down_is_found(settings, site):
    site(status=503)
    (told,) = found(outside.examine_site)
    assert told.endswith("/ answers 503 instead of a page.")
    settings.SITE_URL = f"https://localhost:{free_port()}"
    (told,) = found(outside.examine_site)
    assert "does not answer" in told
    assert found(outside.examine_certificate) == []  # one trouble is one finding
