"""A person's own calendar: who can read it, what is in it, and that nothing in it ever goes backwards."""

import datetime as dt
import json

import pytest
from django.utils import timezone
from icalendar import Calendar

from myapp.events.calendars import uid
from myapp.events.models import Event, Status
from myapp.mine import actions
from myapp.mine.models import CalendarKey
from myapp.registrations.actions import cancel, hand_on, take_over
from myapp.testing.factories import make_desk, make_event, make_registration
from myapp.testing.html import forms, parse, text_of
from myapp.testing.needs import needs_shared_data
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db

PAGE = "/my/calendar/"


def entries(browser, secret):
    """The events of a calendar, by their UID."""
    content = browser.get(f"/my/calendar/{secret}.ics").content
    return {str(entry["UID"]): entry for entry in Calendar.from_ical(content).walk("VEVENT")}


@pytest.fixture
def secret(ada):
    return actions.renew_calendar(acting_user=ada)


# --- who can read it


def test_the_address_is_shown_once_and_works(ada_browser, visitor):
    (form,) = forms(ada_browser.get(PAGE), "main form")
    page = parse(ada_browser.post(form.action))
    address = page.one("#calendar-address").attrs["value"]

    assert page.one("main a.button").attrs["href"] == address.replace("http://", "webcal://")
    path = address[address.index("/my/") :]
    assert visitor.get(path).status_code == 200
    assert not visitor.cookies
    assert path.split("/")[-1].removesuffix(".ics") not in text_of(ada_browser.get(PAGE))
    assert not parse(ada_browser.get(PAGE)).has("#calendar-address")


def test_only_a_digest_of_the_secret_is_kept(ada, secret):
    kept = CalendarKey.objects.values().get()
    assert secret not in str(kept)
    assert len(secret) >= 43  # 256 bits
    assert kept["digest"] != secret


def test_a_renewed_address_is_the_only_one_that_works(ada, ada_browser, visitor, secret):
    ada_browser.post("/my/calendar/renew/")
    assert visitor.get(f"/my/calendar/{secret}.ics").status_code == 404
    assert CalendarKey.objects.filter(user=ada).count() == 1


def test_a_closed_calendar_is_not_there(ada_browser, visitor, secret):
    response = ada_browser.post("/my/calendar/revoke/", follow=True)
    assert "Your calendar is closed" in text_of(response)
    assert visitor.get(f"/my/calendar/{secret}.ics").status_code == 404


def test_nobody_closes_or_renews_the_calendar_of_another(omar_browser, visitor, secret):
    omar_browser.post("/my/calendar/revoke/")
    omar_browser.post("/my/calendar/renew/")
    assert visitor.get(f"/my/calendar/{secret}.ics").status_code == 200
    assert visitor.post("/my/calendar/revoke/").status_code == 302


def test_the_calendar_of_a_closed_account_is_not_there(ada, visitor, secret):
    ada.is_active = False
    ada.save()
    assert visitor.get(f"/my/calendar/{secret}.ics").status_code == 404


@pytest.mark.parametrize("wrong", ["x", "0" * 43, "é", "%F0%9F%98%80", "a" * 2000])
def test_a_wrong_secret_opens_nothing(visitor, secret, wrong):
    assert visitor.get(f"/my/calendar/{wrong}.ics").status_code == 404


def test_the_page_says_when_the_calendar_was_last_read(ada_browser, visitor, secret):
    assert "Nobody has read it yet." in text_of(ada_browser.get(PAGE))
    visitor.get(f"/my/calendar/{secret}.ics")
    assert "It was last read around" in text_of(ada_browser.get(PAGE))


# --- how it is served


def test_a_calendar_is_kept_by_nobody_and_sent_again_only_when_it_changed(ada, visitor, secret):
    ticket = make_registration(make_desk().types.get(), ada)
    first = visitor.get(f"/my/calendar/{secret}.ics")
    assert "no-store" in first["Cache-Control"]
    assert "private" in first["Cache-Control"]
    assert "X-Accel-Expires" not in first
    assert secret.encode() not in first.content

    known = {"if-none-match": first["ETag"]}
    assert visitor.get(f"/my/calendar/{secret}.ics", headers=known).status_code == 304
    cancel(ticket, acting_user=ada)
    assert visitor.get(f"/my/calendar/{secret}.ics", headers=known).status_code == 200


@one_and_three
def test_a_calendar_costs_the_same_for_one_event_and_for_three(ada, visitor, secret, rows):
    for _ in range(rows):
        make_registration(make_desk().types.get(), ada)
    visitor.get(f"/my/calendar/{secret}.ics")  # that it was read is noted once an hour

    with queries(3):  # the key with its person; the registrations with their events; what was handed on
        assert len(entries(visitor, secret)) == rows


