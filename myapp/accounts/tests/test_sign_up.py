"""Making an account: from the form through the mail to the page one was going to."""

import json
from urllib.parse import urlencode

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from myapp.accounts.adapter import Adapter
from myapp.accounts.models import User
from myapp.accounts.tests.signing_up import ADA, last_mail, link_in
from myapp.testing.factories import make_person
from myapp.testing.html import forms, parse, text_of
from myapp.testing.needs import needs_shared_data

pytestmark = pytest.mark.django_db
SIGN_UP = "/accounts/signup/"


def test_sign_up_asks_name_address_username_and_password(visitor):
    form = next(form for form in forms(visitor.get(SIGN_UP)) if form.action == SIGN_UP)
    assert [name for name in form.fields if name != "csrfmiddlewaretoken"] == list(ADA)


def test_sign_up_then_following_the_link_signs_in_where_one_was_going(visitor):
    answer = visitor.post(SIGN_UP, ADA | {"next": "/events/?q=jazz"})
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert "signed_in" not in answer.cookies
    ada = User.objects.get()
    assert (ada.name, ada.username, ada.email) == ("Ada Okonkwo", "ada", "ada@example.edu")
    link = link_in(last_mail())
    page = visitor.get(link)
    assert "ada@example.edu belongs to the account of Ada Okonkwo" in text_of(page, "main")
    answer = visitor.post(link, forms(page, "main form")[0].fields)
    assert answer["Location"] == "/events/?q=jazz"
    assert answer.cookies["signed_in"].value == "1"
    assert EmailAddress.objects.get().verified


def test_link_opened_elsewhere_confirms_and_leads_on_by_way_of_signing_in(visitor, client):
    visitor.post(SIGN_UP, ADA | {"next": "/events/?q=jazz"})
    link = link_in(last_mail())
    page = client.get(link)
    answer = client.post(link, forms(page, "main form")[0].fields)
    assert answer["Location"] == "/accounts/login/?" + urlencode({"next": "/events/?q=jazz"})
    form = forms(client.get(answer["Location"]), "main form")[0]
    answer = client.post(form.action, form.filled(login="ada", password=ADA["password1"]))
    assert answer["Location"] == "/events/?q=jazz"


def test_link_is_of_the_site_whatever_host_was_asked(visitor, settings):
    settings.ALLOWED_HOSTS = ["other.example.edu"]
    visitor.post(SIGN_UP, ADA, headers={"host": "other.example.edu"})
    assert "other.example.edu" not in last_mail().body
    assert link_in(last_mail())


@pytest.mark.parametrize("times", [1, 2])
def test_link_used_twice_or_made_up_says_so(visitor, client, times):
    visitor.post(SIGN_UP, ADA)
    link = link_in(last_mail()) if times == 2 else "/accounts/confirm-email/nonsense/"
    visitor.post(link)
    page = client.get(link)
    assert "no longer works" in text_of(page, "main")


def test_sign_up_with_an_address_that_has_an_account_tells_only_the_address(visitor, ada):
    answer = visitor.post(SIGN_UP, ADA | {"email": "ADA@example.edu", "username": "somebody"})
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert User.objects.count() == 1
    assert last_mail().subject == "You have an account already"
    assert last_mail().to == ["ada@example.edu"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"username": "ADA"}, "This username is taken."),
        ({"username": "admin"}, "This username is taken."),
        ({"username": "a@b"}, "Use the letters a to z"),
        ({"username": "ab"}, "at least 3 characters"),
        ({"username": "аda"}, "Use the letters a to z"),
        ({"name": "  \u200b "}, "Enter a name that people can read."),
        ({"name": "Ada \u202eokonkwO"}, "characters that cannot be shown"),
        ({"name": "x" * 151}, "at most 150 characters"),
        ({"password1": "password123"}, "too common"),
        ({"password1": "short"}, "at least 10 characters"),
        ({"password1": "ada@example.edu"}, "too similar"),
        ({"email": "nonsense"}, "valid email address"),
        ({"email": "a" * 300 + "@example.edu"}, "at most"),
    ],
)
def test_sign_up_with_a_mistake_says_which(visitor, wrong, sentence):
    make_person(username="ada", email="taken@example.edu")
    page = visitor.post(SIGN_UP, ADA | {"username": "ada2"} | wrong)
    assert sentence in text_of(page, "main")
    [field] = parse(page).all("[aria-invalid]")
    assert field.attrs["name"] == next(iter(wrong))
    assert User.objects.count() == 1
    assert not mail.outbox


