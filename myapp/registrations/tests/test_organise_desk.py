"""Organisers set up how people register, by a page that works without JavaScript."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from myapp.events.models import Event, Status, Visibility
from myapp.registrations.layout import fingerprint
from myapp.registrations.models import Desk, LogEntry, Question, State, TicketType, Way
from myapp.registrations.queries import desk_of, desk_or_404, desk_with_layout
from myapp.registrations.tests.desk_forms import QUESTION, TYPE, sent_form
from myapp.testing.factories import (
    make_desk,
    make_event,
    make_events,
    make_organisation,
    make_person,
    make_registration,
    make_ticket_type,
)
from myapp.testing.people import browser_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


def address(event: Event) -> str:
    return f"/organise/{event.slug}/"


@pytest.fixture
def event(omars_club) -> Event:
    return make_event("Dark skies", organisation=omars_club)


@pytest.fixture
def desk(event) -> Desk:
    """A desk for two with one ticket type, on which Ada has a place."""
    return make_desk(event)


def as_sent(desk: Desk, **changed) -> dict:
    """The page of a desk as its organiser sends it back."""
    desk = desk_or_404(desk.event)
    types: list[dict[str, Any]] = [
        {**TYPE, "id": kind.pk, "name": kind.name, "capacity": kind.capacity or "", "ORDER": place + 1}
        for place, kind in enumerate(desk.types.all())
    ]
    asked = [
        {"id": each.pk, "label": each.label, "kind": each.kind, "ORDER": place + 1}
        for place, each in enumerate(desk.questions.all())
    ]
    given: dict[str, Any] = {
        "types": types,
        "questions": asked,
        "capacity": str(desk.capacity),
        "seen": fingerprint(desk),
    }
    given["known"] = (len(desk.types.all()), len(desk.questions.all()))
    return sent_form(**(given | changed))


def test_an_organiser_sets_up_a_desk_with_types_and_questions(event, omar_browser) -> None:
    types: list[dict[str, Any]] = [
        {**TYPE, "ORDER": "2", "capacity": "15", "guests": "2", "years": ["1", "2"]},
        {**TYPE, "name": "Guest", "audience": "everyone", "ORDER": "1"},
    ]
    asked = [
        {**QUESTION, "kind": "choice", "choices": "Meat\nVegetables\n\nMeat\n"},
        {**QUESTION, "label": "Which?", "ORDER": "2", "condition": "0", "shown_for": "Vegetables"},
    ]

    answer = omar_browser.post(address(event), sent_form(types=types, questions=asked, release_minutes="15"))

    assert (answer.status_code, answer["Location"]) == (302, address(event))
    desk = desk_of(event.slug)
    assert (desk.capacity, desk.asks, desk.release_minutes, desk.can_hand_on) == (20, True, 15, True)
    guest, student = desk.types.all()
    assert (guest.name, student.name, student.capacity, student.years) == ("Guest", "Student", 15, [1, 2])
    first, second = desk.questions.all()
    assert first.choices == ["Meat", "Vegetables"]
    assert (second.shown_when, second.shown_for) == (first, "Vegetables")


def test_the_log_begins_with_how_many_places_there_are(event, omar_browser) -> None:
    omar_browser.post(address(event), sent_form(types=[{**TYPE, "capacity": "15"}]))

    lines = LogEntry.objects.filter(desk=event.pk).order_by("number")
    assert [(line.state, line.places) for line in lines] == [("capacity", 20), ("capacity", 15)]


@pytest.mark.parametrize(
    ("browser", "status"),
    [("omar_browser", 200), ("rosa_browser", 200), ("ada_browser", 403), ("visitor", 302)],
)
@pytest.mark.parametrize("page", ["", "people/", "people.csv"])
def test_who_may_see_the_desk(event, request, browser: str, status: int, page: str) -> None:
    make_desk(event)

    answer = request.getfixturevalue(browser).get(address(event) + page)

    assert answer.status_code == status


@pytest.mark.parametrize("fields", [{"visibility": Visibility.MEMBERS}, {"status": Status.DRAFT}])
def test_who_may_not_see_the_event_is_not_told_of_it(omars_club, ada_browser, omar_browser, fields) -> None:
    event = make_event(organisation=omars_club, **fields)

    assert omar_browser.get(address(event)).status_code == 200
    assert ada_browser.get(address(event)).status_code == 404


def test_an_organiser_of_another_club_changes_nothing(event, priya_browser) -> None:
    assert priya_browser.post(address(event), sent_form()).status_code == 403
    assert not Desk.objects.exists()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"way": "elsewhere", "url": ""}, "Say at which address"),
        ({"way": "elsewhere", "url": "javascript:alert(1)"}, "Enter a valid URL"),
        ({"way": "by pigeon"}, "Select a valid choice"),
        ({"capacity": "-1"}, "greater than or equal to 0"),
        ({"capacity": "9" * 30}, "less than or equal to"),
        ({"offer_hours": "0"}, "an hour at least"),
        ({"types": []}, "one ticket type at least"),
        ({"types": [{**TYPE, "name": ""}]}, "This field is required"),
        ({"types": [{**TYPE, "name": "a\0b"}]}, "Null characters are not allowed"),
        ({"types": [TYPE, {**TYPE, "name": "STUDENT"}]}, "has this name"),
        ({"types": [{**TYPE, "audience": "department"}]}, "whose people"),
        ({"types": [{**TYPE, "years": ["99"]}]}, "Select a valid choice"),
        (
            {"types": [{**TYPE, "opens_at": "2026-11-21T10:00", "closes_at": "2026-11-20T10:00"}]},
            "before it opens",
        ),
        ({"types": [TYPE] * 31}, "at most 30"),
        ({"questions": [{**QUESTION, "kind": "choice", "choices": "One"}]}, "two choices"),
        ({"questions": [{**QUESTION, "condition": "0", "shown_for": "x"}]}, "Select a valid choice"),
        ({"questions": [{**QUESTION, "condition": "1", "shown_for": "x"}, QUESTION]}, "further up"),
        (
            {
                "questions": [
                    {**QUESTION, "kind": "yes_no"},
                    {**QUESTION, "ORDER": "2", "condition": "0", "shown_for": "x"},
                ]
            },
            "Write yes or no",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_nothing_is_saved(
    event, omar_browser, changed, sentence: str
) -> None:
    answer = omar_browser.post(address(event), sent_form(**changed))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Desk.objects.exists()


@pytest.mark.parametrize(
    "wanted", [{"way": "none"}, {"way": "elsewhere", "url": "https://tickets.example.org/1"}]
)
def test_what_does_not_matter_for_the_way_is_not_looked_at(event, omar_browser, wanted) -> None:
    answer = omar_browser.post(address(event), sent_form(types=[], capacity="many", **wanted))

    assert answer.status_code == 302
    saved = Desk.objects.get(pk=event.pk)
    assert (saved.way, saved.url) == (wanted["way"], wanted.get("url", ""))


def test_a_desk_that_is_closed_down_for_good_is_none(desk, omar_browser) -> None:
    omar_browser.post(address(desk.event), as_sent(desk, way="none"))

    assert Desk.objects.get(pk=desk.pk).way == Way.NONE
    assert desk_of(desk.event.slug) is None


@pytest.mark.parametrize("way", ["none", "elsewhere"])
def test_a_desk_with_people_cannot_be_closed_down(desk, omar_browser, way: str) -> None:
    make_registration(desk.types.get())

    answer = omar_browser.post(address(desk.event), as_sent(desk, way=way, url="https://example.org/"))

    assert "Close the registration instead" in answer.content.decode()
    assert Desk.objects.get(pk=desk.pk).way == Way.HERE


@pytest.mark.parametrize("has_registration", [True, False])
def test_a_ticket_type_is_removed_unless_somebody_has_registered_with_it(
    desk, omar_browser, has_registration: bool
) -> None:
    more = make_ticket_type(desk, "Late")
    if has_registration:
        make_registration(more)
    form = as_sent(desk) | {"types-1-DELETE": "on"}

    answer = omar_browser.post(address(desk.event), form)

    assert answer.status_code == (422 if has_registration else 302)
    assert TicketType.objects.filter(pk=more.pk).exists() is has_registration
    if has_registration:
        assert "“Late” has registrations" in answer.content.decode()


@pytest.mark.parametrize(("capacity", "status"), [("1", 422), ("2", 302)])
def test_there_cannot_be_fewer_places_than_are_taken(desk, omar_browser, capacity: str, status: int) -> None:
    for _ in range(2):
        make_registration(desk.types.get())

    answer = omar_browser.post(address(desk.event), as_sent(desk, capacity=capacity))

    assert answer.status_code == status
    assert Desk.objects.get(pk=desk.pk).capacity == 2
    if status == 422:
        assert "2 places are taken already." in answer.content.decode()


def test_the_queue_follows_where_there_are_more_places(desk, omar_browser) -> None:
    desk.event.starts_at += dt.timedelta(days=9)
    desk.event.ends_at += dt.timedelta(days=9)
    desk.event.save()
    kind = desk.types.get()
    waiting = [make_registration(kind) for _ in range(4)][2:]

    omar_browser.post(address(desk.event), as_sent(desk, capacity="3"))

    for registration in waiting:
        registration.refresh_from_db()
    assert [each.state for each in waiting] == [State.CONFIRMED, State.WAITING]


def test_fewer_and_more_in_one_go_move_nobody_up_to_what_is_taken_away(desk, omar_browser) -> None:
    kind = desk.types.get()
    for _ in range(3):
        make_registration(kind)
    types = [{**TYPE, "id": kind.pk, "name": kind.name, "capacity": "2"}]

    answer = omar_browser.post(address(desk.event), as_sent(desk, types=types, capacity="9"))

    assert answer.status_code == 302
    kind.refresh_from_db()
    assert (kind.taken, kind.waiting) == (2, 1)


def test_two_types_may_swap_their_names(desk, omar_browser) -> None:
    first, second = desk.types.get(), make_ticket_type(desk, position=1)
    types = [
        {**TYPE, "id": first.pk, "name": second.name},
        {**TYPE, "id": second.pk, "name": first.name, "ORDER": "2"},
    ]

    assert omar_browser.post(address(desk.event), as_sent(desk, types=types)).status_code == 302

    assert [kind.name for kind in desk.types.all()] == [second.name, first.name]


def test_who_held_a_place_to_answer_has_it_when_nothing_is_asked_any_more(desk, omar_browser) -> None:
    Question.objects.create(desk=desk, label="Why?")
    Desk.objects.filter(pk=desk.pk).update(asks=True)
    held = make_registration(desk.types.get())
    assert held.state == State.HELD

    omar_browser.post(address(desk.event), as_sent(desk) | {"questions-0-DELETE": "on"})

    held.refresh_from_db()
    assert held.state == State.CONFIRMED


def test_the_second_of_two_organisers_is_told_and_may_insist(desk, omar_browser, rosa_browser) -> None:
    seen_by_both = as_sent(desk)
    rosa_browser.post(address(desk.event), seen_by_both | {"offer_hours": "5"})

    refused = omar_browser.post(address(desk.event), seen_by_both | {"agree_hours": "7"})

    assert "Somebody else has changed this" in refused.content.decode()
    assert Desk.objects.get(pk=desk.pk).agree_hours == 24
    seen = fingerprint(desk_with_layout(desk.event))
    assert f'value="{seen}"' in refused.content.decode()
    omar_browser.post(address(desk.event), seen_by_both | {"agree_hours": "7", "seen": seen})
    assert Desk.objects.get(pk=desk.pk).agree_hours == 7


@pytest.mark.parametrize(("add", "prefix"), [("type", "types"), ("question", "questions")])
def test_a_row_is_added_without_losing_what_was_typed_and_without_a_word_of_what_is_missing(
    event, omar_browser, add: str, prefix: str
) -> None:
    sent = sent_form(types=[{**TYPE, "name": "Naïve <b>café</b>"}, {**TYPE, "name": ""}], capacity="x")

    answer = omar_browser.post(f"{address(event)}?add={add}", sent)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Naïve &lt;b&gt;café&lt;/b&gt;" in page
    number = int(sent[f"{prefix}-TOTAL_FORMS"])
    assert f'name="{prefix}-TOTAL_FORMS" value="{number + 1}"' in page
    assert f'name="{prefix}-{number}-ORDER"' in page
    assert "errorlist" not in page
    assert not Desk.objects.exists()


@pytest.mark.parametrize("broken", [{}, {"types-TOTAL_FORMS": "x"}, {"types-0-id": "99999999999999999999"}])
def test_a_form_that_nobody_was_given_is_no_error_of_ours(desk, omar_browser, broken) -> None:
    sent = as_sent(desk) | broken if broken else {"way": "here"}

    assert omar_browser.post(address(desk.event), sent).status_code == 422
    assert omar_browser.post(f"{address(desk.event)}?add=type", sent).status_code == 200


@one_and_three
def test_the_page_costs_the_same_for_one_row_and_for_three(event, omar_browser, rows: int) -> None:
    desk = make_desk(event, types=rows)
    for number in range(rows):
        Question.objects.create(desk=desk, label=f"Question {number}", position=number)

    with queries(8):  # person; event, role; desk, types, questions; organisations, departments
        assert omar_browser.get(address(event)).status_code == 200


@one_and_three
def test_the_list_of_events_costs_the_same_for_one_row_and_for_three(
    omars_club, omar_browser, rows: int
) -> None:
    for event in make_events(rows, organisation=omars_club):
        make_desk(event)

    with queries(2):  # person; events with their desks
        page = omar_browser.get("/organise/").content.decode()

    assert page.count("/organise/an-evening") == rows


def test_the_list_shows_what_one_may_organise_and_nothing_else(
    omars_club, omar_browser, rosa_browser
) -> None:
    mine = make_event("Mine", organisation=omars_club, status=Status.DRAFT)
    theirs = make_event("Theirs")
    over = make_event("Over", organisation=omars_club, starts_at=timezone.now() - dt.timedelta(days=2))
    joined = make_organisation(member=None)
    make_event("Not mine", organisation=joined)

    page = omar_browser.get("/organise/").content.decode()
    assert address(mine) in page
    assert address(theirs) not in page
    assert address(over) not in page
    assert address(over) in omar_browser.get("/organise/?past=1").content.decode()
    assert address(theirs) in rosa_browser.get("/organise/").content.decode()
    assert "Nothing to come" in browser_of(make_person()).get("/organise/").content.decode()


@pytest.mark.parametrize("is_open", [True, False])
def test_registration_is_closed_and_opened_by_a_button(
    desk, omar_browser, ada_browser, is_open: bool
) -> None:
    Desk.objects.filter(pk=desk.pk).update(is_open=not is_open)
    sent = {"open": "1"} if is_open else {}

    assert ada_browser.post(f"{address(desk.event)}pause/", sent).status_code == 403
    assert omar_browser.post(f"{address(desk.event)}pause/", sent).status_code == 302

    assert Desk.objects.get(pk=desk.pk).is_open is is_open
