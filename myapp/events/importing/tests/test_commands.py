"""The commands as an operator sees them: what they say, and the status they end with."""

import io
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from myapp.events.importing import deadline, icalendar_files
from myapp.events.importing.tests.reading_of import calendar
from myapp.events.models import Event, Organisation, OrganisationKind
from myapp.testing.factories import make_organisation
from myapp.testing.needs import needs_shared_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def feed(tmp_path):
    path = tmp_path / "astronomy_club.ics"
    path.write_bytes(
        calendar("UID:1\nSUMMARY:Talk\nDTSTART:20271120T180000Z", "UID:2\nSUMMARY:\x1b[2JNo start")
    )
    return str(path)


def run(command: str, *args: str, **options) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command(command, *args, stdout=out, stderr=io.StringIO(), **options)
    except SystemExit as error:
        return int(error.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_report_says_what_was_done_and_what_was_not(feed):
    status, said = run("import_events", feed)
    assert status == 0
    assert "1 created, 0 updated, 0 unchanged, 0 cancelled, 1 skipped" in said
    assert "It has no start." in said
    assert "\x1b" not in said
    assert Event.objects.get().organisation.name == "astronomy club"
    assert "0 created, 0 updated, 1 unchanged" in run("import_events", feed)[1]


def test_file_that_is_refused_does_not_keep_the_others(feed, tmp_path):
    (tmp_path / "page.ics").write_text("<html>Sign in</html>")
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04" + b"\x00" * 100)
    (tmp_path / "empty.csv").write_bytes(b"")
    others = [str(tmp_path / name) for name in ("page.ics", "book.xlsx", "empty.csv", "nowhere.ics")]
    status, said = run("import_events", *others, feed)
    assert status == 1
    assert said.count("refused. ") == 4
    assert "5 sources, 4 refused: 1 created" in said


def test_file_of_nothing_ends_in_status_one(tmp_path):
    path = tmp_path / "none.ics"
    path.write_bytes(calendar())
    assert run("import_events", str(path))[0] == 1


def test_dry_run_changes_nothing(feed):
    status, said = run("import_events", feed, "--dry-run")
    assert (status, Event.objects.count()) == (0, 0)
    assert "would be 1 created" in said


@pytest.mark.parametrize(
    "args",
    [
        ["--timezone", "Narnia"],
        ["--horizon", "-1"],
        ["--source", "one"],
        ["--organisation", "Nobody", "--dry-run"],
    ],
)
def test_command_called_wrongly_ends_in_status_two(feed, args):
    with pytest.raises(CommandError) as caught:
        run("import_events", feed, *([feed] if "--source" in args else []), *args)
    assert caught.value.returncode == 2


def test_events_of_one_organisation_by_slug_by_name_or_new(feed):
    club = make_organisation("Chess Club")
    for name in (club.slug, "CHESS CLUB"):
        run("import_events", feed, "--organisation", name)
        assert Event.objects.get().organisation == club
    run("import_events", feed, "--organisation", "Go Club")
    assert Event.objects.get().organisation.name == "Go Club"


def test_poisoned_file_is_refused_in_its_time(feed, monkeypatch):
    def forever(*_args):
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # noqa: BLE001 - what libraries do
                continue

    monkeypatch.setattr(deadline, "SECONDS", 0.2)
    monkeypatch.setattr(icalendar_files, "parse", forever)
    status, said = run("import_events", feed)
    assert status == 1
    assert "Reading it takes longer than" in said


def test_reader_that_breaks_is_a_sentence(feed, monkeypatch, caplog):
    def broken(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(icalendar_files, "parse", broken)
    status, said = run("import_events", feed)
    assert status == 1
    assert "It could not be read; the log says why." in said
    assert "ZeroDivisionError" in caplog.text


def test_same_name_in_another_folder_is_another_source(feed, tmp_path):
    other = tmp_path / "other" / Path(feed).name
    other.parent.mkdir()
    other.write_bytes(calendar("UID:3\nSUMMARY:Walk\nDTSTART:20271121T180000Z"))
    run("import_events", feed)
    run("import_events", str(other), "--mirror")
    assert set(Event.objects.values_list("status", flat=True)) == {"published"}


# Organisations

CLUBS = """Name,Categories,Application,Description,Time
Chess Club,Social & Hobby$Club Sport,True,We play.,Fridays
{in}Visible,Department Group or Program,False,,
 chess club ,Other,False,Other words,Mondays
,x,False,,
CafÃ© SociÃ©tÃ©,Honor Society,False,<b>Bold</b> & brave,
Sev±oritas,Acapella Groups,True,,
"""


@pytest.fixture
def clubs(tmp_path):
    path = tmp_path / "clubs.csv"
    path.write_text(CLUBS, "utf-8")
    return str(path)


def test_organisations_are_made_once_and_as_told(clubs):
    status, said = run("import_organisations", clubs)
    assert status == 0
    assert "4 created, 0 updated, 0 unchanged, 2 skipped" in said
    assert "“chess club” stands in row 2 already" in said
    assert "“Sev±oritas” may have garbled letters" in said
    chess = Organisation.objects.get(slug="chess-club")
    assert (chess.name, chess.tags, chess.application_required) == (
        "Chess Club",
        ["Social & Hobby", "Club Sport"],
        True,
    )
    assert (chess.description, chess.meeting_time, chess.summary) == ("We play.", "Fridays", "We play.")
    assert Organisation.objects.get(name="Café Société").description == "**Bold** & brave"
    assert Organisation.objects.get(name="{in}Visible").kind == OrganisationKind.DEPARTMENT
    assert "0 created, 0 updated, 4 unchanged" in run("import_organisations", clubs)[1]


def test_organisation_that_people_made_keeps_its_words(clubs):
    make_organisation("chess CLUB", description="Ours.", application_required=False)
    run("import_organisations", clubs)
    chess = Organisation.objects.get(name="chess CLUB")
    assert (chess.description, chess.meeting_time) == ("Ours.", "Fridays")


def test_table_without_names_is_refused(tmp_path):
    path = tmp_path / "clubs.csv"
    path.write_text("Title\nx\n")
    status, said = run("import_organisations", str(path))
    assert (status, Organisation.objects.count()) == (1, 0)
    assert "Name is missing" in said


def test_real_organisations_are_all_taken():
    path = str(needs_shared_data("clubs-uva", "clubs.csv.gz"))
    status, said = run("import_organisations", path)
    assert status == 0
    assert "778 created, 0 updated, 0 unchanged, 8 skipped" in said
    assert "0 created, 0 updated, 778 unchanged, 8 skipped" in run("import_organisations", path)[1]
