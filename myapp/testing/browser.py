"""A real browser for journeys, as a pytest fixture; anything it complains of on its console fails the test.

A browser says on its console what the content security policy kept from running or loading, which files were missing,
and which scripts broke, so that no journey needs to ask.

    @pytest.mark.parametrize("scripts", [True, False])
    def test_visitor_finds_an_event(open_browser, scripts):
        page = open_browser(scripts=scripts)
        page.goto("/")
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.db import connections

from myapp.testing.needs import needs_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenBrowser = Callable[..., "Page"]


@pytest.fixture
def open_browser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenBrowser]:
    """Open a browser at the site, which runs in this process: `open_browser(scripts=True, **context)` gives its page.

    The keywords are those of Playwright's `new_context`. The site's address is that of the running server.
    """
    program = needs_browser()
    from playwright.sync_api import sync_playwright

    settings = request.getfixturevalue("settings")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    server = request.getfixturevalue("live_server")
    settings.SITE_URL = server.url
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    # Playwright's loop runs in this thread; the test asks the database between its steps, never within one.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])

        def open_page(*, scripts: bool = True, **context: Any) -> "Page":
            page = browser.new_context(
                base_url=server.url, java_script_enabled=scripts, locale="en-GB", **context
            ).new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
            page.on(
                "console",
                lambda said: complaints.append(f"{page.url}: {said.text}") if said.type == "error" else None,
            )
            return page

        yield open_page
        browser.close()
        # Within Playwright's loop Django keeps connections of their own, which would hold the test database open.
        connections.close_all()
    cache.clear()
    assert not complaints, "\n".join(complaints)
