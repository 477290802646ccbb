"""Whether a page that is open in a browser shuts anybody out, as far as axe can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def complaints(page: Page) -> list[str]:
    """Return what axe finds in both schemes, and whether the page scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        results = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
        found += [
            f"{page.url} {scheme}: {violation['id']}: {violation['help']}: {violation['nodes'][0]['target']}"
            for violation in results.response["violations"]
        ]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append(f"{page.url} scrolls sideways")
    return found
