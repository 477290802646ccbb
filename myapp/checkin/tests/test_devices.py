"""What devices are told and send: compact, complete, read strictly, and the same whatever order it arrives in."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from myapp.checkin import actions, rules
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.merging import duplicates
from myapp.checkin.models import Device, DoorSettings, Helper, How, Presence, Scan
from myapp.checkin.reading import Ticket
from myapp.registrations import signing, tokens
from myapp.registrations.actions import cancel
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Desk, Question, QuestionKind, Registration
from myapp.testing.factories import make_desk, make_person, make_registration

pytestmark = pytest.mark.django_db

NOTHING = dt.timedelta()


def at(desk: Desk, what: str) -> str:
    return f"/checkin/{desk.event.slug}/{what}/"


def send(browser: Client, desk: Desk, scans: list[dict], **given):
    now = round(timezone.now().timestamp() * 1000)
    report = {"device": "d1", "door": "A", "sent_at": now, "unsent": 0, "scans": scans} | given
    return browser.post(at(desk, "sync"), json.dumps(report), content_type="application/json")


def one(registration: Registration, **given) -> dict:
    now = round(timezone.now().timestamp() * 1000)
    scan = {"nonce": str(uuid.uuid4()), "registration": registration.pk, "place": 0, "direction": "in"}
    return scan | {"at": now, "how": "camera"} | given


def ask(browser: Client, desk: Desk, **given):
    asked = {"nonce": str(uuid.uuid4()), "direction": "in", "how": "camera", "door": "A", "device": "d1"}
    return browser.post(at(desk, "scan"), json.dumps(asked | given), content_type="application/json")


# --- What devices are told --------------------------------------------------------------------------------------------


def test_device_is_told_all_that_decides(omar_browser: Client, desk, registration) -> None:
    told = omar_browser.get(at(desk, "states")).json()

    assert told["keys"] == signing.public_keys()
    assert told["event"]["id"] == desk.pk
    assert told["types"] == {str(registration.ticket_type_id): "Students"}
    assert told["rows"] == [
        [registration.pk, registration.code, 0, "c", registration.ticket_type_id, ["A. O."], []]
    ]


def test_device_knows_the_names_of_people_who_agreed_and_initials_of_others(
    omar_browser: Client, desk, ada
) -> None:
    consent = Question.objects.create(desk=desk, kind=QuestionKind.CONSENT, label="My name at the door")
    DoorSettings.objects.create(desk=desk, consent=consent)
    agreed = make_registration(
        desk.types.get(), ada, answers={str(consent.pk): True}, guests=["Grace Hopper", ""]
    )
    make_registration(desk.types.get(), make_person("Bo de Vries"), answers={})

    names = [row[5] for row in omar_browser.get(at(desk, "states")).json()["rows"]]

    assert names == [["Ada Okonkwo", "G. H.", ""], ["B. V."]]
    assert agreed.places == 3


def test_device_asks_again_for_nothing_where_nothing_changed(
    omar_browser: Client, omar, desk, registration, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = omar_browser.get(at(desk, "states"))
    # user, desk, types, may they, presences, settings, registrations
    with django_assert_num_queries(7):
        again = omar_browser.get(at(desk, "states"), headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert again["X-CSRFToken"]
    assert "no-store" in again["Cache-Control"]

    actions.check_in(
        desk, Ticket(desk.pk, registration.pk), nonce=uuid.uuid4(), by=Doorkeeper(omar, "B"), how=How.TYPED
    )
    changed = omar_browser.get(at(desk, "states"), headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200
    [place, _since, door] = changed.json()["rows"][0][6][0]
    assert (place, door) == (0, "B")


def test_states_cost_as_many_queries_for_three_as_for_one(
    omar_browser: Client, desk, registration, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(2):
        make_registration(desk.types.get())
    with django_assert_num_queries(7):
        assert len(omar_browser.get(at(desk, "states")).json()["rows"]) == 3


@pytest.mark.parametrize("path", ["states", "scan", "sync"])
def test_only_who_keeps_the_door_is_told(ada_browser: Client, desk, registration, path: str) -> None:
    answer = ada_browser.get(at(desk, path)) if path == "states" else send(ada_browser, desk, [])

    assert answer.status_code == 403
    assert answer.json()["code"] == "not_allowed"


def test_helper_keeps_the_door_and_decides_nothing(ada_browser: Client, ada, omar, desk, priya) -> None:
    actions.name_helper(desk, ada.email.upper(), acting_user=omar)
    actions.name_helper(desk, ada.username, acting_user=omar)

    assert Helper.objects.count() == 1
    assert ada_browser.get(at(desk, "states")).status_code == 200
    with pytest.raises(NotAllowed):
        actions.name_helper(desk, priya.username, acting_user=ada)
    actions.dismiss_helper(desk, Helper.objects.get().pk, acting_user=omar)
    assert ada_browser.get(at(desk, "states")).status_code == 403


@pytest.mark.parametrize("who", ["ada", "omar", "priya", "rosa"])
@pytest.mark.parametrize("helps", [True, False])
def test_the_quick_question_has_the_answer_of_the_rule(request, desk, who: str, helps: bool) -> None:
    user = request.getfixturevalue(who)
    if helps:
        Helper.objects.create(event=desk.event, user=user)

    quick, may = rules.kept_door_or_404(user, desk.event.slug)

    assert may is rules.can_keep_door(user, desk)
    assert (quick.pk, quick.event.starts_at) == (desk.pk, desk.event.starts_at)


def test_helper_whom_nobody_knows(omar, desk) -> None:
    with pytest.raises(RegistrationRefused, match="Nobody has this"):
        actions.name_helper(desk, "nobody@example.org", acting_user=omar)


# --- One scan, with a network -----------------------------------------------------------------------------------------


def test_scan_is_answered(
    omar_browser: Client, desk, registration, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):  # user, the desk and may they, the scan
        answer = ask(omar_browser, desk, text=tokens.make(registration)).json()
    assert (answer["code"], answer["name"], answer["type"]) == ("in", "Ada Okonkwo", "Students")

    again = ask(omar_browser, desk, registration=registration.pk).json()
    assert again["code"] == "already_in"
    assert ask(omar_browser, desk, text="0000000000").json()["code"] == "unknown"
    assert ask(omar_browser, desk, text=registration.code, direction="out").json()["code"] == "out"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"nonce": 1}',
        b"[" * 100_000,
        b'{"scans": [], "device": 1}',
        b" " * 300_000,
    ],
)
def test_nonsense_is_refused_with_a_sentence(omar_browser: Client, desk, body: bytes) -> None:
    for path in ("scan", "sync"):
        answer = omar_browser.post(at(desk, path), body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["code"] == "nonsense"


@pytest.mark.parametrize(
    "odd",
    [
        {"scans": ["x"]},
        {"scans": [None]},
        {"scans": [[]]},
        {"scans": [1]},
        {"scans": {"a": {}}},
        {"scans": ""},
        {"scans": None},
        {"scans": [{}] * 501},
        {"device": ["d1"]},
        {"door": "\ud800"},
        {"door": "A\0"},
        {"sent_at": 1.5},
        {"sent_at": float("nan")},
        {"unsent": -1},
        {"unsent": True},
    ],
)
def test_report_that_is_none_is_refused_and_not_read_of_a_stranger(
    omar_browser: Client, ada_browser: Client, desk, odd: dict
) -> None:
    answer = send(omar_browser, desk, **{"scans": [], **odd})

    assert (answer.status_code, answer.json()["code"]) == (400, "nonsense")
    assert "makes no sense" in answer.json()["sentence"]
    assert send(ada_browser, desk, **{"scans": [], **odd}).status_code == 403
    assert not Device.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": -1},
        {"at": 10**18},
        {"at": "now"},
        {"place": True},
        {"how": "magic"},
        {"nonce": "1"},
        {"direction": 1},
    ],
)
def test_one_scan_that_makes_no_sense_refuses_all_and_keeps_nothing(
    omar_browser: Client, desk, registration, wrong: dict
) -> None:
    assert send(omar_browser, desk, [one(registration), one(registration, **wrong)]).status_code == 400
    assert not Scan.objects.exists()


# --- What was seen without a network ----------------------------------------------------------------------------------


def test_queue_is_added_and_known_the_second_time(
    omar_browser: Client, desk, registration, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scans = [one(registration), one(make_registration(desk.types.get()))]
    # user, the desk and may they, may they, the desk's lock, the device, whose place was released; registrations, three of
    # the merge, the sum, duplicates; two savepoints and their ends
    with django_assert_num_queries(16):
        first = send(omar_browser, desk, scans, unsent=3).json()
    again = send(omar_browser, desk, scans).json()

    assert [each["code"] for each in first["scans"]] == ["noted", "noted"]
    assert first["scans"] == again["scans"]
    assert Scan.objects.count() == 2
    assert Device.objects.get().unsent == 0


def test_queue_of_two_hundred_asks_as_often_as_one_of_two(
    omar_browser: Client, desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    kind = desk.types.get()
    registrations = [make_registration(kind) for _ in range(10)]
    with django_assert_num_queries(16):
        send(omar_browser, desk, [one(each) for each in registrations for _ in range(20)])


def test_person_let_in_by_two_doors_is_reported_to_both(omar_browser: Client, desk, registration) -> None:
    now = round(timezone.now().timestamp() * 1000)
    early, late = one(registration, at=now - 60_000), one(registration, at=now - 30_000)

    assert send(omar_browser, desk, [late], door="B").json()["scans"][0]["code"] == "noted"
    [told] = send(omar_browser, desk, [early], door="A").json()["scans"]

    [other] = told["others"]
    assert (told["code"], other["door"]) == ("duplicate", "B")
    assert abs(other["at"] - (now - 30_000)) < 1_000  # what it took on its way
    assert len(duplicates(desk)) == 2
    assert Presence.objects.get().first_in_at == Scan.objects.order_by("at").first().at


def test_somebody_who_had_cancelled_was_let_in_all_the_same(
    omar_browser: Client, desk, registration, ada
) -> None:
    cancel(registration, acting_user=ada)

    [told] = send(omar_browser, desk, [one(registration)]).json()["scans"]

    assert told["code"] == "cancelled"
    assert Presence.objects.get().is_in  # it has happened
    assert Scan.objects.get().remark == "cancelled"


def test_old_ticket_and_unknown_registration_are_said(omar_browser: Client, desk, registration) -> None:
    Registration.objects.filter(pk=registration.pk).update(rotation=2)
    elsewhere = make_registration(make_desk().types.get())

    told = send(omar_browser, desk, [one(registration, rotation=1), one(elsewhere)]).json()["scans"]

    assert [each["code"] for each in told] == ["handed_on", "unknown"]
    assert not Scan.objects.filter(registration=elsewhere).exists()


def test_answer_that_never_arrived_does_not_outweigh_what_happened(
    omar_browser: Client, desk, registration
) -> None:
    ask(omar_browser, desk, registration=registration.pk)
    nonce = str(uuid.uuid4())
    assert ask(omar_browser, desk, registration=registration.pk, nonce=nonce).json()["code"] == "already_in"

    [told] = send(omar_browser, desk, [one(registration, nonce=nonce)]).json()["scans"]

    assert told["code"] == "duplicate"
    assert Scan.objects.filter(refused="").count() == 2


@pytest.mark.parametrize(
    "wrong_by", [dt.timedelta(hours=-30), dt.timedelta(days=-4000), dt.timedelta(hours=9)]
)
def test_clock_that_is_wrong_is_corrected_by_what_it_shows_when_it_sends(
    omar_browser: Client, desk, registration, wrong_by: dt.timedelta
) -> None:
    really = timezone.now() - dt.timedelta(minutes=10)
    on_device = {
        "at": round((really + wrong_by).timestamp() * 1000),
        "sent_at": round((timezone.now() + wrong_by).timestamp() * 1000),
    }

    send(omar_browser, desk, [one(registration, at=on_device["at"])], sent_at=on_device["sent_at"])

    assert abs(Scan.objects.get().at - really) < dt.timedelta(seconds=5)


def test_clock_that_jumped_is_kept_within_reason(omar_browser: Client, desk, registration) -> None:
    now = timezone.now()
    years = dt.timedelta(days=3000)
    send(omar_browser, desk, [one(registration, at=round((now - years).timestamp() * 1000))])
    send(
        omar_browser,
        desk,
        [one(make_registration(desk.types.get()), at=round((now + years).timestamp() * 1000))],
    )

    early, late = Scan.objects.order_by("at")
    assert early.at >= desk.event.starts_at - dt.timedelta(hours=28)
    assert late.at <= late.received_at
