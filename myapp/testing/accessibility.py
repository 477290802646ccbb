"""Whether a page that is open in a browser shuts anybody out, as far as axe can tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The same document in other colours can break no other rules than these.
RULES_OF_COLOURS = ["color-contrast", "link-in-text-block"]
PHONE, DESK = 390, 1280


def complaints(page: Page, widths: tuple[int, ...] = (PHONE, DESK)) -> list[str]:
    """Return what axe finds at each width in both schemes, and where the page scrolls sideways.

    The page stays as it was loaded, as under somebody who turns a tablet; afterwards it is as wide as before.
    """
    from axe_playwright_python.sync_playwright import Axe

    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(Axe().axe_script)
    before, found = page.viewport_size, []
    height = before["height"] if before else 844
    for width in widths:
        page.set_viewport_size({"width": width, "height": height})
        for scheme, rules in (("light", RULES), ("dark", RULES_OF_COLOURS)):
            # The rule that reads style sheets by itself says the same at each width, and takes as long as all others.
            reads_styles = width == widths[0] and rules is RULES
            broken = _broken(page, scheme, {"runOnly": rules, "preload": reads_styles})
            found += [f"{page.url} {width} {scheme}: {each}" for each in broken]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{page.url} {width} scrolls sideways")
    if before:
        page.set_viewport_size(before)
    return found


def _broken(page: Page, scheme: str, given: dict[str, object]) -> Iterator[str]:
    """Yield the rules that a page breaks in a scheme, with the options given.

    Only what is broken leaves the browser: all that axe sees is long.
    """
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    options = json.dumps({"resultTypes": ["violations"], **given})
    for each in page.evaluate(f"axe.run({options}).then(results => results.violations)"):
        yield f"{each['id']}: {each['help']}: {each['nodes'][0]['target']}"
