"""Every page of accounts stands in our frame, in both languages, and keeps the content security policy."""

import re

import pytest
from django.conf import settings
from django.urls import get_resolver
from django.utils import translation

from myapp.testing.html import parse
from myapp.testing.people import PASSWORD

pytestmark = pytest.mark.django_db
ENTRANCE = """
    login/ signup/ password/reset/ password/reset/done/ password/reset/key/done/ password/reset/key/1-x/ confirm-email/
    confirm-email/x/ inactive/
""".split()
OWN = ["", "email/", "password/change/", "logout/", "reauthenticate/"]


def judge(page):
    """See that a page is whole, ours, and holds nothing that the policy would block."""
    assert page.status_code == 200
    tree = parse(page)
    assert tree.one("main h1").text()
    assert tree.has("header.bar")
    assert not [element for element in tree.walk() if "style" in element.attrs or element.tag == "style"]
    assert all("src" in script.attrs for script in tree.all("script"))
    assert not [name for element in tree.walk() for name in element.attrs if name.startswith("on")]
    assert not re.search(r"\s(allauth|Signup|Sign Up)\b", tree.text())
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert "script-src 'self'" in page["Content-Security-Policy"]
    labelled = {label.attrs.get("for") for label in tree.all("main label")}
    fields = [field for field in tree.all("main input") if field.attrs.get("type") != "hidden"]
    assert {field.attrs["id"] for field in fields} <= labelled


@pytest.mark.parametrize("path", ENTRANCE)
def test_page_on_the_way_in(visitor, path):
    judge(visitor.get(f"/accounts/{path}"))


@pytest.mark.parametrize("path", OWN)
def test_page_of_ones_own(visitor, ada, path):
    visitor.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    judge(visitor.get(f"/accounts/{path}"))


def test_pages_speak_the_language_of_their_address(visitor):
    assert parse(visitor.get("/fr/accounts/login/")).one("html").attrs["lang"] == "fr"
    assert visitor.get("/fr/accounts/")["Location"].startswith("/fr/accounts/login/")


def test_every_template_of_allauth_that_a_page_here_can_use_is_ours():
    """A page that a new version of allauth adds is noticed here, not by whoever comes upon it."""
    views = {pattern.callback for pattern in _patterns(get_resolver()) if _is_account(pattern)}
    templates = {
        name for view in views if (name := getattr(getattr(view, "view_class", None), "template_name", None))
    }
    assert "account/login.html" in templates
    for name in templates - {
        "account/confirm_login_code.html",
        "account/confirm_email_verification_code.html",
    }:
        assert (settings.BASE_DIR / "templates" / name).is_file(), name


def _patterns(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern)
        else:
            yield pattern


def _is_account(pattern):
    return (pattern.name or "").startswith("account_")


@pytest.fixture(autouse=True)
def _language_of_the_site():
    yield
    translation.activate("en")
