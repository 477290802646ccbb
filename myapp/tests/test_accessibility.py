"""Nothing on any page shuts people out: axe (WCAG 2.2 A and AA, and its best practices) finds nothing to say."""

import pytest

from myapp.testing.accessibility import complaints
from myapp.testing.browser import OpenBrowser
from myapp.testing.people import PASSWORD
from myapp.testing.routes import address_of, make_world, routes_of
from myapp.web.policies import Kind

pytestmark = pytest.mark.django_db(transaction=True)

# Not pages: what programs read, and parts that only ever stand inside a page.
NO_PAGES = (".ics", ".atom", ".xml", ".txt", ".js", "/_part/")
SIGNING_IN = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
NOTHING_FOUND = ("/events/?q=zzzzzz", "/organisations/?q=zzzzzz")


def test_axe_finds_nothing_on_a_public_page(open_browser: OpenBrowser) -> None:
    world = make_world()
    addresses = [address_of(route, world) for route in routes_of(Kind.PUBLIC)]
    pages = [address for address in addresses if not any(part in address for part in NO_PAGES)]
    assert len(pages) > 12
    page = open_browser()

    found = []
    for address in (*pages, *SIGNING_IN, *NOTHING_FOUND):
        page.goto(address)
        found += complaints(page)

    assert found == []


def test_axe_finds_something_where_there_is_something(open_browser: OpenBrowser) -> None:
    make_world()
    page = open_browser()
    page.goto("/")

    page.evaluate(
        "document.querySelector('#main').innerHTML = '<img src=\"/static/img/favicon.svg\"><h5>Deep</h5>'"
    )

    assert any("image-alt" in complaint for complaint in complaints(page))


def test_axe_finds_what_is_wrong_at_one_width_in_one_scheme_only(open_browser: OpenBrowser) -> None:
    make_world()
    page = open_browser()
    page.goto("/about/")
    assert complaints(page) == []

    page.evaluate("""
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`
            @media (min-width: 1000px) and (prefers-color-scheme: dark) { main { color: #222 !important; } }
            @media (max-width: 400px) { main { width: 900px; } }
        `);
        document.adoptedStyleSheets.push(sheet);
    """)

    assert sorted(each.partition(": ")[0].partition("/about/ ")[2] for each in complaints(page)) == [
        "1280 dark",
        "390 scrolls sideways",
    ]


def test_axe_finds_nothing_on_a_persons_own_pages(open_browser: OpenBrowser, ada) -> None:
    make_world()
    page = open_browser()
    page.goto("/accounts/login/")
    page.get_by_label("E-mail or username").fill(ada.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/")

    found = []
    for address in ("/", "/accounts/", "/accounts/email/", "/accounts/password/change/", "/accounts/logout/"):
        page.goto(address)
        found += complaints(page)

    assert found == []
