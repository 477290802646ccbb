"""Restoring for real: into a scratch database, in place of the live one, and what must stop it."""

import datetime as dt
import json
import subprocess
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from psycopg.sql import SQL, Identifier

from eventmate import env
from eventmate.backups import restoring
from eventmate.backups.errors import BackupError
from eventmate.backups.making import make_backup
from eventmate.backups.records import read_record
from eventmate.backups.restoring import drill, newest, read_backup, replace_live
from eventmate.backups.server import Database, count_rows, find_program, major_version
from myapp.accounts.models import User
from myapp.events.models import Event
from myapp.testing.factories import make_event, make_person, make_room
from myapp.testing.needs import needs_program

pytestmark = pytest.mark.django_db(transaction=True)  # pg_dump sees what is committed
MOMENT = dt.datetime(2026, 11, 21, 3, 15, tzinfo=dt.UTC)
SCRATCH = "_drill"


@pytest.fixture
def folder(tmp_path, settings):
    """A place for backups, and pictures of this test only."""
    settings.BACKUP_DIR, settings.BACKUP_RECIPIENT = tmp_path / "backups", ""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.BACKUP_DIR


@pytest.fixture
def backup(folder):
    """A backup of two events in rooms, and a person."""
    make_event("Kites at dusk", room=make_room())
    make_event("Jazz", room=make_room())
    make_person("Ada")
    make_backup(folder, moment=MOMENT)
    return newest(folder)


@pytest.fixture
def left_over():
    """Drops what a test leaves beside the live database."""
    before = set(databases())
    yield
    with Database.live().named("postgres").connect() as server:
        for name in set(databases()) - before:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def databases() -> list[str]:
    """Ours and those made beside it; other test workers have their own in the same server."""
    live = Database.live()
    with live.named("postgres").connect() as server:
        found = server.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1", [live.name]
        )
        return [row[0] for row in found.fetchall()]


