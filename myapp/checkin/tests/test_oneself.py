"""Checking in oneself by the code in the room, the live board, and what organisers decide about a door."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from myapp.accounts.models import User
from myapp.checkin import actions, rotating
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.models import DoorSettings, Helper, How, Presence, Scan
from myapp.checkin.reading import Ticket
from myapp.events.models import Organisation
from myapp.registrations.errors import NotAllowed
from myapp.registrations.models import Desk, Question, QuestionKind
from myapp.testing.factories import make_desk, make_event, make_person, make_registration
from myapp.testing.html import parse

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(omars_club: Organisation) -> Desk:
    starts_at = timezone.now() + dt.timedelta(hours=1)
    return make_desk(make_event("Lantern night", organisation=omars_club, starts_at=starts_at), capacity=2)


@pytest.fixture
def by(omar: User) -> Doorkeeper:
    return Doorkeeper(omar, "North")


def walk_in(desk: Desk, by: Doorkeeper, **given):
    told: dict[str, Any] = {"name": "Bo Chen", "email": "bo@example.org", "nonce": uuid.uuid4()} | given
    return actions.walk_in(desk, desk.types.get(), by=by, **told)


def scanned(browser: Client, desk: Desk, code: str):
    return browser.get(f"/checkin/{desk.event.slug}/self/", {"c": code})


def press(browser: Client, desk: Desk, page):
    proof = re.search(r'name="proof" value="([^"]+)"', page.content.decode())
    assert proof
    return browser.post(f"/checkin/{desk.event.slug}/self/", {"proof": proof[1]})


def test_person_with_a_place_checks_in_by_the_code(
    ada_browser: Client, ada, desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_registration(desk.types.get(), ada)
    DoorSettings.objects.create(desk=desk, can_check_in_oneself=True)

    page = scanned(ada_browser, desk, rotating.code_at(desk, timezone.now()))
    assert not Scan.objects.exists()  # looking changes nothing
    with django_assert_num_queries(6):  # user, desk, types, settings, registration, the scan
        answer = press(ada_browser, desk, page)
    assert "Come in." in answer.content.decode()
    assert "Come in." in press(ada_browser, desk, page).content.decode()  # sent twice
    assert Scan.objects.get().how == How.SELF
    assert Scan.objects.get().user == ada

    later = scanned(ada_browser, desk, rotating.code_at(desk, timezone.now()))
    assert "Already in" in press(ada_browser, desk, later).content.decode()


@pytest.mark.parametrize(("seconds", "counts"), [(0, True), (15, True), (30, False), (-15, False)])
def test_code_counts_while_it_is_shown_and_a_moment_after(desk, seconds: int, counts: bool) -> None:
    now = timezone.now()

    assert rotating.is_shown(rotating.code_at(desk, now), desk, now + dt.timedelta(seconds=seconds)) is counts


def test_code_of_another_event_and_no_code_say_to_scan_again(ada_browser: Client, desk) -> None:
    for code in (rotating.code_at(make_desk(), timezone.now()), "", "é", "x" * 500):
        assert "This code has run out" in scanned(ada_browser, desk, code).content.decode()


def test_proof_is_bound_to_the_person_and_runs_out(
    ada_browser: Client, omar_browser: Client, ada, desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_registration(desk.types.get(), ada)
    DoorSettings.objects.create(desk=desk, can_check_in_oneself=True)
    code = rotating.code_at(desk, timezone.now())
    of_omar = scanned(omar_browser, desk, code)
    assert "This code has run out" in press(ada_browser, desk, of_omar).content.decode()

    page = scanned(ada_browser, desk, code)
    monkeypatch.setattr(rotating, "_PROOF", dt.timedelta(seconds=-1))
    assert "This code has run out" in press(ada_browser, desk, page).content.decode()
    assert not Scan.objects.exists()


def test_who_has_no_place_reads_why(ada_browser: Client, ada, desk) -> None:
    def said() -> str:
        page = press(ada_browser, desk, scanned(ada_browser, desk, rotating.code_at(desk, timezone.now())))
        return parse(page.content.decode()).one(".verdict").attrs["data-code"]

    assert said() == "not_by_oneself"
    DoorSettings.objects.create(desk=desk, can_check_in_oneself=True)
    assert said() == "not_registered"
    for _ in range(2):
        make_registration(desk.types.get())
    make_registration(desk.types.get(), ada)
    assert said() == "not_confirmed"


def test_guessing_is_slow(ada_browser: Client, desk) -> None:
    statuses = [scanned(ada_browser, desk, str(number)).status_code for number in range(62)]

    assert statuses[:30] == [200] * 30
    assert 429 in statuses  # thirty a minute, and a minute may have ended on the way


def test_screen_shows_the_code_where_it_is_switched_on(
    omar_browser: Client, ada_browser: Client, desk
) -> None:
    address = f"/checkin/{desk.event.slug}/code/"
    assert "somebody at the door lets people in" in omar_browser.get(address).content.decode()
    DoorSettings.objects.create(desk=desk, can_check_in_oneself=True)

    assert "<svg" in omar_browser.get(f"{address}now/").content.decode()
    assert ada_browser.get(address).status_code == 403


# --- The board and the settings ---------------------------------------------------------------------------------------


def test_board_counts_by_type_and_costs_the_same_for_many(
    omar_browser: Client, desk, by, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Desk.objects.filter(pk=desk.pk).update(capacity=50)
    kind = desk.types.get()
    kind.name = "Students"
    kind.save()
    first = make_registration(kind)
    actions.check_in(desk, Ticket(desk.pk, first.pk), nonce=uuid.uuid4(), by=by, how=How.TYPED)
    address = f"/checkin/{desk.event.slug}/board/now/"
    omar_browser.get(address)

    for come in range(3):
        # user, desk, types, may they; expected, in, by minute, scans, devices
        with django_assert_num_queries(9):
            page = parse(omar_browser.get(address).content.decode())
        assert page.one("#board-in").text() == f"{come + 1} of {come + 1} in"
        another = make_registration(kind)
        actions.check_in(desk, Ticket(desk.pk, another.pk), nonce=uuid.uuid4(), by=by, how=How.TYPED)
    assert page.has(".came rect")


def test_board_draws_an_evening_in_sixty_columns(desk, by) -> None:
    from myapp.checkin.board import board_of

    Desk.objects.filter(pk=desk.pk).update(capacity=500)
    now = timezone.now()
    for minute in (0, 1, 200, 201):
        registration = make_registration(desk.types.get())
        Presence.objects.create(
            desk=desk, registration=registration, is_in=True, first_in_at=now - dt.timedelta(minutes=minute)
        )

    board = board_of(desk)

    assert (board.minutes, sum(column.came for column in board.columns)) == (5, 4)
    assert len(board.columns) <= 60
    assert max(column.height for column in board.columns) == 80


def test_organiser_names_helpers_and_decides(omar_browser: Client, ada_browser: Client, desk) -> None:
    address = f"/checkin/{desk.event.slug}/setup/"
    consent = Question.objects.create(desk=desk, kind=QuestionKind.CONSENT, label="My name")

    assert omar_browser.post(f"{address}helpers/", {"person": "nobody"}).status_code == 422
    omar_browser.post(f"{address}helpers/", {"person": "ada"})
    omar_browser.post(address, {"consent": consent.pk, "can_check_in_oneself": "on"})
    settings = DoorSettings.objects.get()
    assert (settings.consent, settings.can_check_in_oneself) == (consent, True)
    assert "Ada Okonkwo" in omar_browser.get(address).content.decode()
    assert ada_browser.get(address).status_code == 403
    omar_browser.post(f"{address}helpers/{Helper.objects.get().pk}/")
    assert not Helper.objects.exists()


def test_helpers_cannot_be_named_by_others(desk, priya) -> None:
    with pytest.raises(NotAllowed):
        actions.name_helper(desk, "ada", acting_user=priya)
    with pytest.raises(NotAllowed):
        actions.set_door(desk, consent=None, can_check_in_oneself=True, acting_user=make_person())