@pytest.mark.parametrize("same", ["username", "email"])
def test_sign_up_of_two_in_the_same_second_makes_one_account(visitor, monkeypatch, same):
    """The other one appears after this one's form was checked, as in a race."""
    check = Adapter.clean_username

    def slow_check(adapter, username, *, shallow=False):
        checked = check(adapter, username, shallow)
        if not User.objects.exists():
            make_person(**{"username": "quick", "email": "quick@example.edu", same: ADA[same]})
        return checked

    monkeypatch.setattr(Adapter, "clean_username", slow_check)
    # The address is looked at before the username, so that both checks have passed by then.
    answer = visitor.post(SIGN_UP, ADA)
    assert User.objects.count() == 1
    if same == "username":
        assert "This username is taken." in text_of(answer, "main")
    else:
        assert answer["Location"] == reverse("account_email_verification_sent")
        assert last_mail().subject == "You have an account already"


def test_sign_up_when_the_mail_server_is_down_says_so_and_keeps_the_account(visitor, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    page = visitor.post(SIGN_UP, ADA, follow=True)
    assert "The mail could not be sent just now." in text_of(page)
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "\x00"]
)
def test_next_leads_nowhere_else(visitor, ada, place):
    answer = visitor.post("/accounts/login/", {"login": "ada", "password": "campus-demo-2026", "next": place})
    assert answer["Location"] == "/"


OWN_NAUGHTY = [
    "<script>alert(1)</script>",
    "'; DROP TABLE accounts_user; --",
    "\x00",
    "a\x00b",
    "{{ settings.SECRET_KEY }}",
    "%s%s%n",
    "\ud7ff\ufffe\uffff",
    "﷽" * 40,
    "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
    "👩‍👩‍👧‍👦",
    "ﺎﻠﻋﺮﺒﻳﺓ",
    "a" * 100_000,
    "\r\nBcc: everyone@example.edu",
]


def comes_back_as_text(visitor, browser, naughty):
    """Send the string everywhere: as it stands into the form, and as the name of somebody who is signed in."""
    page = visitor.post(SIGN_UP, dict.fromkeys((*ADA, "next"), naughty))
    assert page.status_code == 200, naughty[:80]
    main = parse(page).one("main")
    assert not main.has("script"), naughty[:80]
    assert main.has("[aria-invalid]"), naughty[:80]
    # What a browser may alter on the way is not the page's doing: line ends, and NUL, which no page can hold.
    [shown] = [field.attrs.get("value", "") for field in main.all("input#id_name")]
    assert shown.split() == naughty.replace("\x00", "\ufffd").split() or "\x00" in naughty
    changed = browser.post("/accounts/", {"name": naughty})
    assert changed.status_code in {302, 422}, naughty[:80]
    if changed.status_code == 302:
        shell = parse(browser.get("/_mine/shell/"))
        assert User.objects.get().name == " ".join(naughty.split())
        assert shell.one("summary .visually-hidden").text() == f"{User.objects.get().name}: your menu"
        assert not shell.has("script")


@pytest.mark.parametrize("naughty", OWN_NAUGHTY, ids=range(len(OWN_NAUGHTY)))
def test_naughty_strings_of_ours_come_back_as_text(visitor, ada_browser, naughty):
    comes_back_as_text(visitor, ada_browser, naughty)


def test_big_list_of_naughty_strings_comes_back_as_text(visitor, ada_browser, settings):
    strings = json.loads((needs_shared_data("naughty-strings") / "blns.json").read_text(encoding="utf-8"))
    assert len(strings) > 500
    settings.ACCOUNT_RATE_LIMITS = False
    for naughty in strings:
        comes_back_as_text(visitor, ada_browser, naughty)
