"""Through a real browser, with scripts and without: an account is made, confirmed, used, and left."""

import pytest

from myapp.accounts.models import User
from myapp.accounts.tests.signing_up import ADA, last_mail, link_in
from myapp.testing.factories import make_event, make_person, make_room
from myapp.testing.people import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def cookies_of(page):
    """Return the names of the cookies that the browser holds."""
    return {cookie["name"] for cookie in page.context.cookies()}


def sign_in(page, login):
    """Fill in the form of the sign-in page that is open."""
    page.get_by_label("E-mail or username").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")


def see_oneself(page, *, scripts):
    """See that the bar knows the person: on the public page by the island, without scripts on a private page."""
    assert "signed_in" in cookies_of(page)
    if not scripts:
        assert page.get_by_role("banner").get_by_role("link", name="Sign in").is_visible()
        page.goto("/accounts/")
    page.locator("summary", has_text="Ada Okonkwo: your menu").click()
    assert page.get_by_text("ada@example.edu").first.is_visible()


def sign_out(page):
    """Sign out by the menu that is open."""
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    page.wait_for_url("/")
    assert page.get_by_role("banner").get_by_role("link", name="Sign in").is_visible()
    assert not cookies_of(page) & {"signed_in", "sessionid"}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_account_is_made_confirmed_used_and_left(open_browser, scripts):
    page = open_browser(scripts=scripts)
    page.goto("/")
    page.get_by_role("banner").get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Make an account").click()
    for label, value in zip(("Name", "E-mail", "Username", "Password"), ADA.values(), strict=True):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Make the account").click()
    assert page.get_by_role("heading", name="Look into your mail").is_visible()
    assert "signed_in" not in cookies_of(page)

    page.goto(link_in(last_mail()))
    page.get_by_role("button", name="Yes, this is my address").click()
    page.wait_for_url("/")
    see_oneself(page, scripts=scripts)
    sign_out(page)

    for login in ("ada", "Ada@Example.edu"):
        page.get_by_role("banner").get_by_role("link", name="Sign in").click()
        sign_in(page, login)
        see_oneself(page, scripts=scripts)
        sign_out(page)
    assert User.objects.get().last_login


def test_what_one_is_to_be_told_arrives_on_a_public_page(open_browser):
    page = open_browser()
    page.goto("/accounts/signup/")
    for label, value in zip(("Name", "E-mail", "Username", "Password"), ADA.values(), strict=True):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Make the account").click()
    page.goto(link_in(last_mail()))
    page.get_by_role("button", name="Yes, this is my address").click()
    page.wait_for_url("/")
    page.get_by_text("ada@example.edu is confirmed.").wait_for()


def test_sign_out_in_another_tab_reaches_a_public_page(open_browser):
    make_person("Ada Okonkwo", username="ada")
    page = open_browser()
    page.goto("/accounts/login/")
    sign_in(page, "ada")
    page.locator("summary", has_text="Ada Okonkwo: your menu").wait_for()
    page.context.clear_cookies(name="sessionid")  # as when the session is gone on the server
    page.goto("/")
    page.wait_for_function("() => !document.cookie.includes('signed_in')")
    assert page.get_by_role("banner").get_by_role("link", name="Sign in").is_visible()


def test_back_office_works_under_the_content_security_policy(open_browser):
    """Pick from a calendar, look a room up, move a right across, add a row, switch the colours: not one complaint."""
    make_person("Root", username="root", is_staff=True, is_superuser=True)
    event = make_event(room=make_room("141"))
    page = open_browser()
    page.goto("/admin/")
    page.wait_for_url("**/accounts/login/**")
    page.get_by_label("E-mail or username").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/admin/")
    page.locator(".theme-toggle").first.click()

    page.goto(f"/admin/events/event/{event.pk}/change/")
    page.locator(".datetimeshortcuts a").nth(1).click()
    page.locator(".calendarbox a").nth(10).click()
    page.locator(".field-room .select2-selection").click()
    page.locator(".select2-search__field").fill("141")
    page.locator(".select2-results__option", has_text="141").first.click()
    page.locator("details summary", has_text="Worked out").click()
    page.get_by_role("button", name="Save and continue editing").click()
    page.locator(".messagelist .success, .errornote").wait_for()

    page.goto("/admin/events/event/")
    page.locator("#action-toggle").check()
    page.get_by_label("Action:").select_option("withdraw")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    page.get_by_text("Done for 1 event.").wait_for()

    page.goto(f"/admin/events/organisation/{event.organisation.pk}/change/")
    page.get_by_role("link", name="Add another New person").or_(
        page.get_by_role("button", name="Add another New person")
    ).click()
    page.goto(f"/admin/accounts/user/{User.objects.get().pk}/change/")
    page.locator("details summary", has_text="Rights").click()
    page.locator("#id_user_permissions_from option").first.dblclick()
    page.goto("/admin/accounts/user/add/")
    page.goto("/admin/venues/room/add/")
    page.get_by_label("Label:").press_sequentially("Great Hall 7")
    assert page.locator("#id_slug").input_value() == "great-hall-7"
