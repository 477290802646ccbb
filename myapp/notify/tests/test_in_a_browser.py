"""The pages in a real browser: nobody is shut out, and a push is shown by the worker that the page registers."""

from __future__ import annotations

import json

import pytest

from myapp.notify.links import signer
from myapp.notify.models import Device
from myapp.testing.accessibility import complaints
from myapp.testing.browser import OpenBrowser
from myapp.testing.people import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/accounts/notifications/"


def sign_in(page):
    page.goto(f"/accounts/login/?next={PAGE}")
    page.get_by_label("E-mail or username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{PAGE}")


def test_axe_finds_nothing(open_browser: OpenBrowser, ada, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    Device.objects.create(user=ada, endpoint="https://push.example.org/a", name="Firefox, Linux")
    page = open_browser()
    sign_in(page)
    found = complaints(page)
    page.goto(f"{PAGE}stop/{signer.sign_object([ada.pk, 'places'])}/")
    found += complaints(page)
    page.get_by_role("button", name="No more of these").click()
    page.get_by_role("button", name="Send them again").wait_for()
    assert found + complaints(page) == []


def test_choices_without_javascript(open_browser: OpenBrowser, ada, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    page = open_browser(scripts=False)
    sign_in(page)
    assert not page.get_by_role("button", name="Show it on this device").is_visible()
    assert page.get_by_text("Switching it on needs JavaScript").is_visible()
    page.get_by_label("Reminders before an event, by mail").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved.").wait_for()
    assert not page.get_by_label("Reminders before an event, by mail").is_checked()


def test_a_browser_that_does_not_allow_it_says_so(open_browser: OpenBrowser, ada, settings, tmp_path) -> None:
    """Nobody has been asked yet, and a browser without a screen answers no."""
    settings.DATA_DIR = tmp_path
    page = open_browser()
    sign_in(page)
    page.get_by_role("button", name="Show it on this device").click()
    page.get_by_text("This browser does not allow it.").wait_for()
    assert not Device.objects.exists()


def test_the_worker_shows_what_is_pushed(open_browser: OpenBrowser, ada, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    page = open_browser(permissions=["notifications"])
    sign_in(page)
    page.evaluate("navigator.serviceWorker.register('/push-worker.js', { scope: '/push/' })")
    devtools = page.context.new_cdp_session(page)
    registered: list[dict[str, str]] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated", lambda told: registered.extend(told["registrations"])
    )
    active: list[dict[str, str]] = []
    devtools.on(
        "ServiceWorker.workerVersionUpdated",
        lambda told: active.extend(each for each in told["versions"] if each["status"] == "activated"),
    )
    devtools.send("ServiceWorker.enable")
    for _look in range(100):
        if active and registered:
            break
        page.wait_for_timeout(50)
    origin = page.evaluate("location.origin")
    for data in (
        json.dumps({"title": "A place for you", "body": "Until noon", "url": f"{origin}/"}),
        "no json",
    ):
        devtools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": origin, "registrationId": active[-1]["registrationId"], "data": data},
        )
    shown = page.wait_for_function(
        """async () => {
            const registration = await navigator.serviceWorker.getRegistration('/push/');
            const shown = (await registration.getNotifications()).map((each) => [each.title, each.body]);
            return shown.length === 2 && shown.sort();
        }"""
    )
    assert shown.json_value() == [["A place for you", "Until noon"], ["EventMate", ""]]
