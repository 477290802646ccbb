"""One's tickets: the list, one ticket, and the same for whoever has its key."""

import datetime as dt
import json

import pytest
from django.utils import timezone
from icalendar import Calendar

from myapp.events.models import Status
from myapp.registrations import actions, keys
from myapp.registrations.actions.looking import VISIT
from myapp.registrations.models import Desk, Look, Registration, State
from myapp.testing.factories import (
    make_desk,
    make_event,
    make_registration,
    make_ticket_type,
)
from myapp.testing.html import hrefs, parse, text_of
from myapp.testing.needs import needs_shared_data
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(ada):
    """Ada's ticket with two guests."""
    desk = make_desk(make_event("Dark skies"), types=0, capacity=9)
    return make_registration(make_ticket_type(desk, "Student", guests=2), ada, guests=["Bo Lind", ""])


def without_account(desk, email="guest@example.org", **fields):
    kind = make_ticket_type(desk, audience="everyone", **fields)
    return actions.register(kind, acting_user=None, email=email, name="Gus Guest", answers={})


def page_of(ticket):
    return f"/tickets/{ticket.code}/"


# --- one ticket


def test_a_ticket_shows_a_code_for_each_place_and_whose_it_is(ada_browser, ticket):
    page = parse(ada_browser.get(page_of(ticket)))

    assert [place.one("h2").text() for place in page.all(".ticket")] == ["Ada Okonkwo", "Bo Lind", "Guest 2"]
    assert [frame.attrs["aria-label"] for frame in page.all(".qr-frame")] == [
        "QR code for the door: Ada Okonkwo",
        "QR code for the door: Bo Lind",
        "QR code for the door: Guest 2",
    ]
    assert "Dark skies" in page.one("h1").text()
    assert "18:00 to 19:30" in page.one(".poster").text()


def test_a_code_is_black_on_white_with_modules_that_a_cheap_camera_reads(ada_browser, ticket):
    drawn = parse(ada_browser.get(page_of(ticket))).all("svg.qr")[0]
    _left, _top, across, _down = map(int, drawn.attrs["viewbox"].split())

    assert int(drawn.attrs["width"]) / across >= 4
    assert [path.attrs.get("fill") or path.attrs.get("stroke") for path in drawn.all("path")] == [
        "#fff",
        "#000",
    ]
    assert f"h{across}v{across}" in drawn.all("path")[0].attrs["d"]  # the white reaches around it
    assert "M4 4.5h7" in drawn.all("path")[1].attrs["d"]  # after four quiet modules


def test_a_ticket_has_no_styles_of_its_own(ada_browser, ticket):
    assert b"style=" not in ada_browser.get(page_of(ticket)).content


@pytest.mark.parametrize("path", ["/tickets/{}/", "/tickets/{}.ics"])
def test_somebody_elses_ticket_is_not_there(omar_browser, visitor, ticket, path):
    assert omar_browser.get(path.format(ticket.code)).status_code == 404
    assert omar_browser.get(path.format("0123456789")).status_code == 404
    assert omar_browser.get(path.format("no-code")).status_code == 404
    assert visitor.get(path.format(ticket.code)).status_code == 302


@one_and_three
def test_a_ticket_costs_the_same_for_one_place_and_for_three(ada, ada_browser, rows):
    desk = make_desk(types=0, capacity=9)
    ticket = make_registration(make_ticket_type(desk, guests=2), ada, guests=["Bo"] * (rows - 1))
    ada_browser.get("/tickets/")  # the session is in the cache from now on

    with queries(2):  # the person; the ticket
        assert len(parse(ada_browser.get(page_of(ticket))).all(".ticket")) == rows


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (State.HELD, "A place is held for you until"),
        (State.OFFERED, "A place has come free for you."),
        (State.WAITING, "You are number 1 on the waiting list."),
        (State.ENTERED, "You are in the draw."),
        (State.PENDING, "An organiser looks at your registration."),
        (State.CANCELLED, "Cancelled: asked for it."),
        (State.REFUSED, "Refused: asked for it."),
        (State.EXPIRED, "Ran out: asked for it."),
    ],
)
def test_what_is_no_ticket_yet_or_any_more_says_so_and_shows_no_code(ada, ada_browser, state, says):
    registration = Registration.objects.create(
        desk=(desk := make_desk()),
        ticket_type=desk.types.get(),
        user=ada,
        name=ada.name,
        state=state,
        until=timezone.now() + dt.timedelta(minutes=5),
        queue_number=1,
    )
    page = parse(ada_browser.get(page_of(registration)))

    assert says in page.one("main").text()
    assert not page.has("svg.qr")


