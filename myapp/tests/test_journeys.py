"""What a newcomer does: find an event three ways, read it on a phone, subscribe; with scripts and without."""

import icalendar
import pytest
from django.test import Client

from myapp.events import vocabulary
from myapp.events.models import Event
from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import make_event, make_organisation, tomorrow
from myapp.testing.html import hrefs

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def lantern_market() -> Event:
    society = make_organisation("Lantern Society", description="We make **light**.")
    make_event("Chess in the park", starts_at=tomorrow(15))
    event = make_event(
        "Lunar lantern market",
        organisation=society,
        starts_at=tomorrow(18),
        place="Main Quad",
        description="Soup, light and a dragon.",
        category="culture",
        tags=["free food"],
    )
    vocabulary.learn([event.pk])  # as publishing does
    return event


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_newcomer_finds_an_event_three_ways_and_reads_it(
    open_browser: OpenBrowser, lantern_market: Event, scripts: bool
) -> None:
    page = open_browser(scripts=scripts, **PHONE)

    def read() -> None:
        page.wait_for_url(f"**{lantern_market.path}")
        page.get_by_role("heading", level=1, name="Lunar lantern market").wait_for()
        assert page.get_by_text("Soup, light and a dragon.").is_visible()
        assert page.get_by_text("Main Quad").first.is_visible()

    page.goto("/")  # by day
    page.get_by_role("link", name="Lunar lantern market").first.click()
    read()

    page.goto("/")  # by words, mistyped
    page.get_by_role("searchbox").fill("lantren")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="Lunar lantern market").first.click()
    read()

    page.goto("/")  # by who puts it on
    page.get_by_role("link", name="Organisations").first.click()
    page.get_by_role("link", name="Lantern Society").first.click()
    page.get_by_role("link", name="Lunar lantern market").first.click()
    read()


def test_newcomer_subscribes_to_an_organisation_without_scripts(
    visitor: Client, lantern_market: Event
) -> None:
    page = visitor.get(lantern_market.organisation.path)
    feed = next(href for href in hrefs(page) if href.startswith("webcal:") and href.endswith(".ics"))

    answer = visitor.get("/" + feed.split("/", 3)[3])

    assert answer["Content-Type"].startswith("text/calendar")
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert [str(event["SUMMARY"]) for event in calendar.walk("VEVENT")] == ["Lunar lantern market"]


def test_every_link_of_the_front_page_leads_somewhere(visitor: Client, lantern_market: Event) -> None:
    inside = {
        href for href in hrefs(visitor.get("/")) if href.startswith(("/", "?")) and "/static/" not in href
    }
    assert len(inside) > 20

    lost = {href: visitor.get(href if href.startswith("/") else f"/{href}").status_code for href in inside}

    assert {href: status for href, status in lost.items() if status != 200} == {}
