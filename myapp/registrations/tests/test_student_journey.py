"""A student's way from an event to a place, in a real browser; with scripts and without."""

import datetime as dt

import pytest

from myapp.registrations.models import Audience, Desk, Question, QuestionKind, Registration, State, TicketType
from myapp.testing.accessibility import complaints
from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import make_desk, make_event, make_registration, make_ticket_type, tomorrow
from myapp.testing.people import ADA, PASSWORD, make_account

pytestmark = pytest.mark.django_db(transaction=True)

# A form that comes back to be mended, and a refusal: the browser says so on its console.
MENDED = "status of 422"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@pytest.fixture
def desk() -> Desk:
    """Two places in a week, and two tickets to choose from."""
    event = make_event("Lunar lantern market", starts_at=tomorrow() + dt.timedelta(days=7))
    return make_desk(event)


def ask(desk: Desk) -> None:
    """Ask whether somebody eats along, and if so what not."""
    Desk.objects.update(asks=True)
    meal = Question.objects.create(
        desk=desk, label="Do you eat with us?", kind=QuestionKind.YES_NO, required=True
    )
    Question.objects.create(
        desk=desk,
        position=1,
        label="What do you not eat?",
        kind=QuestionKind.SEVERAL,
        choices=["Meat", "Nuts"],
        required=True,
        shown_when=meal,
        shown_for="yes",
    )


def sign_in(page) -> None:
    page.get_by_label("E-mail or username").fill(ADA.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form button").first.click()


@BOTH
def test_student_signs_in_and_gets_a_place(open_browser: OpenBrowser, desk: Desk, scripts: bool) -> None:
    ada = make_account(ADA)
    page = open_browser(scripts=scripts, **PHONE)

    page.goto(desk.event.path)
    page.get_by_role("link", name="Get a place").click()
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page)
    page.get_by_role("button", name="Get a place").click()

    page.wait_for_url("**/tickets/*/")
    page.get_by_text("You have a place.").wait_for()
    assert Registration.objects.get().user == ada
    assert Registration.objects.get().state == State.CONFIRMED

    page.go_back()  # and once more: it stays one place
    page.goto(f"/my/events/{desk.event.slug}/register/")
    page.get_by_text("You have a place.").wait_for()
    assert Registration.objects.count() == 1


def test_student_gets_a_place_on_the_event_page_with_one_tap(open_browser: OpenBrowser, desk: Desk) -> None:
    make_account(ADA)
    page = open_browser(**PHONE)
    page.goto("/accounts/login/")
    sign_in(page)
    page.wait_for_url("**/")

    page.goto(desk.event.path)
    page.get_by_role("button", name="Get a place").dblclick()

    page.get_by_text("You have a place.").wait_for()
    assert page.url.endswith(desk.event.path)
    assert Registration.objects.count() == 1
    page.get_by_role("link", name="Open my ticket").click()
    page.wait_for_url("**/tickets/*/")


def test_student_who_comes_too_late_joins_the_queue_in_the_drawer(
    open_browser: OpenBrowser, desk: Desk
) -> None:
    make_account(ADA)
    page = open_browser(forgives=MENDED, viewport={"width": 1280, "height": 900})
    page.goto("/accounts/login/")
    sign_in(page)
    page.wait_for_url("**/")
    page.goto("/events/")
    page.get_by_role("link", name="Lunar lantern market").first.click()
    button = page.locator("#drawer").get_by_role("button", name="Get a place")
    button.wait_for()
    for _ in range(2):
        make_registration(desk.types.get())

    button.click()

    page.get_by_text("All places are taken.").wait_for()
    page.get_by_role("button", name="Join the waiting list").click()  # the island has looked again by itself
    page.get_by_text("You are number 1 on the waiting list.").wait_for()
    assert Registration.objects.get(user__username="ada").state == State.WAITING


@BOTH
def test_student_answers_questions_while_a_place_is_held(
    open_browser: OpenBrowser, desk: Desk, scripts: bool
) -> None:
    make_account(ADA)
    ask(desk)
    page = open_browser(scripts=scripts, forgives=MENDED, **PHONE)
    page.goto(f"/accounts/login/?next=/my/events/{desk.event.slug}/register/")
    sign_in(page)
    page.get_by_role("button", name="Get a place").click()
    page.get_by_text("A place is held for you until").wait_for()
    assert page.get_by_label("Nuts").is_visible() is not scripts
    assert page.get_by_text("Only if you answered").is_visible() is not scripts

    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Confirm my place").click()
    page.get_by_text("This must be answered.").wait_for()
    page.get_by_label("Nuts").check()
    page.get_by_role("button", name="Confirm my place").click()

    page.wait_for_url("**/tickets/*/")
    assert Registration.objects.get().state == State.CONFIRMED
    assert ["Nuts"] in Registration.objects.get().answers.values()


def test_countdown_runs_where_there_are_scripts(open_browser: OpenBrowser, desk: Desk) -> None:
    make_account(ADA)
    ask(desk)
    page = open_browser(**PHONE)
    page.goto(f"/accounts/login/?next=/my/events/{desk.event.slug}/register/")
    sign_in(page)
    page.get_by_role("button", name="Get a place").click()
    clock = page.locator("time[data-countdown]")

    assert "(9:" in clock.inner_text() or "(10:00)" in clock.inner_text()


@BOTH
def test_guest_without_an_account_gets_a_place_by_mail(
    open_browser: OpenBrowser, desk: Desk, scripts: bool
) -> None:
    from myapp.registrations import ways

    Desk.objects.update(without_account=True)
    TicketType.objects.update(audience=Audience.EVERYONE)
    page = open_browser(scripts=scripts, **PHONE)
    page.goto(f"/my/events/{desk.event.slug}/register/")
    page.get_by_label("Your name").fill("Guest One")
    page.get_by_label("Your e-mail address").fill("guest@example.org")
    page.get_by_role("button", name="Get a place").click()
    page.get_by_text("Look into your mail.").wait_for()

    page.goto(ways.way_on(Registration.objects.get()))
    page.get_by_role("button", name="Yes, I am coming").click()

    page.wait_for_url("**/r/*/")
    page.get_by_text("You have a place.").wait_for()
    assert Registration.objects.get().state == State.CONFIRMED


def test_axe_finds_nothing_on_the_way_to_a_place(open_browser: OpenBrowser, desk: Desk) -> None:
    ada = make_account(ADA)
    make_ticket_type(desk, "With friends", guests=2)
    Desk.objects.update(without_account=True, capacity=9)
    TicketType.objects.update(audience=Audience.EVERYONE)
    page = open_browser(forgives=MENDED)
    register = f"/my/events/{desk.event.slug}/register/"
    found = []

    def look(*addresses: str) -> None:
        for address in addresses:
            page.goto(address)
            page.wait_for_load_state("networkidle")
            found.extend(complaints(page))

    look(register, f"{register}?sent=1")
    page.goto("/accounts/login/")
    sign_in(page)
    page.wait_for_url("**/")
    look(desk.event.path, register)
    ask(desk)
    mine = make_registration(desk.types.order_by("pk")[0], ada)
    look(
        desk.event.path,
        register,
        *(f"/tickets/{mine.code}/{verb}/" for verb in ("answers", "change", "cancel")),
    )
    page.goto(f"/tickets/{mine.code}/answers/")
    page.get_by_role("button", name="Confirm my place").click()
    page.get_by_text("This must be answered.").first.wait_for()
    found.extend(complaints(page))

    assert found == []