# --- what is in it


def test_each_state_is_told_as_what_it_is(ada, omar, visitor, secret):
    desk = make_desk(make_event("Full room"), capacity=1)
    first = make_registration(desk.types.get(), omar)
    waiting = make_registration(desk.types.get(), ada)
    name = uid(desk.event)

    assert entries(visitor, secret)[name]["STATUS"] == "TENTATIVE"
    assert "waiting list" in entries(visitor, secret)[name]["DESCRIPTION"]
    cancel(first, acting_user=omar)
    assert entries(visitor, secret)[name]["STATUS"] == "CONFIRMED"
    assert entries(visitor, secret)[name]["URL"].endswith(f"/tickets/{waiting.code}/")
    cancel(waiting, acting_user=ada)
    assert entries(visitor, secret)[name]["STATUS"] == "CANCELLED"


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.WITHDRAWN, Status.DRAFT])
def test_an_event_that_is_called_off_is_cancelled_and_not_gone(ada, visitor, secret, status):
    desk = make_desk()
    make_registration(desk.types.get(), ada)
    desk.event.status = status
    desk.event.save()
    (entry,) = entries(visitor, secret).values()
    assert entry["STATUS"] == "CANCELLED"


def test_sequence_only_grows_whatever_a_person_and_an_organiser_do(ada, omar, visitor, secret):
    desk = make_desk(capacity=1)
    kind, event = desk.types.get(), desk.event
    seen = []

    def look():
        (entry,) = entries(visitor, secret).values()
        seen.append((entry["SEQUENCE"], str(entry["STATUS"]), str(entry["SUMMARY"])))

    def rename():
        current = Event.objects.get(pk=event.pk)
        current.title += "!"
        current.save()

    first = make_registration(kind, ada)
    look()
    rename()
    look()
    cancel(first, acting_user=ada)
    look()
    others = make_registration(kind, omar)
    again = make_registration(kind, ada)
    look()
    cancel(others, acting_user=omar)
    look()
    cancel(again, acting_user=ada)
    look()
    make_registration(kind, ada)
    look()

    numbers = [sequence for sequence, _status, _title in seen]
    assert numbers == sorted(set(numbers)), seen
    assert [status for _sequence, status, _title in seen] == [
        *("CONFIRMED", "CONFIRMED", "CANCELLED", "TENTATIVE"),
        *("CONFIRMED", "CANCELLED", "CONFIRMED"),
    ]


def test_who_handed_a_ticket_on_sees_it_cancelled_and_never_anything_older(ada, omar, visitor, secret):
    ticket = make_registration(make_desk().types.get(), ada)
    seen = []

    def look():
        (entry,) = entries(visitor, secret).values()
        seen.append((entry["SEQUENCE"], str(entry["STATUS"])))

    look()
    taken = take_over(hand_on(ticket, omar.email, acting_user=ada), acting_user=omar)
    look()
    take_over(hand_on(taken, ada.email, acting_user=omar), acting_user=ada)
    look()

    assert [status for _sequence, status in seen] == ["CONFIRMED", "CANCELLED", "CONFIRMED"]
    assert [sequence for sequence, _status in seen] == sorted({sequence for sequence, _status in seen})


def test_what_is_over_stays_for_a_year_where_one_had_a_place(ada, visitor, secret):
    def over(days, **fields):
        begun = timezone.now() - dt.timedelta(days=days)
        desk = make_desk(make_event(starts_at=timezone.now() + dt.timedelta(days=1)))
        ticket = make_registration(desk.types.get(), ada)
        if fields:
            cancel(ticket, acting_user=ada)
        Event.objects.filter(pk=desk.pk).update(starts_at=begun, ends_at=begun)
        return uid(desk.event)

    kept = over(300)
    over(400)
    over(3, cancelled=True)

    assert set(entries(visitor, secret)) == {kept}


def test_a_calendar_holds_nobody_elses(omar, visitor, secret):
    make_registration(make_desk().types.get(), omar)
    assert entries(visitor, secret) == {}


def test_naughty_titles_come_back_as_text(ada, visitor, secret):
    naughty = json.loads((needs_shared_data("naughty-strings") / "blns.json").read_text())
    titles = [text[:200] for text in naughty if text.strip() and text.isprintable()][:60]
    for title in titles:
        make_registration(make_desk(make_event(title)).types.get(), ada)

    found = entries(visitor, secret).values()

    assert sorted(str(entry["SUMMARY"]) for entry in found) == sorted(titles)