def test_a_ticket_for_an_event_that_is_cancelled_or_over_shows_no_code(ada_browser, ticket):
    event = ticket.desk.event
    event.status, event.cancel_reason = Status.CANCELLED, "Clouds"
    event.save()
    page = parse(ada_browser.get(page_of(ticket)))
    assert "The event is cancelled. Clouds" in page.one("main").text()
    assert not page.has("svg.qr")

    event.status, event.starts_at = Status.PUBLISHED, timezone.now() - dt.timedelta(hours=3)
    event.ends_at = timezone.now() - dt.timedelta(hours=1)
    event.save()
    page = parse(ada_browser.get(page_of(ticket)))
    assert "This event is over." in page.one("main").text()
    assert not page.has("svg.qr")


def test_a_ticket_says_until_when_one_has_to_be_there(ada_browser, ticket):
    assert "Be there by" not in text_of(ada_browser.get(page_of(ticket)))
    Desk.objects.update(release_minutes=15)
    assert "18:15: then places of people who are not there may go to others" in text_of(
        ada_browser.get(page_of(ticket))
    )


def test_a_ticket_leads_to_what_can_be_done_with_it_and_to_nothing_else(ada_browser, ticket):
    page = page_of(ticket)

    def ways():
        return [
            link.removeprefix(page)
            for link in hrefs(ada_browser.get(page), "aside a[href]")
            if link.startswith(page)
        ]

    assert ways() == ["change/", "hand-on/", "cancel/"]
    Desk.objects.update(asks=True)
    assert ways() == ["answers/", "change/", "hand-on/", "cancel/"]
    Desk.objects.update(can_hand_on=False, cancel_until=timezone.now())
    assert ways() == ["answers/", "change/"]
    assert all(ada_browser.get(page + way).status_code == 200 for way in ways())
    Registration.objects.update(state=State.REFUSED)
    assert ways() == []


def test_names_are_text_whatever_they_are(ada, ada_browser, ticket):
    naughty = json.loads((needs_shared_data("naughty-strings") / "blns.json").read_text())
    names = [text[:150] for text in naughty if text.strip() and "\x00" not in text][:400]
    Registration.objects.filter(pk=ticket.pk).update(guests=names[1:], name=names[0])

    page = parse(ada_browser.get(page_of(ticket)))

    shown = [place.one("h2").text() for place in page.all(".ticket")]
    assert shown == [" ".join(name.split()) for name in names]
    assert not page.has(".ticket script")


# --- without an account


def test_a_ticket_opens_with_its_key_for_whoever_has_none_but_that(visitor):
    registration = without_account(make_desk(without_account=True, types=0))
    actions.confirm_address(registration)

    page = parse(visitor.get(f"/r/{keys.key_of(registration)}/"))

    assert page.one(".ticket h2").text() == "Gus Guest"
    assert f"/r/{keys.key_of(registration)}.ics" in hrefs(page)
    assert not visitor.cookies


@pytest.mark.parametrize("ending", ["/", ".ics"])
def test_a_key_that_is_wrong_or_no_longer_holds_opens_nothing(visitor, ending):
    registration = without_account(make_desk(without_account=True, types=0))
    key = keys.key_of(registration)
    for wrong in (key[:-1], key + "A", key.replace(".", "-"), f"9{key}", "x", "9" * 40, "%00", "é.é.é"):
        assert visitor.get(f"/r/{wrong}{ending}").status_code in {400, 404}, wrong

    Registration.objects.filter(pk=registration.pk).update(rotation=1)
    assert visitor.get(f"/r/{key}{ending}").status_code == 404


def test_a_key_leads_to_the_account_that_the_ticket_has_joined(visitor, ada):
    registration = without_account(make_desk(without_account=True, types=0))
    Registration.objects.filter(pk=registration.pk).update(user=ada)

    response = visitor.get(f"/r/{keys.key_of(registration)}/")

    assert (response.status_code, response["Location"]) == (302, f"/tickets/{registration.code}/")


@one_and_three
def test_a_key_costs_one_query_for_one_place_and_for_three(visitor, rows):
    registration = without_account(make_desk(without_account=True, types=0, capacity=9), guests=2)
    Registration.objects.filter(pk=registration.pk).update(
        guests=["Bo"] * (rows - 1), state=State.CONFIRMED, until=None
    )
    with queries(1):
        assert len(parse(visitor.get(f"/r/{keys.key_of(registration)}/")).all(".ticket")) == rows


# --- for the calendar


def test_a_ticket_goes_into_the_calendar_under_the_name_of_its_event(ada_browser, ticket, settings):
    response = ada_browser.get(f"/tickets/{ticket.code}.ics")
    (entry,) = Calendar.from_ical(response.content).walk("VEVENT")

    event = ticket.desk.event
    assert (entry["UID"], entry["STATUS"]) == (f"{event.code}@eventmate", "CONFIRMED")
    assert entry["SEQUENCE"] == event.sequence + 1 + ticket.revision
    assert entry["URL"] == f"{settings.SITE_URL}/tickets/{ticket.code}/"
    assert entry["DESCRIPTION"].startswith("You have a place. Your ticket:\nhttp")


