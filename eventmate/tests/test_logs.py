"""Lines of the log: in either form they name the request and nobody's data."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as project
from django.core import mail
from django.db import DatabaseError, connection
from django.test import RequestFactory
from django.urls import resolve

from eventmate.error_mail import ErrorMail
from eventmate.log_files import SharedFile
from eventmate.logs import Json, Plain, logging_settings, without_people
from health import request_log
from myapp.web import traces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

    from myapp.accounts.models import User


class Lines(logging.Handler):
    """Keeps what is logged, in one form."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def told(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self.lines) if line["log.logger"] == logger]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Everything that is logged, as JSON, requests as well."""
    handler, logger = Lines(Json()), logging.getLogger("eventmate.requests")
    logging.getLogger().addHandler(handler)
    before = logger.level
    logger.setLevel("INFO")
    yield handler
    logger.setLevel(before)
    logging.getLogger().removeHandler(handler)


def record(message: str, *args: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("some.logger", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(more)
    return made


def test_a_line_is_one_json_object_with_ecs_names() -> None:
    told = json.loads(Json().format(record("two\nlines of %s", "\ud800 naïve")))

    assert told["message"] == "two\nlines of \ud800 naïve"
    assert told["log.level"] == "warning"
    assert told["log.logger"] == "some.logger"
    assert told["service.name"] == "eventmate"
    assert told["@timestamp"].endswith("+00:00")
    assert "\n" not in Json().format(record("two\nlines"))


@pytest.mark.django_db
def test_a_request_has_a_line(client: Client, lines: Lines) -> None:
    response = client.get("/about/")

    (told,) = lines.told("eventmate.requests")
    assert told["eventmate.route"] == "pages:about"
    assert told["http.request.method"] == "GET"
    assert told["http.response.status_code"] == response.status_code == 200
    assert told["event.duration"] > 0
    assert told["eventmate.milliseconds"] == pytest.approx(told["event.duration"] / 1e6, abs=0.1)
    assert told["eventmate.queries"] == 0
    assert len(told["http.request.id"]) == 32
    assert "user.id" not in told


def test_a_line_names_who_was_asked_for(ada: User, ada_browser: Client, lines: Lines) -> None:
    ada_browser.get("/_mine/shell/")
    ada_browser.get("/about/")

    island, public = lines.told("eventmate.requests")
    assert island["user.id"] == str(ada.pk)
    assert island["eventmate.queries"] > 0
    assert "user.id" not in public  # nobody asked, and the log does not begin to
    assert ada.email not in "".join(lines.lines)
    assert ada.username not in json.dumps(lines.told("eventmate.requests"))


@pytest.mark.django_db
def test_a_slow_request_is_a_warning_with_its_queries(
    client: Client, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "MANY_QUERIES", 0)
    client.get("/events/?q=secretword")

    (told,) = lines.told("eventmate.requests")
    assert told["log.level"] == "warning"
    assert told["message"].startswith("Slow: events:list 200 in ")
    assert told["eventmate.queries"] == sum(
        int(each.split(" × ")[0]) for each in told["eventmate.statements"]
    )
    assert all("SELECT" in each for each in told["eventmate.statements"])
    assert "secretword" not in "".join(lines.lines)


@pytest.mark.django_db
def test_a_request_that_takes_long_is_a_warning(
    client: Client, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "SLOW_SECONDS", 0.0)
    client.get("/about/")

    assert lines.told("eventmate.requests")[0]["log.level"] == "warning"


def test_the_plain_form_lists_the_queries_below(rf: RequestFactory) -> None:
    handler = Lines(Plain())
    request_log.logger.addHandler(handler)
    trace = traces.Trace(rf.get("/"))
    trace.queries, trace.statements = 21, ["SELECT  1\n"] * 20 + ["SELECT 2"]
    request_log.log_request(trace, 200, 0.01)
    request_log.logger.removeHandler(handler)

    assert (
        handler.lines[0]
        .splitlines()[0]
        .startswith("WARNING eventmate.requests: Slow: nowhere 200 in 10 ms, 21 queries")
    )
    assert handler.lines[0].splitlines()[1:] == [
        "    20 × SELECT 1",
        f"    1 × SELECT 2 [{trace.id}, nowhere]",
    ]


def test_nothing_is_made_of_a_request_that_nobody_wants_to_read(rf: RequestFactory) -> None:
    trace = traces.Trace(rf.get("/"))
    logging.getLogger("eventmate.requests").setLevel("WARNING")
    request_log.log_request(trace, 200, 0.01)

    assert trace._id == ""


@pytest.mark.django_db
def test_a_database_error_is_logged_without_the_row(lines: Lines) -> None:
    about_jo = ["jo@example.edu 4 Elm Road"]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t (a text UNIQUE)")
        cursor.execute("INSERT INTO t VALUES (%s)", about_jo)
        try:
            cursor.execute("INSERT INTO t VALUES (%s)", about_jo)
        except DatabaseError:
            logging.getLogger("some").exception("It broke")

    (told,) = lines.told("some")
    assert told["error.type"] == "IntegrityError"
    assert told["error.message"] == 'duplicate key value violates unique constraint "t_a_key"'
    assert "The above exception was the direct cause" in told["error.stack_trace"]
    assert "Elm" not in lines.lines[-1]
    assert "jo@" not in lines.lines[-1]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "invalid input syntax for type uuid: \"my diary\"\nLINE 1: SELECT 'my diary'",
            "invalid input syntax for type uuid",
        ),
        ("no room for ada.lovelace+x@maths.example.edu here", "no room for …@… here"),
        ("<a@b.example>, c@d.example;", "<…@…>, …@…;"),
        ("a @ b, user@host", "a @ b, user@host"),
        ("bad row\nDETAIL:  Failing row contains (1,\nmy diary).", "bad row"),
    ],
)
def test_texts_of_errors_lose_what_is_about_people(text: str, left: str) -> None:
    assert without_people(text) == left


