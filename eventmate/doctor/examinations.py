"""The examinations of settings, disks, Redis, mail, static files and backups. The database, the outside and systemd have
modules of their own.
"""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.checks import run_checks
from django.core.mail import get_connection
from django.utils import timezone

from eventmate.backups.records import LAST_BACKUP, LAST_DRILL, read_record
from eventmate.doctor.database import examine_database
from eventmate.doctor.findings import Finding, advice, first_line
from eventmate.doctor.outside import examine_certificate, examine_site
from eventmate.doctor.systemd import examine_units, is_installed
from eventmate.static_files import manifest_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis

SETTINGS_FILE = Path("/etc/eventmate/env")
LEAST_FREE = 500_000_000  # bytes: a backup, a release and a day of logs fit in
LEAST_FREE_SHARE = 0.05
SOON_FULL_SHARE = 0.12
OLDEST_BACKUP = timedelta(hours=36)  # one night may fail; the second is worth a word
OLDEST_DRILL = timedelta(days=8)
REDIS_SECONDS = 2.0
MAIL_SECONDS = 8


def examine_settings() -> Iterator[Finding]:
    """Find what the system checks find, those for production included, and secrets that others can read."""
    for message in run_checks(include_deployment_checks=True):
        if not message.is_silenced():
            yield Finding(
                f"The settings: {message.msg} ({message.id})",
                str(message.hint or f"See {SETTINGS_FILE} and .env.example."),
                is_trouble=message.is_serious(),
            )
    try:
        mode = SETTINGS_FILE.stat().st_mode
    except OSError:
        return
    if mode & 0o077:
        yield Finding(
            f"Others on this machine can read {SETTINGS_FILE}, which holds secrets.",
            f"chmod 0600 {SETTINGS_FILE}, and change SECRET_KEY there if somebody may have looked.",
        )


def examine_disks() -> Iterator[Finding]:
    """Find disks that are full or nearly so, and folders that cannot be written to."""
    seen: set[int] = set()
    for folder in (
        Path(settings.DATA_DIR),
        Path(settings.BACKUP_DIR),
        Path("/var/log"),
        Path("/"),
    ):
        try:
            device = folder.stat().st_dev
        except OSError:
            continue  # a folder that must be there is missed below
        if device not in seen:
            seen.add(device)
            yield from _examine_disk(folder)
    folder = Path(settings.DATA_DIR)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        yield Finding(
            f"{folder} cannot be written to: {error.strerror}.",
            f"Posters and mails go there: chown eventmate:eventmate {folder}, or make room.",
        )


def _examine_disk(folder: Path) -> Iterator[Finding]:
    disk = os.statvfs(folder)
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    if not size:
        return
    room = f"The disk under {folder} has {free / 1e9:.1f} of {size / 1e9:.1f} GB free"
    remedy = "See what fills it: du -xh --max-depth=2 / | sort -h | tail; journalctl --vacuum-size=200M helps at once."
    if free < min(LEAST_FREE, size * LEAST_FREE_SHARE):
        yield Finding(f"{room}; PostgreSQL stops when there is none.", remedy)
    elif free < size * SOON_FULL_SHARE and free < 10 * LEAST_FREE:
        yield advice(f"{room}.", remedy)
    if disk.f_files and disk.f_favail < disk.f_files * LEAST_FREE_SHARE:
        yield Finding(
            f"The disk under {folder} has room for only {disk.f_favail} more files.",
            "Find the folder with too many: du --inodes -x / | sort -n | tail",
        )


def examine_redis() -> Iterator[Finding]:
    """Find a Redis that does not answer, refuses to be written to or may come to that; the system checks miss one that is
    not set.
    """
    if not settings.REDIS_URL:
        return
    import redis

    told = "Pages are slower and limits do not count until it is back; nothing is lost."
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            decode_responses=True,
        ) as client:
            client.set("eventmate:doctor", "x", ex=10)
            yield from _examine_redis_settings(client)
    except redis.RedisError as error:
        yield Finding(
            f"Redis does not work: {first_line(error)}.",
            f"systemctl status redis-server, then REDIS_URL in {SETTINGS_FILE}. {told}",
        )


