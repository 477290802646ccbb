"""Getting a place: the island, the page of its own, and what each says when there is none."""

import datetime as dt

import pytest
from django.utils import timezone

from myapp.registrations.models import Audience, Desk, Mode, Registration, State, TicketType
from myapp.testing.factories import make_desk, make_event, make_registration
from myapp.testing.html import parse
from myapp.testing.people import browser_of
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"hx-request": "true"}}


def island(desk: Desk) -> str:
    return f"/_mine/events/{desk.event.slug}/place/"


def page(desk: Desk) -> str:
    return f"/my/events/{desk.event.slug}/register/"


def press(browser, desk, kind=None, **given):
    kind = kind or desk.types.first()
    return browser.post(island(desk), {"ticket": kind.pk, **given}, **HTMX)


def state_of(user, desk) -> str | None:
    return Registration.objects.filter(user=user, desk=desk).values_list("state", flat=True).last()


# --- what everybody sees ----------------------------------------------------------------------------------------------


def test_an_event_page_says_how_one_registers(visitor, desk):
    panel = parse(visitor.get(desk.event.path)).one("aside.rail section.first")

    assert "2 places left" in panel.text()
    assert "For people of the campus" in panel.text()
    assert panel.one("a.button").attrs["href"] == page(desk)


def test_an_event_without_a_desk_says_just_come(visitor, omars_club):
    event = make_event(organisation=omars_club)

    assert "No registration is needed." in parse(visitor.get(event.path)).one("aside.rail").text()


def test_registering_elsewhere_is_a_link(visitor):
    desk = make_desk(way="elsewhere", url="https://tickets.example.org/7")

    link = parse(visitor.get(desk.event.path)).one("aside.rail section.first a.button")

    assert link.attrs["href"] == "https://tickets.example.org/7"
    assert "tickets.example.org" in link.text()


@pytest.mark.parametrize("kinds", [1, 3])
def test_an_event_page_costs_two_more_queries_with_a_desk(visitor, kinds):
    desk = make_desk(types=kinds)
    with queries(4):  # the event; events like it; the desk; its types
        visitor.get(desk.event.path)


# --- one tap ----------------------------------------------------------------------------------------------------------


def test_one_tap_gets_a_place(ada, ada_browser, desk):
    form = parse(ada_browser.get(island(desk))).one("form")
    sent = {field.attrs["name"]: field.attrs.get("value", "") for field in form.all("input")}

    answer = ada_browser.post(form.attrs["action"], sent, **HTMX)

    assert answer.status_code == 200
    assert "You have a place." in parse(answer).text()
    assert state_of(ada, desk) == State.CONFIRMED


def test_a_place_costs_the_person_and_one_statement(ada_browser, desk):
    kind = desk.types.get()
    with queries(
        1 + 1 + 2
    ):  # the person (the session is in the cache); the statement; a test's savepoint around it
        answer = ada_browser.post(island(desk), {"ticket": kind.pk})

    assert answer.status_code == 302


def test_pressing_twice_is_one_place(ada, ada_browser, desk):
    for _ in range(3):
        assert press(ada_browser, desk).status_code == 200

    assert Registration.objects.filter(user=ada).count() == 1
    desk.refresh_from_db()
    assert desk.taken == 1


def test_without_scripts_the_page_does_the_same(ada, ada_browser, desk):
    form = parse(ada_browser.get(page(desk))).one("main form")
    sent = {field.attrs["name"]: field.attrs.get("value", "") for field in form.all("input")}

    answer = ada_browser.post(page(desk), sent, follow=True)

    assert state_of(ada, desk) == State.CONFIRMED
    assert "You have a place." in parse(answer).text()


# --- when it is full --------------------------------------------------------------------------------------------------


def fill_up(desk):
    for _ in range(desk.capacity):
        make_registration(desk.types.first())


def test_full_is_said_and_the_waiting_list_offered(ada, ada_browser, desk):
    fill_up(desk)

    answer = press(ada_browser, desk)

    assert answer.status_code == 422
    assert "All places are taken." in parse(answer).text()
    assert state_of(ada, desk) is None
    assert "Join the waiting list" in parse(ada_browser.get(island(desk))).text()


def test_a_second_refusal_asks_neither_session_nor_database(ada_browser, desk):
    fill_up(desk)
    kind = desk.types.get()
    press(ada_browser, desk, kind)

    with queries(0):
        assert press(ada_browser, desk, kind).status_code == 422


