"""Backups, and whether the doctor sees what is wrong."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machine import CURRENT, DOMAIN, SETTINGS, must, sh
from manual import commands

BACKUPS = Path("/var/backups/eventmate")
KEYS = Path("/root/another-machine")
PICTURE = Path("/var/lib/eventmate/media/rehearsed.png")
PSQL = "runuser -u postgres -- psql -qtAX -d eventmate -c"
TLS = Path("/etc/eventmate/tls")


def seal_the_backups() -> str:
    """Backups are sealed, and the drill gets a key of its own, by the lines in the manual."""
    KEYS.mkdir(mode=0o700)  # stands for another machine: the server gets the public half
    sh("\n".join([f"set -e; cd {KEYS}", *commands("backups.md", "Sealing", "age-keygen")]))
    sh(f"install -m 0644 {KEYS}/backup.pub /etc/eventmate/backup.pub")
    sh("\n".join(["set -e", *commands("backups.md", "The drill", "age-keygen")]))
    with SETTINGS.open("a") as file:
        file.write("BACKUP_RECIPIENT=/etc/eventmate/backup.pub\nBACKUP_IDENTITY=/etc/eventmate/drill.key\n")
    sh(f"printf picture >{PICTURE} && chown eventmate: {PICTURE}")
    return "two keys open them"


def back_up_and_drill() -> str:
    """A backup is made, sealed, and restoring it is tried."""
    sh(
        "systemctl start eventmate-backup && systemctl start eventmate-restore-drill && systemctl start eventmate-maintain"
    )
    for name in ("last-backup.json", "last-drill.json"):
        record = json.loads((BACKUPS / name).read_text())
        must(record["ok"], f"{name}: {record}")
    newest = max(path for path in BACKUPS.iterdir() if (path / "manifest.json").exists())
    found = sorted(path.name for path in newest.iterdir())
    must(found == ["database.dump.age", "manifest.json", "media.jsonl.age"], f"{newest} has {found}")
    must((BACKUPS.stat().st_mode & 0o777) == 0o700, "others can look into the backups")
    return sh(
        "journalctl -q --no-pager -o cat -u eventmate-restore-drill -n 20 | grep -v 'systemd\\|Starting\\|Finished\\|Deactivated' | tail -1"
    )


def the_doctor_finds_what_is_planted() -> str:
    """The doctor finds each of the planted faults, says what to do, and is content when it is gone."""
    faults = {
        "Redis does not work": _unit_stopped("redis-server"),
        "The database lacks what this release expects: sessions 0001_initial": _migration_forgotten(),
        "Others on this machine can read": _settings_readable(),
        "has ended; browsers refuse the site": _certificate_expired(),
        "The newest backup is": _backup_old(),
        "eventmate-backup.timer does not tick": _unit_stopped("eventmate-backup.timer"),
        "The settings are wrong: TIME_ZONE must be a zone": _setting("TIME_ZONE", "Brackwater"),
        "does not take mail from us": _setting("EMAIL_URL", "smtp://127.0.0.1:9"),
        "The clock says": _release_of_tomorrow(),
    }
    for sentence, fault in faults.items():
        with fault:
            said = sh("eventmate doctor", status=1)
            must(sentence in said, f"The doctor does not say {sentence!r} but\n{said}")
        must("Nothing is wrong." in sh("eventmate doctor"), "the fault is gone and the doctor is not content")
    return f"{len(faults)} of {len(faults)}"


@contextmanager
def _unit_stopped(name: str) -> Iterator[None]:
    sh(f"systemctl stop {name}")
    yield
    sh(f"systemctl start {name}")
    time.sleep(1)


@contextmanager
def _migration_forgotten() -> Iterator[None]:
    sh(f"{PSQL} \"DELETE FROM django_migrations WHERE app = 'sessions'\"")
    yield
    sh("eventmate migrate --fake sessions")


@contextmanager
def _settings_readable() -> Iterator[None]:
    SETTINGS.chmod(0o644)
    yield
    SETTINGS.chmod(0o600)


@contextmanager
def _setting(name: str, value: str) -> Iterator[None]:
    """Change a line as an operator's editor would."""
    before = SETTINGS.read_text()
    lines = [f"{name}={value}" if line.startswith(f"{name}=") else line for line in before.splitlines()]
    SETTINGS.write_text("\n".join(lines) + "\n")
    yield
    SETTINGS.write_text(before)


@contextmanager
def _certificate_expired() -> Iterator[None]:
    before, folder = TLS.readlink(), Path("/etc/eventmate/expired")
    folder.mkdir()
    sh(
        f"cd {folder} && openssl req -newkey rsa:2048 -nodes -subj /CN={DOMAIN} -keyout privkey.pem -out request.pem &&"
        " openssl x509 -req -in request.pem -signkey privkey.pem -days -1 -out fullchain.pem"
    )
    sh(f"ln -sfn {folder} {TLS} && systemctl reload nginx")
    time.sleep(1)
    yield
    sh(f"ln -sfn {before} {TLS} && systemctl reload nginx && rm -r {folder}")
    time.sleep(1)


@contextmanager
def _backup_old() -> Iterator[None]:
    record = BACKUPS / "last-backup.json"
    before = record.read_text()
    record.write_text(json.dumps(json.loads(before) | {"succeeded_at": "2020-01-01T00:00:00+00:00"}))
    yield
    record.write_text(before)


@contextmanager
def _release_of_tomorrow() -> Iterator[None]:
    release = CURRENT.resolve()
    before = release.stat()
    os.utime(release, (before.st_atime, time.time() + 86400))
    yield
    os.utime(release, (before.st_atime, before.st_mtime))