def _examine_redis_settings(client: redis.Redis) -> Iterator[Finding]:
    """Find a Redis that writes snapshots, or that refuses writes once it is full; nothing where it may not be asked."""
    from redis.exceptions import ResponseError

    try:
        told = client.config_get("save") | client.config_get("maxmemory*")
    except ResponseError:  # who runs it for us may keep that to himself
        return
    remedy = f"{Path(settings.BASE_DIR) / 'deploy/redis/eventmate.conf'} has the settings with their reasons, and how to use it."
    if told.get("save"):
        yield advice(
            f'Redis writes snapshots to the disk (save "{told["save"]}"): each holds it up, and where one fails it takes'
            " no writes until one succeeds.",
            remedy,
        )
    policy = told.get("maxmemory-policy", "")
    if policy == "noeviction" and told.get("maxmemory") == "0":
        yield advice(
            "Redis takes all memory there is: it has no maxmemory, and forgets nothing by itself.", remedy
        )
    elif policy and not policy.startswith("allkeys-"):
        yield Finding(
            f"Redis may be full and then takes no writes: its maxmemory-policy is {policy}.",
            remedy,
        )


def examine_mail() -> Iterator[Finding]:
    """Find a mail server that does not take us, without sending anything; and mail that goes nowhere."""
    if "smtp" not in settings.EMAIL_BACKEND:
        yield advice(
            "No mail reaches anybody: nobody can confirm an address or choose a new password.",
            f"Write EMAIL_URL=smtp+tls://user:password@host into {SETTINGS_FILE}, then systemctl restart eventmate.",
        )
        return
    connection = get_connection(timeout=MAIL_SECONDS)
    try:
        connection.open()
    except OSError as error:  # SMTPException is one
        yield Finding(
            f"The mail server {settings.EMAIL_HOST}:{settings.EMAIL_PORT} does not take mail from us: {first_line(error)}.",
            f"Look at EMAIL_URL in {SETTINGS_FILE}, and whether a firewall stands between.",
        )
    else:
        connection.close()


def examine_static_files() -> Iterator[Finding]:
    """Find style sheets and scripts that nobody has collected: every page would fail."""
    manifest = Path(settings.STATIC_ROOT) / manifest_name()
    if not manifest.exists():
        yield Finding(
            f"{manifest} is missing: no page can name its style sheet.",
            "eventmate collectstatic --no-input, then systemctl restart eventmate.",
        )


def examine_backups() -> Iterator[Finding]:
    """Find backups that are old, failed or were never tried."""
    folder = Path(settings.BACKUP_DIR)
    backup, drill = read_record(folder, LAST_BACKUP), read_record(folder, LAST_DRILL)
    succeeded = _moment(backup.get("succeeded_at"))
    if not succeeded:
        if is_installed():  # where nothing is installed nobody expects one
            yield Finding(
                "There is no backup.",
                "systemctl start eventmate-backup, then journalctl -u eventmate-backup.",
            )
        return
    if timezone.now() - succeeded > OLDEST_BACKUP:
        why = f" The last try failed: {backup.get('reason')}" if not backup.get("ok") else ""
        yield Finding(
            f"The newest backup is {_days(timezone.now() - succeeded)} old.{why}",
            "systemctl list-timers eventmate-backup.timer; journalctl -u eventmate-backup; systemctl start eventmate-backup.",
        )
    tried = _moment(drill.get("succeeded_at"))
    if drill and not drill.get("ok"):
        yield Finding(
            "The last restore drill failed: this backup may be of no use.",
            "journalctl -u eventmate-restore-drill says why; then systemctl start eventmate-restore-drill.",
        )
    elif tried and timezone.now() - tried > OLDEST_DRILL:
        yield advice(
            f"The last restore drill was {_days(timezone.now() - tried)} ago.",
            "systemctl list-timers eventmate-restore-drill.timer; systemctl start eventmate-restore-drill.",
        )


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _days(length: timedelta) -> str:
    hours = int(length.total_seconds() // 3600)
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"


EXAMINATIONS: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
    ("settings", examine_settings),
    ("units of systemd", examine_units),
    ("database", examine_database),
    ("disks", examine_disks),
    ("Redis", examine_redis),
    ("mail", examine_mail),
    ("static files", examine_static_files),
    ("site", examine_site),
    ("certificate", examine_certificate),
    ("backups", examine_backups),
)
