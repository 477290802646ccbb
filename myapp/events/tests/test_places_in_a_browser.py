"""Calendar, organisations and what search engines read, in a real browser; it complains of anything it may not do."""

import json

import pytest

from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import local, make_event, make_organisation

pytestmark = pytest.mark.django_db(transaction=True)


def test_structured_data_passes_the_content_security_policy(open_browser: OpenBrowser) -> None:
    event = make_event("</script><script>document.title = 'owned'</script>")
    page = open_browser()
    page.goto(event.path)
    data = json.loads(page.locator('script[type="application/ld+json"]').text_content() or "")
    assert data["name"] == event.title
    assert "owned" not in page.title().split("·")[0].replace(event.title, "")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_organisations_show_more_in_place_or_on_the_next_page(
    open_browser: OpenBrowser, scripts: bool
) -> None:
    for number in range(33):
        make_organisation(f"Club {number:02}")
    page = open_browser(scripts=scripts)
    page.goto("/organisations/")
    assert page.locator("article.tile").count() == 30
    page.locator(".more a").click()
    page.get_by_text("Club 32").wait_for()
    assert page.locator("article.tile").count() == (33 if scripts else 3)
    assert page.locator("#organisations").count() == 1


def test_week_stays_within_a_phone_and_draws_events_where_they_are(open_browser: OpenBrowser) -> None:
    for hour in (10, 11):
        make_event(
            f"At {hour}", starts_at=local(f"2026-11-17 {hour}:00"), ends_at=local(f"2026-11-17 {hour + 1}:00")
        )
    make_event("Fair", all_day=True, starts_at=local("2026-11-17 00:00"), ends_at=local("2026-11-19 00:00"))

    wide = open_browser(viewport={"width": 1280, "height": 900})
    wide.goto("/calendar/2026-W47/")
    first, second = (wide.locator(".slots .slot", has_text=f"At {hour}").bounding_box() for hour in (10, 11))
    (tuesday,) = [wide.locator(".week-day").nth(1).bounding_box()]
    assert first
    assert second
    assert tuesday
    assert first["x"] == second["x"] >= tuesday["x"]
    assert abs(first["y"] + first["height"] - second["y"]) < 2
    bar = wide.locator(".bars li", has_text="Fair").bounding_box()
    assert bar
    assert abs(bar["width"] - 2 * tuesday["width"]) < tuesday["width"] / 4

    phone = open_browser(viewport={"width": 360, "height": 780})
    for path in ("/calendar/2026-W47/", "/calendar/2026-11/"):
        phone.goto(path)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360, path
