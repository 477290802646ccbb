"""What scripts add, through a real browser: the panel beside a list, Back, search while typing, one's own time."""

import re

import pytest
from playwright.sync_api import expect

from myapp.events.models import Event
from myapp.testing.factories import make_event, make_events, make_organisation

pytestmark = pytest.mark.django_db(transaction=True)

WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def lantern_market():
    event = make_event("Lunar lantern market", description="Soup and light.")
    make_event("Chess in the park")
    return event


def panel_of(page):
    return page.locator("#drawer[open]")


def open_panel(page, title="Lunar lantern market"):
    page.locator("main").get_by_role("link", name=title).click()
    panel_of(page).get_by_role("heading", name=title).wait_for()


def test_event_of_a_list_opens_beside_it_with_its_own_address(open_browser, lantern_market):
    page = open_browser(**WIDE)
    page.goto("/events/")

    open_panel(page)

    assert page.url.endswith(lantern_market.path)
    assert page.title() == "Lunar lantern market · EventMate"
    assert page.evaluate("document.activeElement.id") == "drawer-title"
    assert panel_of(page).get_by_text("Soup and light.").is_visible()


@pytest.mark.parametrize("way", ["back", "escape", "button", "beside"])
def test_panel_closes_and_gives_address_title_and_focus_back(open_browser, lantern_market, way):
    page = open_browser(**WIDE)
    page.goto("/events/")
    title = page.title()
    open_panel(page)

    if way == "back":
        page.go_back()
    elif way == "escape":
        page.keyboard.press("Escape")
    elif way == "button":
        panel_of(page).get_by_role("button", name="Close").click()
    else:
        page.mouse.click(60, 500)

    panel_of(page).wait_for(state="detached")
    page.wait_for_url("/events/")
    page.locator("main a:focus", has_text="Lunar lantern market").wait_for()
    expect(page).to_have_title(
        title
    )  # a browser gives the focus back first, and tells of the closing a moment later


def test_forward_opens_the_panel_again_and_a_new_load_shows_the_page(open_browser, lantern_market):
    page = open_browser(**WIDE)
    page.goto("/events/")
    open_panel(page)
    page.go_back()
    panel_of(page).wait_for(state="detached")

    page.go_forward()
    panel_of(page).get_by_role("heading", name="Lunar lantern market").wait_for()
    page.reload()

    assert page.get_by_role("heading", level=1, name="Lunar lantern market").is_visible()
    page.go_back()
    page.get_by_role("heading", level=1, name="Find events").wait_for()


def test_panel_that_cannot_come_is_the_page_instead(open_browser, lantern_market):
    page = open_browser(**WIDE)
    page.goto("/events/")
    page.route("**/_part/**", lambda route: route.fulfill(status=204))

    page.locator("main").get_by_role("link", name="Lunar lantern market").click()

    page.get_by_role("heading", level=1, name="Lunar lantern market").wait_for()


@pytest.mark.parametrize("context", [PHONE, WIDE | {"scripts": False}], ids=["phone", "no scripts"])
def test_event_is_a_page_on_a_phone_and_without_scripts(open_browser, lantern_market, context):
    page = open_browser(**context)
    page.goto("/events/")

    page.locator("main").get_by_role("link", name="Lunar lantern market").click()

    page.get_by_role("heading", level=1, name="Lunar lantern market").wait_for()
    assert page.url.endswith(lantern_market.path)


def test_search_follows_what_is_typed_and_back_leads_out(open_browser, lantern_market):
    page = open_browser(**WIDE)
    page.goto("/")
    page.goto("/events/")
    box = page.get_by_role("searchbox", name="Search events")

    box.press_sequentially("lunar", delay=20)

    page.wait_for_url("**/events/?q=lunar")
    page.get_by_role("status").get_by_text("1 event").wait_for()
    assert page.evaluate("document.activeElement.id") == "q"
    assert "lunar" in page.title()
    page.go_back()
    page.wait_for_url("/")


def test_show_more_adds_events_and_moves_the_focus_to_them(open_browser):
    organisation = make_organisation()
    make_events(40, organisation=organisation)
    page = open_browser(**WIDE)
    page.goto("/events/")
    before = page.locator("main .event").count()

    page.get_by_role("link", name="Show more").click()
    page.locator("main .event").nth(before).wait_for()

    assert page.locator("main .event").count() == Event.objects.count()
    page.get_by_role("group", name="More events").and_(page.locator(":focus")).wait_for()


@pytest.mark.parametrize(
    ("zone", "shown"), [("Asia/Tokyo", True), ("Europe/London", False)], ids=["abroad", "at home"]
)
def test_visitor_elsewhere_sees_their_own_time_beside_the_campus(open_browser, lantern_market, zone, shown):
    page = open_browser(timezone_id=zone, **WIDE)
    page.goto(lantern_market.path)
    page.locator("time:not([data-local])").first.wait_for()

    own = page.locator(".own-time")

    assert own.count() == shown
    if shown:
        assert re.search(r"\d\d:\d\d GMT\+9 \(your time\)", own.inner_text())