def test_a_place_in_the_queue_is_tentative_and_a_cancelled_one_cancelled(ada, ada_browser):
    desk = make_desk(capacity=1)
    make_registration(desk.types.get())
    waiting = make_registration(desk.types.get(), ada)

    def status():
        content = ada_browser.get(f"/tickets/{waiting.code}.ics").content
        return Calendar.from_ical(content).walk("VEVENT")[0]["STATUS"]

    assert status() == "TENTATIVE"
    actions.cancel(waiting, acting_user=ada)
    assert status() == "CANCELLED"


# --- the list


def test_the_list_has_what_needs_an_answer_what_comes_what_waits_and_what_is_over(ada, ada_browser):
    make_registration(make_desk(make_event("Dark skies")).types.get(), ada)
    full = make_desk(make_event("Small room"), capacity=1)
    make_registration(full.types.get())
    make_registration(full.types.get(), ada)
    offering = make_desk(make_event("Second chance"), capacity=1, promotion="offer")
    first = make_registration(offering.types.get())
    make_registration(offering.types.get(), ada)
    actions.cancel(first, acting_user=first.user)
    given_back = make_registration(make_desk(make_event("Given back")).types.get(), ada)
    actions.cancel(given_back, acting_user=ada)

    page = parse(ada_browser.get("/tickets/"))

    parts = {
        part.one("h2").text(): [row.one("h3").text() for row in part.all("li")]
        for part in page.all("main section")
    }
    assert parts == {
        "They need an answer": ["Second chance"],
        "Upcoming": ["Dark skies"],
        "Waiting": ["Small room"],
        "Past and cancelled": ["Given back"],
    }
    assert "Number 1 in line" in page.one("main").text()


def test_the_list_of_somebody_who_has_nothing_leads_to_what_is_on(ada_browser):
    page = ada_browser.get("/tickets/")
    assert "No tickets yet" in text_of(page)
    assert "/" in hrefs(page, "main a[href]")


def test_the_menu_leads_to_the_tickets(ada_browser):
    assert "/tickets/" in hrefs(ada_browser.get("/_mine/shell/"))


@one_and_three
def test_the_list_costs_the_same_for_one_row_and_for_three(ada, ada_browser, rows):
    full = [make_desk(capacity=1) for _ in range(rows)]
    for desk in full:
        make_registration(desk.types.get())
        make_registration(desk.types.get(), ada)
        make_registration(make_desk().types.get(), ada)
        actions.cancel(make_registration(make_desk().types.get(), ada), acting_user=ada)
    ada_browser.get("/tickets/")

    with queries(5):  # the person; their last look; what is live; how much is over; a page of that
        page = parse(ada_browser.get("/tickets/"))

    assert len(page.all("main li")) == 3 * rows


def test_what_is_over_comes_in_pages(ada, ada_browser):
    desk = make_desk(types=0)
    kind = make_ticket_type(desk)
    Registration.objects.bulk_create(
        Registration(desk=desk, ticket_type=kind, user=ada, name=str(number), state=State.CANCELLED)
        for number in range(21)
    )
    assert len(parse(ada_browser.get("/tickets/")).all("main li")) == 20
    assert len(parse(ada_browser.get("/tickets/?page=2")).all("main li")) == 1
    assert len(parse(ada_browser.get("/tickets/?page=nonsense")).all("main li")) == 20


# --- what is new


def news(browser):
    return [found.text() for found in parse(browser.get("/tickets/")).all(".news")]


def some_time_passes():
    before = timezone.now() - 2 * VISIT
    Look.objects.update(at=before)
    return before


def test_the_list_marks_what_others_changed_since_one_looked(ada, ada_browser):
    desk = make_desk(capacity=1)
    first = make_registration(desk.types.get())
    make_registration(desk.types.get(), ada)
    assert news(ada_browser) == []

    some_time_passes()
    actions.cancel(first, acting_user=first.user)

    assert news(ada_browser) == ["Confirmed: a place came free"]
    assert news(ada_browser) == ["Confirmed: a place came free"]  # still the same visit
    some_time_passes()
    Registration.objects.update(changed_at=timezone.now() - 3 * VISIT)
    assert news(ada_browser) == []


def test_the_list_does_not_mark_what_one_did_oneself(ada, ada_browser):
    ada_browser.get("/tickets/")
    some_time_passes()
    make_registration(make_desk().types.get(), ada)
    assert news(ada_browser) == []


def test_the_list_marks_an_event_that_changed(ada, ada_browser):
    desk = make_desk()
    make_registration(desk.types.get(), ada)
    ada_browser.get("/tickets/")
    some_time_passes()
    desk.event.title = "Darker skies"
    desk.event.save()
    assert news(ada_browser) == ["The organiser changed the event."]

    desk.event.status = Status.CANCELLED
    desk.event.save()
    assert news(ada_browser) == ["The event was cancelled."]


def test_looking_is_noted_once_a_visit(ada):
    assert actions.look(acting_user=ada) is None
    assert actions.look(acting_user=ada) is None
    before = some_time_passes()
    assert actions.look(acting_user=ada) == before
    assert actions.look(acting_user=ada) == before
    assert Look.objects.get().at > before + VISIT