def spoil(backup, statement: str) -> Path:
    """Return a copy of a backup whose dump was made after a statement had spoilt the data, under the old manifest."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
    other = make_backup(backup.folder.parent, moment=MOMENT + dt.timedelta(hours=1)).folder
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["rows"] = backup.manifest["rows"]
    (other / "manifest.json").write_text(json.dumps(manifest))
    return other


def test_a_good_backup_passes_and_leaves_no_scratch_database(backup):
    before = databases()

    tried = drill(backup)

    assert tried.problems == []
    assert tried.rows == sum(backup.manifest["rows"].values())
    assert databases() == before
    assert Event.objects.count() == 2


def test_the_command_keeps_the_result_for_the_watchers(backup, folder, capsys):
    call_command("restore_drill")

    assert "is good" in capsys.readouterr().out
    told = read_record(folder, "last-drill.json")
    assert (told["ok"], told["problems"], told["backup"]) == (True, [], "20261121T031500Z")


def test_a_second_drill_leaves_the_first_alone(backup, folder, left_over):
    live = Database.live()
    scratch = f"{live.name}{SCRATCH}"
    with live.named("postgres").connect() as server:
        restoring._reserve(server, scratch)
        restoring._create(server, live, scratch)
        with pytest.raises(CommandError, match="Another restore drill is under way") as caught:
            call_command("restore_drill")
        assert scratch in databases()  # the first one's
        assert not (folder / "last-drill.json").exists()
        assert drill(backup, f"{scratch}_2").problems == []
    assert caught.value.returncode == 75

    assert drill(backup).problems == []  # one that was killed keeps nobody out


def test_rows_that_are_missing_are_told(backup):
    tried = drill(read_backup(spoil(backup, "DELETE FROM events_event WHERE title = 'Jazz'")))

    assert tried.problems == ["public.events_event has 1 rows restored, 2 rows when it was backed up."]


def test_texts_that_do_not_agree_are_told(backup):
    code = Event.objects.get(title="Jazz").code

    tried = drill(
        read_backup(spoil(backup, "UPDATE events_event SET place_label = 'Elsewhere' WHERE title = 'Jazz'"))
    )

    assert tried.problems == [f"The event {code} does not agree with its data in: place_label."]


def test_a_constraint_that_was_never_validated_is_told(backup):
    tried = drill(
        read_backup(
            spoil(
                backup,
                "ALTER TABLE venues_room ADD CONSTRAINT small CHECK (capacity < 100000) NOT VALID",
            )
        )
    )
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE venues_room DROP CONSTRAINT small")

    assert tried.problems == ["The constraint small of venues_room has not been validated."]


def test_a_backup_of_a_newer_version_is_told(backup):
    insert = "INSERT INTO django_migrations (app, name, applied) VALUES ('events', '9999_later', now())"
    tried = drill(read_backup(spoil(backup, insert)))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE name = '9999_later'")

    assert (
        "The migration events.9999_later is of another version of EventMate than this one." in tried.problems
    )


def test_an_older_backup_is_brought_to_this_version(backup):
    """The last migration is taken back, backed up so, and made again; the drill has to make it in the scratch."""
    (*_, before, last) = sorted(name for room, name in applied() if room == "events")
    call_command("migrate", "events", before, verbosity=0)
    try:
        make_backup(backup.folder.parent, moment=MOMENT + dt.timedelta(hours=1))
    finally:
        call_command("migrate", verbosity=0)
    older = newest(backup.folder.parent)

    assert older.folder != backup.folder
    assert drill(older).problems == []
    assert ("events", last) in applied()


def applied() -> set[tuple[str, str]]:
    return set(MigrationRecorder(connection).applied_migrations())


def test_a_database_whose_tables_have_gone_is_told(backup):
    with Database.live().connect() as live:
        live.execute("ALTER TABLE events_event RENAME COLUMN place TO somewhere")
    try:
        make_backup(backup.folder.parent, moment=MOMENT + dt.timedelta(hours=1))
    finally:
        with Database.live().connect() as live:
            live.execute("ALTER TABLE events_event RENAME COLUMN somewhere TO place")

    (problem,) = drill(newest(backup.folder.parent)).problems
    assert problem.startswith("It could not be looked at: ")


def test_a_url_keeps_whatever_a_password_may_hold(monkeypatch):
    words = {
        "dbname": "event mate",
        "host": "/run/x",
        "port": "5433",
        "user": "us&er",
        "password": "p@ss/w?rd#&=",
    }
    monkeypatch.setenv("DATABASE_URL", Database(words).url)

    read = env.database("DATABASE_URL")

    assert [read[name] for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD")] == list(words.values())


def test_the_live_database_is_never_the_scratch(backup):
    with pytest.raises(BackupError, match="is the live database; a drill never touches it"):
        drill(backup, Database.live().name)
    assert Event.objects.count() == 2


@pytest.mark.usefixtures("left_over")
def test_a_database_of_somebody_else_is_never_the_scratch(backup):
    live = Database.live()
    theirs = f"{live.name}{SCRATCH}"
    with live.named("postgres").connect() as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(theirs)))

    with pytest.raises(BackupError, match="which no drill has made; it stays as it is"):
        drill(backup)
    assert theirs in databases()


def test_what_a_killed_drill_left_is_no_hindrance(backup):
    live = Database.live()
    with live.named("postgres").connect() as server:
        name = Identifier(f"{live.name}{SCRATCH}")
        server.execute(SQL("CREATE DATABASE {}").format(name))
        server.execute(
            SQL("COMMENT ON DATABASE {} IS 'made by EventMate to try a backup; may be dropped'").format(name)
        )

    assert drill(backup).problems == []


def test_one_bit_that_changed_is_found_before_anything_is_restored(backup, folder):
    dump = backup.dump
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)

    with pytest.raises(CommandError, match="is not what was written: its SHA-256 differs"):
        call_command("restore_drill")
    told = read_record(folder, "last-drill.json")
    assert told["ok"] is False
    assert "SHA-256" in told["problems"][0]


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"format": 1, "files": {}, "rows": {}}', '{"format": 2}', "\x00"]
)
def test_a_manifest_that_makes_no_sense_is_a_sentence(backup, content):
    (backup.folder / "manifest.json").write_text(content)

    with pytest.raises(BackupError, match=r"no manifest of a backup|newer EventMate"):
        read_backup(backup.folder)


def test_without_a_backup_the_drill_fails(folder):
    folder.mkdir()

    with pytest.raises(CommandError, match="There is no backup in "):
        call_command("restore_drill")
    assert read_record(folder, "last-drill.json")["ok"] is False


def test_a_sealed_backup_is_tried_with_the_private_key_only(folder, tmp_path):
    age_keygen = needs_program("age (Debian: age)", "age-keygen")
    for name in ("right", "wrong"):
        subprocess.run([age_keygen, "-o", tmp_path / name], check=True, capture_output=True)
    public = tmp_path / "public"
    public.write_bytes(
        subprocess.run([age_keygen, "-y", tmp_path / "right"], check=True, capture_output=True).stdout
    )
    make_event("Kites")
    make_backup(folder, str(public))

    assert drill(newest(folder), identity=str(tmp_path / "right")).problems == []
    with pytest.raises(BackupError, match=r"is sealed\. Name the file of the private key"):
        drill(newest(folder))
    with pytest.raises(BackupError, match=r"age failed: .*no identity matched"):
        drill(newest(folder), identity=str(tmp_path / "wrong"))


def test_a_role_that_may_not_make_databases_is_told_what_to_ask_for(backup, monkeypatch):
    live = Database.live()
    with live.named("postgres").connect() as server:
        server.execute("DROP ROLE IF EXISTS humble")
        server.execute("CREATE ROLE humble LOGIN")
    monkeypatch.setattr(Database, "live", classmethod(lambda _: Database(live.words | {"user": "humble"})))
    try:
        with pytest.raises(BackupError, match="ALTER ROLE humble CREATEDB;"):
            drill(backup)
    finally:
        with live.named("postgres").connect() as server:
            server.execute("DROP ROLE humble")


@pytest.mark.usefixtures("left_over")
def test_restoring_takes_the_place_of_the_live_database_and_deletes_nothing(backup, capsys):
    live = Database.live()
    Event.objects.filter(title="Jazz").delete()
    make_person("Too late")

    call_command("restore", backup.folder)

    assert Event.objects.filter(title="Jazz").exists()
    assert not User.objects.filter(name="Too late").exists()
    make_event("A new one")  # sequences went on where they were
    (old,) = (name for name in databases() if name.startswith(f"{live.name}_before_"))
    with live.named(old).connect() as before:
        assert count_rows(before)["public.events_event"] == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{live.name} is now as it was at 2026-11-21T03:15:00+00:00.")
    assert old in said


@pytest.mark.usefixtures("left_over")
def test_restoring_where_there_is_no_database_yet_makes_it(backup, monkeypatch):
    live = Database.live()
    there = live.named(f"{live.name}_new_machine")
    monkeypatch.setattr(Database, "live", classmethod(lambda _: there))

    assert replace_live(backup, "20261121t040000z") == ""
    with there.connect() as restored:
        assert count_rows(restored) == backup.manifest["rows"]


@pytest.mark.usefixtures("left_over")
def test_restoring_waits_for_nobody_who_uses_the_database(backup):
    before = databases()

    with Database.live().connect(), pytest.raises(BackupError, match="1 other connections use the database"):
        replace_live(backup, "20261121t040000z")
    assert databases() == before


@pytest.mark.usefixtures("left_over")
def test_restoring_what_is_not_whole_changes_nothing(backup):
    before = databases()
    other = spoil(backup, "DELETE FROM events_event WHERE title = 'Jazz'")

    with pytest.raises(CommandError, match=r"Nothing was changed\. public\.events_event has 1 rows restored"):
        call_command("restore", other)
    assert databases() == before


@pytest.mark.usefixtures("left_over")
def test_by_hand_with_what_debian_brings(backup):
    """docs/backups.md says that nobody needs EventMate to restore a backup."""
    live = Database.live()
    by_hand = live.named(f"{live.name}_by_hand")
    with live.named("postgres").connect() as server:
        server.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(by_hand.name)))
        pg_restore = find_program("pg_restore", major_version(server))
    subprocess.run(
        [
            pg_restore,
            "--no-owner",
            "--exit-on-error",
            "-d",
            by_hand.conninfo,
            backup.folder / "database.dump",
        ],
        check=True,
        env=by_hand.environment,
    )
    with by_hand.connect() as restored:
        assert count_rows(restored) == backup.manifest["rows"]
