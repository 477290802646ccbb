"""An organiser sets up a desk in a browser, a student gets a place at it; and two organisers at the same moment."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from myapp.registrations.actions import save_desk
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.layout import Layout
from myapp.registrations.models import Desk, Registration, State, TicketType
from myapp.testing.accessibility import complaints
from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import make_event
from myapp.testing.people import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(page, user) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail or username").fill(user.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_desk_is_set_up_and_somebody_gets_a_place(
    open_browser: OpenBrowser, omar, ada, omars_club, scripts: bool
) -> None:
    event = make_event("Dark skies", organisation=omars_club)
    page = open_browser(scripts=scripts, viewport={"width": 390, "height": 844})
    sign_in(page, omar)
    page.goto("/organise/")
    page.get_by_role("link", name="Dark skies").click()

    page.get_by_label("Here", exact=True).check()
    page.get_by_label("How many places are there?").fill("20")
    page.get_by_label("Name", exact=True).fill("Student")
    page.get_by_role("button", name="Add a ticket type").click()
    page.locator("#types fieldset.row").nth(1).wait_for()
    second = page.locator("#types fieldset.row").nth(1)
    second.get_by_label("Name", exact=True).fill("Guest of the club")
    second.get_by_label("For whom").select_option("members")
    page.get_by_role("button", name="Add a question").click()
    page.locator("#questions fieldset.row").first.wait_for()
    page.get_by_label("Question", exact=True).fill("What do you eat?")
    page.get_by_role("button", name="Save").click()

    page.get_by_text("Saved.").wait_for()
    assert page.get_by_label("How many places are there?").input_value() == "20"
    desk = Desk.objects.get(pk=event.pk)
    assert [kind.name for kind in desk.types.all()] == ["Student", "Guest of the club"]
    assert desk.asks
    if scripts:
        assert complaints(page) == []

    student = open_browser(scripts=scripts)
    sign_in(student, ada)
    student.goto(f"/my/events/{event.slug}/register/")
    student.get_by_role("button").filter(has_text="place").first.click()
    student.get_by_label("What do you eat?").fill("Soup")
    student.locator("main form button[type=submit]").first.click()
    student.get_by_text("You have a place").first.wait_for()

    page.get_by_role("link", name="People").click()
    page.get_by_text("Soup").wait_for()
    assert Registration.objects.get().state == State.CONFIRMED


def test_two_organisers_set_up_the_same_desk_at_the_same_moment(omar, omars_club) -> None:
    event = make_event(organisation=omars_club)
    together = threading.Barrier(2)
    said: list[str] = []

    def set_up(capacity: int) -> None:
        layout = Layout(Desk(event=event, capacity=capacity), types=[TicketType(name=f"Type {capacity}")])
        try:
            together.wait(30)
            save_desk(event, layout, acting_user=omar)
            said.append("saved")
        except RegistrationRefused as refused:
            said.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=set_up, args=[capacity]) for capacity in (10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(said) == ["changed_meanwhile", "saved"]
    desk = Desk.objects.get()
    assert [kind.name for kind in desk.types.all()] == [f"Type {desk.capacity}"]
