"""The camera: a phone that sees a ticket lets its person in. Chromium is shown a film of the ticket's QR."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import segno
from django.conf import settings as django_settings
from django.utils import timezone

from myapp.accounts.models import User
from myapp.checkin.models import How, Scan
from myapp.events.models import Organisation
from myapp.registrations import tokens
from myapp.testing.accessibility import complaints
from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import make_desk, make_event, make_registration
from myapp.testing.needs import needs_browser
from myapp.testing.people import browser_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTH, HEIGHT, SCALE = 640, 480, 7


def sign_in(page: Page, user: User) -> None:
    """Give a real browser the session of somebody who has signed in."""
    name = django_settings.SESSION_COOKIE_NAME
    session = browser_of(user).cookies[name].value
    page.context.add_cookies([{"name": name, "value": session, "url": django_settings.SITE_URL}])


def film_of(text: str, path: Path) -> Path:
    """Write a film (Y4M, uncompressed) that shows a text's QR, off the middle, on grey paper."""
    drawn = segno.make(text, error="m", micro=False).matrix_iter(scale=SCALE, border=4)
    matrix = [list(row) for row in drawn]
    left, top = (WIDTH - len(matrix[0])) // 2 + 11, (HEIGHT - len(matrix)) // 2 - 5
    luma = bytearray(b"\xb4" * (WIDTH * HEIGHT))
    for row, modules in enumerate(matrix):
        start = (top + row) * WIDTH + left
        luma[start : start + len(modules)] = bytes(30 if module else 225 for module in modules)
    frame = b"FRAME\n" + bytes(luma) + b"\x80" * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 10)
    return path


def test_ticket_before_the_camera_lets_in(
    open_browser: OpenBrowser, omar: User, ada: User, omars_club: Organisation, tmp_path: Path
) -> None:
    event = make_event(organisation=omars_club, starts_at=timezone.now() + dt.timedelta(minutes=30))
    registration = make_registration(make_desk(event).types.get(), ada)
    film = film_of(tokens.make(registration), tmp_path / "ticket.y4m")
    usual = open_browser()
    fake = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    browser = usual.context.browser.browser_type.launch(
        executable_path=needs_browser(), args=["--no-sandbox", *fake]
    )
    try:
        page = browser.new_context(
            base_url=django_settings.SITE_URL, viewport={"width": 390, "height": 844}, permissions=["camera"]
        ).new_page()
        sign_in(page, omar)
        page.goto(f"/checkin/{event.slug}/")
        page.locator("#door[data-armed=yes]").wait_for()

        page.get_by_role("button", name="Camera").click()
        page.get_by_role("heading", name="Come in.").wait_for(timeout=20_000)

        assert Scan.objects.get().how == How.CAMERA
        page.wait_for_timeout(1000)  # it is still before the camera
        assert Scan.objects.count() == 1
        page.get_by_role("button", name="Camera").click()
        page.locator("#camera").wait_for(state="hidden")
    finally:
        browser.close()


def test_axe_finds_nothing_at_the_door(
    open_browser: OpenBrowser, omar: User, ada: User, omars_club: Organisation
) -> None:
    event = make_event(organisation=omars_club, starts_at=timezone.now() + dt.timedelta(minutes=30))
    registration = make_registration(make_desk(event).types.get(), ada)
    page = open_browser()
    sign_in(page, omar)
    page.goto(f"/checkin/{event.slug}/")
    page.locator("#door[data-armed=yes]").wait_for()
    page.get_by_text("This door", exact=True).click()

    found = []
    for typed in ("", registration.code, registration.code):
        if typed:
            page.get_by_label("Ticket code or name").fill(typed)
            page.keyboard.press("Enter")
            page.locator("#verdict").wait_for()
        found += complaints(page)

    assert found == []
