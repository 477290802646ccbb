"""The log that anybody can read, keep and check, and what happens to one that was tampered with."""

from __future__ import annotations

import hashlib
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from myapp.registrations.actions import cancel, save_desk, set_capacity
from myapp.registrations.layout import Layout, fingerprint
from myapp.registrations.log_file import head_of, text_of, wrong_with_file
from myapp.registrations.models import Desk, TicketType
from myapp.registrations.queries import desk_or_404
from myapp.registrations.verification import NotReadable, wrong_with_log
from myapp.testing.factories import make_event, make_person, make_registration
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(desk, ticket, omar) -> Desk:
    """Two places; five came, one gave theirs back, one more place was added."""
    came = [make_registration(ticket, make_person(f"Person <{number}>")) for number in range(5)]
    cancel(came[0], acting_user=came[0].user)
    set_capacity(desk, 3, acting_user=omar)
    return desk_or_404(desk.event)


def lines_of(desk: Desk) -> list[str]:
    return [row for row in text_of(desk_or_404(desk.event)).splitlines() if not row.startswith("#")]


@one_and_three
def test_the_page_costs_the_same_for_one_row_and_for_three(desk, ticket, visitor, rows: int) -> None:
    for _ in range(rows):
        make_registration(ticket)

    with queries(5):  # event; desk, types, questions; lines
        page = visitor.get(f"/events/{desk.event.slug}/log/").content.decode()

    assert page.count("<code>") == rows + 4  # and four in the head


def test_the_page_shows_nobodys_name_and_comes_in_pieces(busy, visitor, monkeypatch) -> None:
    monkeypatch.setattr("myapp.registrations.views.proof._LINES", 4)
    address = f"/events/{busy.event.slug}/log/"

    first = visitor.get(address).content.decode()

    assert "Person" not in first
    assert "On the waiting list" not in first  # the newest come first
    assert head_of(busy).signature in first
    more = first.partition('href="?after=')[2].partition('"')[0]
    assert "On the waiting list" in visitor.get(f"{address}?after={more}").content.decode()


@pytest.mark.parametrize("query", ["after=x", "after=%00", "after=W10"])
def test_a_page_that_is_not_there_is_a_bad_request(busy, visitor, query: str) -> None:
    assert visitor.get(f"/events/{busy.event.slug}/log/?{query}").status_code == 400


def test_an_old_address_leads_to_the_new_one(busy, visitor) -> None:
    answer = visitor.get(f"/events/other-{busy.event.code}/log/")

    assert (answer.status_code, answer["Location"]) == (301, f"/events/{busy.event.slug}/log/")


def test_the_file_is_whole_and_signed(busy, visitor) -> None:
    text = visitor.get(f"/events/{busy.event.slug}/log.txt").content.decode()

    assert list(wrong_with_file(text, ours=True)) == []
    assert list(wrong_with_file(text)) == []
    assert "Person" not in text


TAMPERED = {
    "a line changed": lambda text: text.replace("|confirmed|was_free|", "|confirmed|came_free|", 1),
    "a line taken out": lambda text: (
        "\n".join(row for row in text.splitlines() if not row.startswith("3|")) + "\n"
    ),
    "the last line taken off": lambda text: "\n".join(text.splitlines()[:-1]) + "\n",
    "two lines swapped": lambda text: "\n".join([*text.splitlines()[:-2], *text.splitlines()[:-3:-1]]) + "\n",
    "another head": lambda text: text.replace("# head ", "# head 0", 1),
    "another event": lambda text: text.replace("# event ", "# event x", 1),
    "no signature": lambda text: text.replace("# signature ", "# signature =", 1),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
@pytest.mark.parametrize("ours", [True, False])
def test_a_file_that_was_tampered_with_is_found(busy, tamper, ours: bool) -> None:
    changed = tamper(text_of(busy))

    assert changed != text_of(busy)
    assert list(wrong_with_file(changed, ours=ours)) != []


def test_a_file_signed_by_somebody_else_is_not_ours(busy) -> None:
    with override_settings(SECRET_KEY="another-secret-0123456789-abcdefghijklmnopqrstuvwxyz"):
        theirs = text_of(busy)

    assert list(wrong_with_file(theirs)) == []
    assert list(wrong_with_file(theirs, ours=True)) == ["The head is not signed by this site."]


@pytest.mark.parametrize("text", ["", "x", "\0", "# EventMate log 2\n", "{}"])
def test_what_is_no_log_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotReadable):
        list(wrong_with_file(text))


def chained(*told: str) -> list[str]:
    """Lines with a chain that is right, whatever they say."""
    digest, lines = "", []
    for number, text in enumerate(told, start=1):
        line = f"{number}|2026-11-21T06:00:00.000000Z|{text}"
        digest = hashlib.sha256(f"{digest}|{line}".encode()).hexdigest()
        lines.append(f"{line}|{digest}")
    return lines


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (["a|1|waiting|was_full|1|1", "b|1|waiting|was_full|1|2", "a|1|confirmed|came_free|1|1"], ""),
        (["a|1|waiting|was_full|1|1", "b|1|waiting|was_full|1|2", "b|1|confirmed|came_free|1|2"], "before a"),
        (["a|1|waiting|was_full|1|1", "b|1|waiting|was_full|1|2", "b|1|offered|more_places|1|2"], "before a"),
        (["a|1|waiting|was_full|1|1", "b|2|waiting|was_full|1|2", "b|2|confirmed|came_free|1|2"], ""),
        (["a|1|waiting|was_full|1|2", "b|1|waiting|was_full|1|1"], "given before"),
        (
            ["||capacity||1|", "a|1|confirmed|was_free|1|", "b|1|confirmed|was_free|1|"],
            "2 places of the event",
        ),
        (["|1|capacity||1|", "a|1|held|was_free|1|", "a|1|expired|x|1|", "b|1|held|was_free|1|"], ""),
        (["|1|capacity||1|", "a|1|confirmed|was_free|2|"], "2 places of ticket type 1"),
        (["||capacity||1|", "||capacity|||", "a|1|confirmed|was_free|2|"], ""),
    ],
)
def test_the_order_is_looked_at_too(told: list[str], wrong: str) -> None:
    sentences = list(wrong_with_log(chained(*told)))

    assert bool(sentences) is bool(wrong)
    if wrong:
        assert wrong in sentences[0]


def test_the_command_checks_an_event_and_a_file(busy, tmp_path) -> None:
    out = StringIO()
    call_command("verify_log", busy.event.slug, stdout=out)
    assert "The log is whole" in out.getvalue()

    file = tmp_path / "log.txt"
    file.write_text(text_of(busy).replace("|cancelled|", "|refused|", 1))
    with pytest.raises(CommandError, match="does not follow"):
        call_command("verify_log", str(file))


def test_the_log_of_a_desk_set_up_by_its_page_knows_every_capacity(event_of_omar, omar) -> None:
    desk = Desk(event=event_of_omar, capacity=1)
    save_desk(event_of_omar, Layout(desk, types=[TicketType(name="One", capacity=1)]), acting_user=omar)
    saved = desk_or_404(event_of_omar)
    assert fingerprint(saved)
    for _ in range(2):
        make_registration(saved.types.all()[0])

    assert list(wrong_with_log(lines_of(saved))) == []
    assert [line.split("|")[4] for line in lines_of(saved)] == [
        "capacity",
        "capacity",
        "confirmed",
        "waiting",
    ]


@pytest.fixture
def event_of_omar(omars_club):
    return make_event(organisation=omars_club)