def test_full_without_scripts_leads_to_where_one_sees(ada_browser, desk):
    fill_up(desk)

    answer = ada_browser.post(island(desk), {"ticket": desk.types.get().pk}, follow=True)

    assert answer.redirect_chain == [(page(desk), 302)]
    assert "Join the waiting list" in parse(answer).text()


def test_who_waits_sees_where_and_how_that_came(ada, ada_browser, desk):
    fill_up(desk)
    first, second = (make_registration(desk.types.get()) for _ in range(2))
    press(ada_browser, desk, wait=1)
    assert state_of(ada, desk) == State.WAITING
    assert (
        "You are number 3 on the waiting list. 2 people are before you."
        in parse(ada_browser.get(island(desk))).text()
    )

    browser_of(first.user).post(f"/tickets/{first.code}/cancel/")
    holder = desk.registrations.filter(state=State.CONFIRMED).first()
    browser_of(holder.user).post(f"/tickets/{holder.code}/cancel/")

    said = parse(ada_browser.get(island(desk))).text()
    assert "You are number 1 on the waiting list. The next place is yours." in said
    assert "When you joined, 2 people were before you. 1 has had a place since. 1 has left the list." in said
    second.refresh_from_db()
    assert second.state == State.CONFIRMED


# --- each refusal is one sentence, and changes nothing ----------------------------------------------------------------


def in_an_hour():
    return timezone.now() + dt.timedelta(hours=1)


REFUSALS = {
    "closed for now": (
        lambda desk: Desk.objects.update(is_open=False),
        "Registration is closed at the moment.",
    ),
    "not yet": (lambda desk: TicketType.objects.update(opens_at=in_an_hour()), "Registration opens"),
    "closed": (lambda desk: TicketType.objects.update(closes_at=timezone.now()), "Registration has closed."),
    "members": (
        lambda desk: TicketType.objects.update(audience=Audience.MEMBERS),
        "is not for this account.",
    ),
    "second year": (lambda desk: TicketType.objects.update(years=[2]), "is not for this account."),
    "elsewhere": (
        lambda desk: Desk.objects.update(way="elsewhere", url="https://example.org"),
        "There is no registration for this event.",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_sentence_and_changes_nothing(change, sentence, ada, ada_browser, desk):
    change(desk)

    answer = press(ada_browser, desk)

    assert answer.status_code == 422
    assert sentence in parse(answer).text()
    assert state_of(ada, desk) is None
    desk.refresh_from_db()
    assert (desk.taken, desk.waiting) == (0, 0)
    assert sentence in parse(ada_browser.post(page(desk), {"ticket": desk.types.get().pk})).text()


OTHER_ENDS = {
    "a draw": (lambda desk: Desk.objects.update(mode=Mode.LOTTERY), State.ENTERED, "You are in the draw."),
    "approval": (
        lambda desk: TicketType.objects.update(needs_approval=True),
        State.PENDING,
        "An organiser looks at your registration.",
    ),
    "waiting": (fill_up, State.WAITING, "You are number 1 on the waiting list."),
}


@pytest.mark.parametrize(("change", "state", "sentence"), OTHER_ENDS.values(), ids=OTHER_ENDS)
def test_what_is_not_a_place_yet_is_said(change, state, sentence, ada, ada_browser, desk):
    change(desk)

    answer = press(ada_browser, desk, wait=1)

    assert answer.status_code == 200
    assert sentence in parse(answer).text()
    assert state_of(ada, desk) == state


@pytest.mark.parametrize("ticket", ["", "0", "9" * 17, "9" * 40, "x", "-1", "١"])
def test_a_ticket_that_is_none_is_not_found(ada_browser, desk, ticket):
    assert ada_browser.post(island(desk), {"ticket": ticket}).status_code == 404


def test_a_ticket_of_another_event_is_not_found(ada, ada_browser, desk):
    other = make_desk().types.get()

    assert press(ada_browser, desk, other).status_code == 404
    assert not Registration.objects.filter(user=ada).exists()


def test_a_visitor_is_led_to_the_page_that_says_how(visitor, desk):
    assert press(visitor, desk)["HX-Redirect"] == page(desk)
    said = parse(visitor.get(page(desk)))
    assert said.has(f'a[href="/accounts/login/?next={page(desk).replace("/", "%2F")}"]')


def test_an_event_one_may_not_see_has_no_desk(ada_browser, visitor, omars_club):
    desk = make_desk(make_event("Secret meeting", organisation=omars_club, visibility="members"))

    assert ada_browser.get(page(desk)).status_code == 404
    assert ada_browser.get(island(desk)).status_code == 204
    assert visitor.get(page(desk))["Location"].startswith("/accounts/login/")
