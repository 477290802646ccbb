"""Tickets in a real browser: without a network, on paper, and for whoever does not see them as others do."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Error, expect

from myapp.registrations import actions, keys
from myapp.registrations.models import HandOn, Registration
from myapp.testing.accessibility import complaints
from myapp.testing.factories import make_desk, make_event, make_registration, make_ticket_type
from myapp.testing.people import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

KEPT = """async () => (await (await caches.open("tickets-1")).keys()).map((each) => new URL(each.url).pathname)"""
IS_KEPT = """async (path) => {
  for (let tries = 0; tries < 200; tries += 1) {
    const cache = await caches.open("tickets-1"), kept = (await cache.keys()).map((each) => each.url);
    if (await cache.match(path) && kept.some((url) => url.endsWith(".svg"))) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${path} was not kept`);
}"""


def sign_in(page, user):
    page.goto(reverse("account_login"))
    page.get_by_label("E-mail or username").fill(user.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/")


def make_ticket(user, **fields):
    desk = make_desk(make_event("Dark skies"), types=0, capacity=9, **fields)
    return make_registration(make_ticket_type(desk, "Student", guests=2), user, guests=["Bo Lind", ""])


def open_ticket(page, path):
    """Open a ticket and wait until the device has kept it."""
    page.goto(path)
    page.evaluate(IS_KEPT, path)


def cut(page):
    page.context.set_offline(True)
    other = page.context.new_page()
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        other.goto("/about/")
    other.close()


def test_a_ticket_that_was_opened_opens_without_a_network(open_browser, ada):
    ticket = make_ticket(ada)
    page = open_browser()
    sign_in(page, ada)
    open_ticket(page, f"/tickets/{ticket.code}/")
    expect(page.locator("#kept-copy")).to_be_hidden()
    drawn = page.locator("svg.qr").first.inner_html()

    cut(page)
    page.goto(f"/tickets/{ticket.code}/")

    expect(page.locator("#kept-copy")).to_contain_text("You are offline. This is the ticket as it was on")
    expect(page.locator("#kept-copy time")).to_contain_text("(this minute)")
    assert page.locator("svg.qr").first.inner_html() == drawn
    assert page.locator("svg.qr").count() == 3
    # with its style sheets
    assert (
        page.locator(".qr-frame").first.evaluate("e => getComputedStyle(e).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert page.locator(".bar").evaluate("e => getComputedStyle(e).display") == "flex"

    page.context.set_offline(False)
    page.goto(f"/tickets/{ticket.code}/")
    expect(page.locator("#kept-copy")).to_be_hidden()


def test_a_ticket_opened_by_its_key_opens_without_a_network(open_browser):
    desk = make_desk(without_account=True, types=0)
    kind = make_ticket_type(desk, audience="everyone")
    registration = actions.register(
        kind, acting_user=None, email="gus@example.org", name="Gus Guest", answers={}
    )
    actions.confirm_address(registration)
    page = open_browser()
    path = f"/r/{keys.key_of(registration)}/"
    open_ticket(page, path)

    cut(page)
    page.goto(path)

    expect(page.locator("#kept-copy")).to_be_visible()
    expect(page.locator(".ticket h2")).to_have_text("Gus Guest")


def test_nothing_but_tickets_is_kept(open_browser, ada):
    ticket = make_ticket(ada)
    page = open_browser()
    sign_in(page, ada)
    open_ticket(page, f"/tickets/{ticket.code}/")
    for path in (
        "/tickets/",
        "/accounts/",
        "/",
        f"/my{ticket.desk.event.path}",
        f"/fr/tickets/{ticket.code}/",
    ):
        page.goto(path)
    page.wait_for_load_state("networkidle")

    kept = [path for path in page.evaluate(KEPT) if not path.startswith("/static/")]

    assert sorted(kept) == [f"/fr/tickets/{ticket.code}/", f"/tickets/{ticket.code}/"]


def test_signing_out_takes_what_was_kept_along(open_browser, ada):
    ticket = make_ticket(ada)
    page = open_browser()
    sign_in(page, ada)
    open_ticket(page, f"/tickets/{ticket.code}/")

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/")

    assert page.evaluate("() => caches.has('tickets-1')") is False


def test_a_ticket_that_is_somebody_elses_by_now_is_forgotten(open_browser, ada, omar):
    ticket = make_ticket(ada)
    page = open_browser()
    sign_in(page, ada)
    open_ticket(page, f"/tickets/{ticket.code}/")
    Registration.objects.filter(pk=ticket.pk).update(user=omar)

    # In a tab of its own, whose console nobody reads: a browser complains of a 404 there.
    page.context.new_page().goto(f"/tickets/{ticket.code}/")

    assert not [path for path in page.evaluate(KEPT) if not path.startswith("/static/")]


def test_each_place_has_a_page_of_paper_with_all_that_a_door_asks_for(open_browser, ada):
    ticket = make_ticket(ada, release_minutes=15)
    page = open_browser(color_scheme="dark")
    sign_in(page, ada)
    page.goto(f"/tickets/{ticket.code}/")

    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 3
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A5"))) == 3
    page.emulate_media(media="print")
    for place in page.locator(".ticket").all():
        for words in ("Dark skies", "18:00 to 19:30", "18:15", "Student"):
            expect(place.get_by_text(words).first).to_be_visible()
        # 80 mm at 96 to the inch, and black on white though the screen is dark
        assert place.locator("svg").bounding_box()["width"] == pytest.approx(302, abs=2)
        assert place.locator("h2").evaluate("e => getComputedStyle(e).color") == "rgb(31, 27, 22)"
    expect(page.locator("aside")).to_be_hidden()
    expect(page.locator(".bar")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_code_fits_every_screen_with_modules_that_a_cheap_camera_reads(open_browser, ada, width):
    ticket = make_ticket(ada)
    page = open_browser(viewport={"width": width, "height": 844}, color_scheme="dark")
    sign_in(page, ada)
    page.goto(f"/tickets/{ticket.code}/")

    box = page.locator("svg.qr").first.bounding_box()

    across = int(page.locator("svg.qr").first.get_attribute("viewBox").split()[2])
    assert box["width"] / across >= 4
    assert box["width"] == pytest.approx(box["height"])
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_axe_finds_nothing_on_tickets(open_browser, ada):
    ticket = make_ticket(ada, release_minutes=15)
    full = make_desk(capacity=1)
    make_registration(full.types.get())
    waiting = make_registration(full.types.get(), ada)
    page = open_browser()
    sign_in(page, ada)

    found = []
    for path in ("/tickets/", f"/tickets/{ticket.code}/", f"/tickets/{waiting.code}/", "/my/calendar/"):
        page.goto(path)
        found += complaints(page)
    page.goto(f"/tickets/{ticket.code}/hand-on/")
    page.get_by_label("Their e-mail address").fill("omar@example.edu")
    page.get_by_role("button", name="Offer it").click()
    expect(page.get_by_text("It is offered to omar@example.edu")).to_be_visible()
    found += complaints(page)
    page.goto(f"/tickets/take-over/{keys.offer_key_of(HandOn.objects.get())}/")
    found += complaints(page)
    page.goto("/my/calendar/")
    page.get_by_role("button", name="Make an address").click()
    expect(page.get_by_role("button", name="Copy")).to_be_visible()
    found += complaints(page)

    assert found == []
