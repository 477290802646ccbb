"""Backups for real: what is in them, and what is left when one fails."""

import datetime as dt
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from eventmate.backups import making
from eventmate.backups.errors import BackupError
from eventmate.backups.making import backups, make_backup
from eventmate.backups.records import read_record, write_record
from eventmate.backups.server import Database, count_rows, find_program, major_version
from myapp.events.models import Event
from myapp.testing.factories import make_event
from myapp.testing.needs import missing, needs_program

pytestmark = pytest.mark.django_db(transaction=True)  # pg_dump sees what is committed
ROOT = Path(__file__).resolve().parents[2]
MOMENT = dt.datetime(2026, 11, 21, 3, 15, tzinfo=dt.UTC)


@pytest.fixture
def folder(tmp_path, settings):
    """A place for backups, and pictures of this test only."""
    settings.BACKUP_DIR, settings.BACKUP_RECIPIENT = tmp_path / "backups", ""
    settings.MEDIA_ROOT = tmp_path / "media"
    (settings.MEDIA_ROOT / "posters").mkdir(parents=True)
    return settings.BACKUP_DIR


@pytest.fixture
def keys(tmp_path, settings):
    """A key pair of age's: the file of the public key, which seals, and the file of the private one."""
    age_keygen = needs_program("age (Debian: age)", "age-keygen")
    private, public = tmp_path / "private.key", tmp_path / "public.key"
    subprocess.run([age_keygen, "-o", private], check=True, capture_output=True)
    public.write_bytes(subprocess.run([age_keygen, "-y", private], check=True, capture_output=True).stdout)
    settings.BACKUP_RECIPIENT = str(public)
    return public, private


def manifest(backup: Path) -> dict:
    told: dict = json.loads((backup / "manifest.json").read_text())
    return told


def contents(backup: Path) -> str:
    """Return what pg_restore reads in a dump, as SQL."""
    with Database.live().connect() as connection:
        pg_restore = find_program("pg_restore", major_version(connection))
    return subprocess.run(
        [pg_restore, "-f", "-", backup / "database.dump"], check=True, capture_output=True, text=True
    ).stdout


def unfinished(folder: Path) -> list[str]:
    return [
        path.name for path in folder.iterdir() if path.name.startswith(".part") or path.name.endswith("~")
    ]


def test_a_backup_holds_the_database_and_says_what_is_in_it(folder, settings):
    make_event("Kites at dusk")
    (settings.MEDIA_ROOT / "posters" / "kites.jpg").write_bytes(b"kites")

    made = make_backup(folder, moment=MOMENT)

    assert made.folder == folder / "20261121T031500Z"
    told = manifest(made.folder)
    assert told["rows"]["public.events_event"] == 1
    assert told["rows"]["public.django_migrations"] > 10
    assert told["made_at"] == MOMENT.isoformat()
    assert told["pictures"] == {"kind": "files", "number": 1, "bytes": 5, "missing": 0}
    assert "Kites at dusk" in contents(made.folder)
    listed = [json.loads(line) for line in (made.folder / "media.jsonl").read_text().splitlines()]
    assert [(each["name"], each["bytes"]) for each in listed] == [("posters/kites.jpg", 5)]
    assert unfinished(folder) == []


def test_only_the_owner_can_read_it(folder):
    made = make_backup(folder)

    assert {stat.S_IMODE(path.stat().st_mode) for path in made.folder.iterdir()} == {0o600}
    assert stat.S_IMODE(made.folder.stat().st_mode) == stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_dump_and_counts_are_of_one_moment(folder, monkeypatch):
    """What is committed between the counting and the dumping is in neither."""
    make_event("Before")

    def count_and_let_others_write(snapshot):
        counted = count_rows(snapshot)
        writing = threading.Thread(target=write_from_outside)
        writing.start()
        writing.join()
        return counted

    def write_from_outside():
        with Database.live().connect() as outside:
            outside.execute("UPDATE events_event SET title = 'Changed meanwhile'")
            outside.execute("DELETE FROM django_session")

    monkeypatch.setattr(making, "count_rows", count_and_let_others_write)
    made = make_backup(folder)

    assert Event.objects.get().title == "Changed meanwhile"
    assert "Changed meanwhile" not in contents(made.folder)
    assert "Before" in contents(made.folder)


def test_a_picture_that_is_gone_is_told(folder, capsys):
    event = make_event("Kites")
    Event.objects.filter(pk=event.pk).update(poster="posters/gone.jpg")

    call_command("backup")

    assert "1 pictures that the database names are not under MEDIA_ROOT" in capsys.readouterr().err


def test_with_cloudinary_the_names_in_the_database_are_listed(folder, settings):
    settings.CLOUDINARY_URL = "cloudinary://key:secret@campus"
    event = make_event("Kites")
    Event.objects.filter(pk=event.pk).update(poster="posters/kites.webp")

    made = make_backup(folder)

    assert (made.folder / "media.jsonl").read_text() == '{"name": "posters/kites.webp"}\n'
    assert manifest(made.folder)["pictures"]["kind"] == "cloudinary"