@pytest.mark.parametrize("form", [Plain(), Json()], ids=["plain", "json"])
def test_a_path_that_is_a_key_is_told_by_its_pattern(rf: RequestFactory, form: logging.Formatter) -> None:
    request = rf.get("/accounts/confirm-email/MTIz:secretkey/")
    request.resolver_match = resolve(request.path)

    line = form.format(record("Not Found: %s", request.path, request=request))

    assert "secretkey" not in line
    assert "/accounts/confirm-email/" in line


def test_the_path_of_a_page_is_told(rf: RequestFactory) -> None:
    request = rf.get("/events/moon-walk-0123456789/")
    request.resolver_match = resolve(request.path)

    assert "/events/moon-walk-0123456789/" in Plain().format(
        record("Gone: %s", request.path, request=request)
    )


def test_an_address_in_any_line_is_masked() -> None:
    assert "jo@" not in Plain().format(record("mail to %s failed", "jo@example.edu"))
    assert "jo@" not in Json().format(record("mail to %s failed", "jo@example.edu"))


@pytest.mark.django_db
def test_a_broken_page_says_its_number_in_page_log_and_mail(
    client: Client, lines: Lines, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("wheel came off for " + "jo@example.edu")

    settings.ADMINS = [("", "ops@example.edu")]
    client.raise_request_exception = False
    handler = ErrorMail()
    handler.setFormatter(Plain())
    handler.setLevel("ERROR")
    logging.getLogger().addHandler(handler)
    monkeypatch.setattr("myapp.mine.views.render", broken)
    try:
        response = client.get("/_mine/shell/")
    finally:
        logging.getLogger().removeHandler(handler)

    assert response.status_code == 500
    number = response["X-Request-ID"]
    assert number in response.content.decode()
    told = next(line for line in lines.told("django.request") if "error.type" in line)
    assert told["http.request.id"] == number
    (sent,) = mail.outbox
    assert number in sent.subject
    assert number in sent.body
    assert "RuntimeError: wheel came off for …@…" in sent.body
    assert "for jo@" not in sent.body + "".join(lines.lines)


def test_error_mails_do_not_come_in_a_flood(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ADMINS = [("", "ops@example.edu")]
    now = [1000.0]
    monkeypatch.setattr("eventmate.error_mail.time.monotonic", lambda: now[0])
    handler = ErrorMail()
    for _ in range(5):
        handler.handle(record("broken"))
    now[0] += 61
    handler.handle(record("broken"))

    assert len(mail.outbox) == 2
    assert "4 more since the last mail" in mail.outbox[1].body


def test_a_forged_host_is_logged_and_not_mailed(tmp_path: Path) -> None:
    made = logging_settings(form="json", level="WARNING", requests="made", file=tmp_path / "log", mail=True)

    assert made["root"]["handlers"] == ["stderr", "file", "mail"]
    assert made["loggers"]["django.security.DisallowedHost"] == {
        "handlers": ["stderr", "file"],
        "propagate": False,
    }
    assert made["loggers"]["django"]["handlers"] == []


def test_many_processes_write_one_file_and_lose_nothing(tmp_path: Path) -> None:
    writer = """
import logging, pathlib, sys
from eventmate.log_files import SharedFile
handler = SharedFile(pathlib.Path(sys.argv[1]), most_bytes=4000, kept=60)
for n in range(500):
    handler.handle(logging.LogRecord("x", 20, "", 1, f"{sys.argv[2]} {n} " + "." * 40, (), None))
"""
    command = [sys.executable, "-c", writer, str(tmp_path / "log")]
    running = [subprocess.Popen([*command, name], cwd=project.BASE_DIR) for name in "abc"]
    assert [process.wait(60) for process in running] == [0, 0, 0]

    files = [path for path in tmp_path.glob("log*") if path.suffix != ".lock"]
    written = [line.split(" ") for path in files for line in path.read_text().splitlines()]
    assert sorted((name, int(number)) for name, number, _ in written) == [
        (n, i) for n in "abc" for i in range(500)
    ]
    assert len(files) > 10
    assert max(path.stat().st_size for path in files) < 4400


def test_the_oldest_file_goes(tmp_path: Path) -> None:
    handler = SharedFile(tmp_path / "log", most_bytes=1, kept=2)
    for number in range(6):
        handler.handle(logging.LogRecord("x", 20, "", 1, str(number), (), None))
    handler.close()

    kept = {path.name: path.read_text().strip() for path in tmp_path.glob("log*") if path.suffix != ".lock"}
    assert kept == {"log": "5", "log.1": "4", "log.2": "3"}


def test_a_file_that_cannot_be_written_ends_no_request(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    handler = SharedFile(tmp_path / "missing" / "log")
    handler.handle(record("lost"))

    assert "FileNotFoundError" in capfd.readouterr().err
