"""Searching as a person does: typing, choosing, going on and back, with scripts and without."""

import pytest

from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import make_event, make_events, tomorrow

pytestmark = pytest.mark.django_db(transaction=True)


def test_searching_while_typing(open_browser: OpenBrowser) -> None:
    make_event("Jazz night", category="arts", starts_at=tomorrow(19))
    make_event("Chess evening", category="social", starts_at=tomorrow(18))
    page = open_browser()
    page.goto("/")
    page.goto("/events/?category=arts")
    page.goto("/events/")

    page.locator("#q").press_sequentially("jaz", delay=40)

    page.wait_for_url("**/events/?q=jaz")  # the address bar follows
    page.locator("h3 mark", has_text="Jazz").wait_for()
    assert page.locator(".event").count() == 1
    assert page.locator("#found").inner_text() == "1 event for “jaz”"  # what a screen reader hears
    assert page.evaluate("document.activeElement.id") == "q"  # the focus stayed
    assert page.locator("#q").input_value() == "jaz"

    page.locator("#q").press("Backspace")
    page.wait_for_url("**/events/?q=ja")
    page.reload()
    assert page.locator("#q").input_value() == "ja"

    page.get_by_role("link", name="Social", exact=True).click()
    page.wait_for_url("**/events/?category=social&q=ja")
    page.locator(".empty").wait_for()
    page.get_by_role("link", name="1 event without filters").click()
    page.wait_for_url("**/events/?q=ja")
    page.go_back()
    page.wait_for_url("**/events/?category=social&q=ja")
    page.go_back()
    page.wait_for_url("**/events/?q=ja")
    assert page.locator(".event").count() == 1
    page.go_back()  # typing left no steps behind
    page.wait_for_url("**/events/?category=arts")


def test_showing_more_keeps_the_place(open_browser: OpenBrowser) -> None:
    make_events(65, title="Jazz")
    page = open_browser()
    page.goto("/events/?q=jazz")
    more = page.locator(".more a")
    more.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")

    more.click()

    page.locator(".event").nth(59).wait_for()
    assert page.evaluate("scrollY") >= before - 5
    assert page.url.endswith("/events/?q=jazz")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "More events"
    assert page.locator(".event").count() == 60
    page.locator(".more a").click()
    page.locator(".event").nth(64).wait_for()
    assert page.locator(".more a").count() == 0


def test_searching_without_scripts(open_browser: OpenBrowser) -> None:
    make_events(31, title="Jazz", category="arts")
    make_event("Chess", category="social")
    page = open_browser(scripts=False)
    page.goto("/events/?category=arts")

    page.locator("#q").fill("jazz")
    page.locator("#q").press("Enter")

    page.wait_for_url("**/events/?category=arts&q=jazz")
    assert page.locator(".event").count() == 30
    page.locator(".more a").click()
    assert page.locator(".event").count() == 1
    page.locator("details.filters summary").click()
    page.locator("#archive").check()
    page.get_by_role("button", name="Show events").click()
    page.wait_for_url("**/events/?archive=1&category=arts&q=jazz")
    assert page.locator(".empty").count() == 1
