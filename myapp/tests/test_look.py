"""The look keeps its promises: what a first view weighs, no style or script inside a page, one set of icons."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

from myapp.testing.factories import make_desk

STATIC = settings.BASE_DIR / "static"
TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
# Mail brings its style along, and no policy of ours governs a mail program.
PAGES = [path for path in TEMPLATES if "emails" not in path.parts and "email" not in path.parent.parts]


def compressed(*names: str) -> int:
    return sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in names)


@pytest.mark.django_db
def test_first_view_scripts_and_styles_weigh_at_most_thirty_kilobytes(visitor):
    event = make_desk().event

    for address in ("/", event.path, "/calendar/"):
        page = visitor.get(address).content.decode()
        names = set(re.findall(r"/static/([^\"]+\.(?:css|js))", page))
        assert len(names) > 2
        assert compressed(*names) <= 30 * 1024, address


def test_the_one_font_weighs_at_most_45_kilobytes():
    fonts = list(STATIC.glob("fonts/*.woff2"))

    assert len(fonts) == 1
    assert fonts[0].stat().st_size <= 45 * 1024


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_pages_hold_no_style_and_no_script_of_their_own(path: Path):
    text = path.read_text()

    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", text)
    for attributes, inside in re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL):
        assert "src=" in attributes or 'type="application/ld+json"' in attributes, inside


def test_the_sprite_holds_the_icons_that_are_asked_for_and_no_other():
    symbols = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img/icons.svg").read_text()))
    sources = [path.read_text() for path in TEMPLATES]
    asked = {name for text in sources for name in re.findall(r'{% icon "([\w-]+)"', text)}

    assert asked == symbols


@pytest.mark.parametrize("name", ["css/site.css", "css/calendar.css"])
def test_style_sheets_take_every_colour_from_a_token_that_is_there(name: str):
    tokens = (STATIC / "css/site.css").read_text()
    sheet = (STATIC / name).read_text()
    defined = set(re.findall(r"(--[\w-]+)\s*:", tokens + sheet))

    assert set(re.findall(r"var\((--[\w-]+)\)", sheet)) <= defined
