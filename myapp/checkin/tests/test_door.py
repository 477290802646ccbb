"""The door without JavaScript: a code, a ticket or a name is typed, and the page says who may come in."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from myapp.accounts.models import User
from myapp.checkin.models import Presence, Scan
from myapp.events.models import Status
from myapp.registrations import tokens
from myapp.registrations.actions import cancel
from myapp.registrations.models import Desk, Registration
from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import make_desk, make_event, make_person, make_registration, make_series
from myapp.testing.html import parse
from myapp.testing.people import PASSWORD

pytestmark = pytest.mark.django_db


def typed(browser: Client, desk: Desk, ticket: str, **given: str):
    form = {"ticket": ticket, "direction": "in", "nonce": str(uuid.uuid4()), "door": "A"}
    return browser.post(f"/checkin/{desk.event.slug}/", form | given)


def verdict(response) -> tuple[str, str]:
    section = parse(response.content.decode()).one(".verdict")
    return section.attrs["data-code"], section.text()


@pytest.mark.parametrize("spelling", [str, str.upper, lambda code: f" {code[:5]}-{code[5:]} "])
def test_typed_code_lets_in(omar_browser: Client, desk, registration, spelling) -> None:
    response = typed(omar_browser, desk, spelling(registration.code))

    assert verdict(response)[0] == "in"
    assert "Ada Okonkwo" in response.content.decode()
    assert Presence.objects.get().is_in


def test_signed_ticket_lets_in(omar_browser: Client, desk, registration) -> None:
    assert verdict(typed(omar_browser, desk, tokens.make(registration)))[0] == "in"


def test_form_sent_twice_lets_in_once_and_says_the_same(omar_browser: Client, desk, registration) -> None:
    nonce = str(uuid.uuid4())
    said = [verdict(typed(omar_browser, desk, registration.code, nonce=nonce)) for _ in range(2)]

    assert said[0] == said[1]
    assert said[0][0] == "in"
    assert Scan.objects.count() == 1


def test_second_time_is_refused_with_time_and_door(omar_browser: Client, desk, registration) -> None:
    typed(omar_browser, desk, registration.code, door="North")
    code, said = verdict(typed(omar_browser, desk, registration.code, door="South"))

    at = timezone.localtime(Presence.objects.get().first_in_at)
    assert code == "already_in"
    assert f"Already in since {at:%H:%M}, by door North." in said


def test_out_only_who_is_in(omar_browser: Client, desk, registration) -> None:
    assert verdict(typed(omar_browser, desk, registration.code, direction="out"))[0] == "not_in"
    typed(omar_browser, desk, registration.code)
    assert verdict(typed(omar_browser, desk, registration.code, direction="out"))[0] == "out"
    assert not Presence.objects.get().is_in


def test_taking_back(omar_browser: Client, desk, registration) -> None:
    nonce = str(uuid.uuid4())
    typed(omar_browser, desk, registration.code, nonce=nonce)

    response = omar_browser.post(
        f"/checkin/{desk.event.slug}/undo/", {"nonce": nonce, "door": "A"}, follow=True
    )

    assert "Taken back." in response.content.decode()
    assert not Presence.objects.get().is_in
    assert verdict(typed(omar_browser, desk, registration.code))[0] == "in"


def test_party_is_let_in_one_by_one(omar_browser: Client, desk, ada) -> None:
    registration = make_registration(desk.types.get(), ada, guests=["Grace", ""])

    page = typed(omar_browser, desk, registration.code).content.decode()
    for words in ("Let Ada Okonkwo in", "Let Grace in", "Let Guest 2 of Ada Okonkwo in"):
        assert words in page
    form = {"registration": registration.pk, "place": 1, "nonce": uuid.uuid4(), "direction": "in"}
    response = omar_browser.post(f"/checkin/{desk.event.slug}/place/", form)

    assert verdict(response)[0] == "in"
    assert "Grace" in verdict(response)[1]
    assert Presence.objects.get().place == 1


def test_search_by_name_asks_as_often_for_one_as_for_three(
    omar_browser: Client, desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_registration(desk.types.get(), make_person("Anna Berg"))
    typed(omar_browser, desk, "warm up")
    for name in ("Hannah", "Susanna", "Zoe"):
        make_registration(desk.types.get(), make_person(name))

    # user, desk, types, may they, registrations, presences
    for words, found in (("zoe", 1), ("ann", 3)):
        with django_assert_num_queries(6):
            page = typed(omar_browser, desk, words).content.decode()
        assert page.count('name="registration"') == found


def test_scan_asks_five_times(
    omar_browser: Client, desk, registration, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ticket = tokens.make(registration)
    with django_assert_num_queries(5):  # user, desk, types, may they, the scan
        typed(omar_browser, desk, ticket)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"starts_at": dt.timedelta(hours=5)}, "not_yet"),
        ({"starts_at": -dt.timedelta(hours=9)}, "over"),
        ({"status": Status.CANCELLED}, "called_off"),
    ],
)
def test_door_that_is_shut_says_why(omar_browser: Client, desk, registration, changes, code) -> None:
    event = desk.event
    if "starts_at" in changes:
        event.starts_at = timezone.now() + changes["starts_at"]
        event.ends_at = event.starts_at + dt.timedelta(hours=1)
    else:
        event.status, event.cancelled_at = changes["status"], timezone.now()
    event.save()

    assert verdict(typed(omar_browser, desk, registration.code))[0] == code
    assert not Scan.objects.exists()


def test_each_refusal_has_its_code_and_its_sentence(omar_browser: Client, omars_club, desk, ada) -> None:
    kind = desk.types.get()
    cancelled = make_registration(kind)
    cancel(cancelled, acting_user=cancelled.user)
    elsewhere = make_registration(make_desk(make_event("Kites")).types.get(), ada)
    handed_on = make_registration(kind)
    old = tokens.make(handed_on)
    Registration.objects.filter(pk=handed_on.pk).update(rotation=1)
    signed = tokens.make(make_registration(kind))
    forged = f"{signed[:60]}{'A' if signed[60] != 'A' else 'B'}{signed[61:]}"  # within the signature

    said = {
        ticket: verdict(typed(omar_browser, desk, ticket))
        for ticket in (cancelled.code, elsewhere.code, old, forged, "EM9.x.y", "0000000000", "nobody at all")
    }

    assert [code for code, _ in said.values()] == [
        "cancelled",
        "another_event",
        "handed_on",
        "forged",
        "other_version",
        "unknown",
        "unknown",
    ]
    assert "Kites" in said[elsewhere.code][1]
    assert not Presence.objects.exists()


def test_ticket_of_another_date_of_the_series_says_which(omar_browser: Client, omars_club, ada) -> None:
    series = make_series(organisation=omars_club, starts_at=timezone.now() + dt.timedelta(hours=1))
    here, other = list(series.events.order_by("starts_at"))[:2]
    desk = make_desk(here)
    registration = make_registration(make_desk(other).types.get(), ada)

    assert verdict(typed(omar_browser, desk, registration.code))[0] == "another_day"


def test_waiting_is_no_place(omar_browser: Client, omars_club) -> None:
    event = make_event(organisation=omars_club, starts_at=timezone.now() + dt.timedelta(hours=1))
    desk = make_desk(event, capacity=1)
    make_registration(desk.types.get())
    waiting = make_registration(desk.types.get())

    code, said = verdict(typed(omar_browser, desk, waiting.code))

    assert code == "not_confirmed"
    assert "on the waiting list" in said


@pytest.mark.parametrize("who", ["ada_browser", "priya_browser"])
def test_nobody_else_keeps_the_door(request, who: str, desk, registration) -> None:
    browser = request.getfixturevalue(who)

    assert browser.get(f"/checkin/{desk.event.slug}/").status_code == 403
    assert typed(browser, desk, registration.code).status_code == 403
    assert not Scan.objects.exists()


def test_visitor_signs_in_first(visitor: Client, desk) -> None:
    assert "/accounts/login/" in visitor.get(f"/checkin/{desk.event.slug}/")["Location"]


def test_event_where_people_just_come_has_no_door(omar_browser: Client, omars_club) -> None:
    event = make_event(organisation=omars_club)

    assert omar_browser.get(f"/checkin/{event.slug}/").status_code == 404


@pytest.mark.parametrize(
    "given", [{"ticket": ""}, {"ticket": "x" * 201}, {"nonce": "no"}, {"direction": "up"}]
)
def test_what_makes_no_sense_comes_back(omar_browser: Client, desk, given) -> None:
    assert typed(omar_browser, desk, **({"ticket": "x"} | given)).status_code == 422


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_volunteer_lets_somebody_in(
    open_browser: OpenBrowser, omar: User, desk, registration, scripts: bool
) -> None:
    page = open_browser(scripts=scripts, viewport={"width": 390, "height": 844})
    page.goto(f"/checkin/{desk.event.slug}/")
    page.get_by_label("E-mail or username").fill(omar.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/checkin/**")

    for expected in ("Come in.", "Already in since"):
        page.get_by_label("Ticket code or name").fill(registration.code)
        page.get_by_role("button", name="Look").click()
        page.get_by_role("heading", name=expected).wait_for()