def test_sealed_it_tells_nothing_without_the_private_key(folder, keys):
    public, private = keys
    make_event("Kites at dusk")

    made = make_backup(folder, str(public))

    assert {path.name for path in made.folder.iterdir()} == {
        "manifest.json",
        "database.dump.age",
        "media.jsonl.age",
    }
    assert b"PGDMP" not in (made.folder / "database.dump.age").read_bytes()
    opened = subprocess.run(
        ["age", "-d", "-i", private, made.folder / "database.dump.age"], check=True, capture_output=True
    ).stdout
    assert opened.startswith(b"PGDMP")


def test_a_key_that_is_not_there_is_a_sentence_and_nothing_is_left(folder):
    needs_program("age (Debian: age)", "age")
    with pytest.raises(BackupError, match="BACKUP_RECIPIENT names /nowhere/key, which cannot be read"):
        make_backup(folder, "/nowhere/key")
    assert [*backups(folder), *unfinished(folder)] == []


def test_a_key_that_is_none_is_a_sentence_and_nothing_is_left(folder, tmp_path):
    needs_program("age (Debian: age)", "age")
    (tmp_path / "key").write_text("not a key")

    with pytest.raises(BackupError, match="age failed: "):
        make_backup(folder, str(tmp_path / "key"))
    assert [*backups(folder), *unfinished(folder)] == []


def test_the_command_says_what_it_did_and_keeps_it_for_the_watchers(folder, capsys):
    call_command("backup")

    (backup,) = backups(folder)
    said = capsys.readouterr().out
    assert said.startswith(f"{backup}: ")
    told = read_record(folder, "last-backup.json")
    assert told["ok"] is True
    assert told["finished_at"] == told["succeeded_at"]
    assert told["bytes"] == sum(path.stat().st_size for path in backup.iterdir())
    assert told["backup"] == backup.name


def test_a_failure_is_kept_too_beside_the_last_success(folder, settings):
    needs_program("age (Debian: age)", "age")
    folder.mkdir(parents=True)
    write_record(folder, "last-backup.json", ok=True)
    before = read_record(folder, "last-backup.json")
    settings.BACKUP_RECIPIENT = "/nowhere/key"

    with pytest.raises(CommandError, match="BACKUP_RECIPIENT") as caught:
        call_command("backup")

    assert caught.value.returncode == 1
    told = read_record(folder, "last-backup.json")
    assert (told["ok"], told["bytes"]) == (False, 0)
    assert "BACKUP_RECIPIENT" in told["reason"]
    assert told["succeeded_at"] == before["succeeded_at"]


def test_two_at_once_do_not_meet(folder):
    folder.mkdir(parents=True)
    with making._alone(folder), pytest.raises(BackupError, match="Another backup is under way"):
        make_backup(folder)


def test_what_a_killed_one_left_goes_and_old_ones_make_room(folder):
    folder.mkdir(parents=True)
    (folder / ".part-20260101T000000Z").mkdir()
    for day in range(40):
        make = folder / (MOMENT - dt.timedelta(days=day + 1)).strftime(making.NAME)
        make.mkdir()
        (make / "manifest.json").write_text("{}")
    (folder / "notes").mkdir()  # somebody else's

    made = make_backup(folder, moment=MOMENT)

    assert unfinished(folder) == []
    assert (folder / "notes").exists()
    assert backups(folder)[0] == made.folder
    assert 7 <= len(backups(folder)) <= 12
    assert len(made.removed) == 41 - len(backups(folder))


def test_a_database_that_is_gone_is_a_sentence(folder, settings, monkeypatch):
    gone = Database({"dbname": "eventmate", "host": str(folder), "port": "1"})
    monkeypatch.setattr(Database, "live", classmethod(lambda _: gone))

    with pytest.raises(BackupError, match=r"^The database does not let us in: .+\.$"):
        make_backup(folder)
    assert [*backups(folder), *unfinished(folder)] == []


def test_a_password_is_no_argument_of_a_program():
    database = Database({"dbname": "eventmate", "host": "db", "password": "hunter2", "sslmode": "require"})

    assert "hunter2" not in database.conninfo
    assert "sslmode=require" in database.conninfo
    assert database.environment["PGPASSWORD"] == "hunter2"


def test_a_full_disk_is_a_sentence_and_leaves_nothing(folder, tmp_path):
    """The definitions of the tables alone are more than the disk holds."""
    disk = tmp_path / "disk"
    disk.mkdir()
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    trial = [*apart, "mount", "-t", "tmpfs", "tmpfs", disk]
    if not shutil.which("unshare") or subprocess.run(trial, capture_output=True, check=False).returncode:
        missing("a namespace in which a small disk can be mounted")
    script = (
        f'mount -t tmpfs -o size=40k tmpfs {disk} || exit 99; "{sys.executable}" manage.py backup; status=$?;'
        f' find {disk} -mindepth 1 -name "*Z*"; exit $status'
    )
    words = Database.live()
    done = subprocess.run(
        [*apart, "sh", "-c", script],
        cwd=ROOT,
        env={
            **os.environ,
            "BACKUP_DIR": str(disk),
            "DATABASE_URL": f"postgresql:///{words.name}?host={words.words['host']}"
            f"&port={words.words['port']}&user={words.words['user']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"CommandError: There is no room left in {disk}")
    assert done.stdout == ""


def test_the_moment_in_a_name_is_utc(folder):
    local = timezone.get_fixed_timezone(-300)

    made = make_backup(folder, moment=MOMENT.astimezone(local))

    assert made.folder.name == "20261121T031500Z"
