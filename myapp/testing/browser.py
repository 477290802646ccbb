"""A real browser for journeys, as a pytest fixture; anything it complains of on its console fails the test.

A browser says on its console what the content security policy kept from running or loading, which files were missing,
and which scripts broke, so that no journey needs to ask.

    @pytest.mark.parametrize("scripts", [True, False])
    def test_visitor_finds_an_event(open_browser, scripts):
        page = open_browser(scripts=scripts)
        page.goto("/")
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.db import connections

from myapp.testing.needs import needs_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

OpenBrowser = Callable[..., "Page"]


class SharedBrowser:
    """One browser for all journeys of this process: to start it and its driver takes a second of a core's time.

    Nothing of a journey is left for the next one: each has contexts of its own, which end with it.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def journey(self, program: Path) -> Iterator["Browser"]:
        """Give the browser, which is started where it does not run or has crashed.

        Playwright's loop counts as running within the block only: anywhere else Django would take the thread for an
        asynchronous one, with database connections of its own.
        """
        from playwright.sync_api import sync_playwright

        if self._playwright is None:
            self._playwright = sync_playwright().start()
            self._loop = asyncio.get_running_loop()
        with self._running_loop():
            if self._browser is None or not self._browser.is_connected():
                chromium = self._playwright.chromium
                self._browser = chromium.launch(executable_path=program, args=["--no-sandbox"])
            yield self._browser
            for context in self._browser.contexts:
                context.close()

    def end(self) -> None:
        """End it, if it was started."""
        if self._playwright is not None:
            with self._running_loop():
                if self._browser is not None:
                    self._browser.close()
                self._playwright.stop()

    @contextmanager
    def _running_loop(self) -> Iterator[None]:
        asyncio._set_running_loop(self._loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def shared_browser() -> Iterator[SharedBrowser]:
    """The browser of this process."""
    browser = SharedBrowser()
    yield browser
    browser.end()


@pytest.fixture
def open_browser(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, shared_browser: SharedBrowser
) -> Iterator[OpenBrowser]:
    """Open a browser at the site, which runs in this process: `open_browser(scripts=True, **context)` gives its page.

    The other keywords are those of Playwright's `new_context`; a complaint that contains what the journey `forgives` is
    none (a network that the journey itself cuts). The site's address is that of the running server.
    """
    program = needs_browser()
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
    with shared_browser.journey(program) as browser:

        def open_page(*, scripts: bool = True, forgives: str = "", **context: Any) -> "Page":
            page = browser.new_context(
                base_url=server.url, java_script_enabled=scripts, locale="en-GB", **context
            ).new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))

            def listen(said: "ConsoleMessage") -> None:
                if said.type == "error" and not (forgives and forgives in said.text):
                    complaints.append(f"{page.url}: {said.text}")

            page.on("console", listen)
            return page

        yield open_page
        # Within Playwright's loop Django keeps connections of their own, which would hold the test database open.
        connections.close_all()
    cache.clear()
    assert not complaints, "\n".join(complaints)
