"""The mails: text and HTML of the same words, at the site's own address, safe whatever people call themselves."""

from pathlib import Path

import allauth
import pytest
from allauth.core import context as current
from django.conf import settings as django_settings
from django.test import RequestFactory

from myapp.accounts.adapter import Adapter
from myapp.testing.html import parse

KINDS = sorted(
    path.stem for path in (Path(django_settings.BASE_DIR) / "templates" / "account" / "email").glob("*.html")
)
SAID = {
    "activate_url": "https://other.example/accounts/confirm-email/abc/?next=%2Fevents%2F",
    "password_reset_url": "https://other.example/accounts/password/reset/key/1-abc/",
    "signup_url": "https://other.example/accounts/signup/",
    "username": "ada",
    "email": "a&b@example.edu",
    "from_email": "old@example.edu",
    "to_email": "new@example.edu",
    "deleted_email": "old@example.edu",
    "ip": "192.0.2.1",
    "user_agent": '<b onclick="x">Browser</b>',
    "timestamp": None,
}


def rendered(kind):
    request = RequestFactory().get("/")
    with current.request_context(request):
        return Adapter(request).render_mail(f"account/email/{kind}", "ada@example.edu", dict(SAID))


def test_allauth_sends_no_kind_of_mail_that_is_not_ours():
    theirs = Path(allauth.__file__).parent / "templates" / "account" / "email"
    sent = {path.name.removesuffix("_subject.txt") for path in theirs.glob("*_subject.txt")}
    by_code = {"login_code", "password_reset_code"}  # signing in by code is switched off
    assert sent - by_code == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_mail_says_the_same_in_text_and_html(kind):
    mail = rendered(kind)
    [(page, content_type)] = mail.alternatives
    tree = parse(page)
    assert content_type == "text/html"
    assert mail.subject
    assert "\n" not in mail.subject
    assert tree.one("h1").text() == mail.subject
    paragraphs = [paragraph for paragraph in mail.body.split("\n\n") if "http" not in paragraph]
    assert len(paragraphs) >= 2
    read = tree.text()
    for paragraph in paragraphs:
        assert " ".join(paragraph.split()) in read
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("kind", KINDS)
def test_mail_holds_no_address_but_ours_and_loads_nothing(kind):
    mail = rendered(kind)
    page = mail.alternatives[0][0]
    assert "other.example" not in mail.body + page
    tree = parse(page)
    assert not any(tree.has(what) for what in ("img", "script", "b[onclick]"))
    assert all(link.attrs["href"].startswith(django_settings.SITE_URL) for link in tree.all("a"))
    assert "&amp;" not in mail.body
    assert "{{" not in mail.body + page


def test_link_in_a_mail_keeps_its_query():
    mail = rendered("email_confirmation")
    assert f"{django_settings.SITE_URL}/accounts/confirm-email/abc/?next=%2Fevents%2F\n" in mail.body
