"""Organisers see who comes, decide about those who asked, and take the list with them."""

from __future__ import annotations

import csv
import io

import pytest

from myapp.events.models import Event
from myapp.registrations import people
from myapp.registrations.actions import take_off
from myapp.registrations.models import Desk, Question, Registration, State
from myapp.testing.factories import make_desk, make_event, make_person, make_registration, make_ticket_type
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


def address(desk: Desk, rest: str = "people/") -> str:
    return f"/organise/{desk.event.slug}/{rest}"


def state_of(registration: Registration) -> str:
    registration.refresh_from_db()
    return registration.state


@pytest.fixture
def pending(desk) -> list[Registration]:
    """Three who wait for an organiser's word, at a desk with two places."""
    kind = make_ticket_type(desk, "By word", needs_approval=True)
    return [make_registration(kind, make_person(f"Pending {number}")) for number in range(3)]


@one_and_three
def test_the_list_costs_the_same_for_one_row_and_for_three(desk, ticket, omar_browser, rows: int) -> None:
    for number in range(rows):
        make_registration(ticket, make_person(f"Somebody {number}"))

    with queries(8):  # person; event, role; desk, types, questions; people, how many in which state
        page = omar_browser.get(address(desk)).content.decode()

    assert page.count("Somebody") == rows


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", {"Zoë Ångström", "Guest <b>One</b>", "Waits"}),
        ("q=ngstr%C3%B6m", {"Zoë Ångström"}),
        ("q=zoe%40example.edu", {"Zoë Ångström"}),
        ("q=%00%25", set()),
        ("state=waiting", {"Waits"}),
        ("state=over", {"Gone"}),
        ("state=nonsense&type=x", {"Zoë Ångström", "Guest <b>One</b>", "Waits"}),
        ("type=999999999999999", set()),
    ],
)
def test_the_list_is_searched_and_narrowed(
    desk, ticket, omar, omar_browser, query: str, seen: set[str]
) -> None:
    gone = make_registration(ticket, make_person("Gone"))
    take_off(gone, sentence="Banned", acting_user=omar)
    make_registration(ticket, make_person("Zoë Ångström", email="zoe@example.edu"))
    make_registration(ticket, make_person("Guest <b>One</b>"))
    make_registration(ticket, make_person("Waits"))
    everybody = ("Zoë Ångström", "Guest <b>One</b>", "Waits", "Gone")

    page = omar_browser.get(f"{address(desk)}?{query}").content.decode()

    escaped = {name: name.replace("<", "&lt;").replace(">", "&gt;") for name in everybody}
    assert {name for name, written in escaped.items() if f"<bdi>{written}</bdi>" in page} == seen


def test_answers_and_guests_are_shown(desk, ticket, omar_browser) -> None:
    ticket.guests = 2
    ticket.save()
    question = Question.objects.create(desk=desk, label="What do you eat?")
    several = Question.objects.create(desk=desk, label="When?", kind="several", position=1)
    Desk.objects.filter(pk=desk.pk).update(asks=True)
    answers = {str(question.pk): "<i>Soup</i>", str(several.pk): ["Noon", "Night"]}
    make_registration(ticket, guests=["Bo"], answers=answers)

    page = omar_browser.get(address(desk)).content.decode()

    assert "&lt;i&gt;Soup&lt;/i&gt;" in page
    assert "Noon, Night" in page
    assert "<bdi>Bo</bdi>" in page


@pytest.mark.parametrize(
    ("do", "states"),
    [
        ("approve", [State.CONFIRMED, State.CONFIRMED, State.PENDING]),
        ("refuse", [State.REFUSED, State.REFUSED, State.PENDING]),
        ("take_off", [State.CANCELLED, State.CANCELLED, State.PENDING]),
    ],
)
def test_those_who_are_ticked_are_decided_about_in_one_go(pending, omar_browser, do: str, states) -> None:
    sent = {"do": do, "sentence": "The room is small.", "chosen": [each.code for each in pending[:2]]}

    answer = omar_browser.post(f"{address(pending[0].desk)}?q=Pending", sent)

    assert answer.status_code == 302
    assert answer["Location"].endswith("people/?q=Pending")
    assert [state_of(each) for each in pending] == states
    if do != "approve":
        assert pending[0].sentence == "The room is small."


@pytest.mark.parametrize("browser", ["ada_browser", "priya_browser"])
@pytest.mark.parametrize("do", ["approve", "refuse", "take_off"])
def test_nobody_else_decides(pending, request, browser: str, do: str) -> None:
    sent = {"do": do, "sentence": "No.", "chosen": [pending[0].code]}

    answer = request.getfixturevalue(browser).post(address(pending[0].desk), sent)

    assert answer.status_code == 403
    assert state_of(pending[0]) == State.PENDING
    assert request.getfixturevalue(browser).get(address(pending[0].desk, "people.csv")).status_code == 403


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"sentence": ""}, "Write a sentence"),
        ({"chosen": []}, "Tick somebody first"),
        ({"chosen": ["\0", "0123456789 ", "x"]}, "Tick somebody first"),
        ({"do": "promote"}, ""),
        ({"sentence": "x" * 301}, "at most 300"),
        ({"sentence": "a\0b"}, "Null characters"),
    ],
)
def test_a_decision_that_says_too_little_changes_nothing(
    pending, omar_browser, changed, sentence: str
) -> None:
    sent = {"do": "refuse", "sentence": "No.", "chosen": [pending[0].code]} | changed

    answer = omar_browser.post(address(pending[0].desk), sent)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert state_of(pending[0]) == State.PENDING


def test_people_of_another_event_are_not_touched_by_a_ticked_code(pending, omars_club, omar_browser) -> None:
    other = make_desk(make_event(organisation=omars_club))
    sent = {"do": "take_off", "sentence": "No.", "chosen": [pending[0].code, "zzzzzzzzzz"]}

    assert omar_browser.post(address(other), sent).status_code == 302

    assert state_of(pending[0]) == State.PENDING


def table(answer) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", 'Zoë, “the” "Å"', "𝕿𝖍𝖊 ﷽ quick\nbrown"]
)
def test_a_name_is_a_name_in_every_spreadsheet(desk, ticket, omar_browser, name: str) -> None:
    make_registration(ticket, make_person(), name=name)

    head, row = table(omar_browser.get(address(desk, "people.csv")))

    assert head[:3] == ["Code", "Name", "E-mail"]
    assert row[1] == (f"'{name}" if name[0] in "=+-@\t" else name)


def test_the_file_has_the_answers_and_speaks_the_language_of_the_page(desk, ticket, omar_browser) -> None:
    question = Question.objects.create(desk=desk, label="=Coming?", kind="yes_no")
    make_registration(ticket, answers={str(question.pk): "yes"})

    head, row = table(omar_browser.get("/fr" + address(desk, "people.csv")))

    assert (head[1], head[-1], row[-1]) == ("Nom", "'=Coming?", "Oui")


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_the_file_is_read_in_pieces(desk, ticket, monkeypatch, rows: int) -> None:
    monkeypatch.setattr(people, "_CHUNK", 2)
    for _ in range(rows):
        make_registration(ticket)

    with queries(1 + rows // 2 + 1):  # questions; a piece of two at a time, and one that is empty or the last
        lines = "".join(people.csv_lines(desk, people.Asked()))

    assert len(lines.splitlines()) == rows + 1


def test_a_desk_that_is_not_there_has_no_people(omars_club, omar_browser) -> None:
    event: Event = make_event(organisation=omars_club)

    assert omar_browser.get(f"/organise/{event.slug}/people/").status_code == 404
