"""The island of the bar: who one is, where to go, what one is to be told."""

import pytest
from django.contrib import messages
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
from django.http import HttpResponse
from django.urls import reverse
from django.utils import translation

from myapp.testing.html import forms, hrefs, parse, text_of
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db
SHELL = "/_mine/shell/"


def test_shell_shows_initials_name_and_ways(ada_browser):
    page = ada_browser.get(SHELL)
    tree = parse(page)
    # What is read out begins with what is seen (WCAG 2.5.3): voice control finds the button by its initials.
    assert tree.one("summary").text() == "AO Ada Okonkwo: your menu"
    assert "aria-label" not in tree.one("summary").attrs
    assert "Ada Okonkwo" in tree.text()
    assert hrefs(page) == ["/tickets/", "/accounts/", "/organise/"]
    [form] = forms(page)
    assert (form.action, form.method) == ("/accounts/logout/", "post")
    assert form.fields["csrfmiddlewaretoken"]


def test_shell_shows_the_administration_to_staff(rosa_browser):
    assert "/admin/" in hrefs(rosa_browser.get(SHELL))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_shell_leads_where_the_names_lead(rosa_browser, visitor, language):
    with translation.override(language):
        tickets, account, organise, sign_out, sign_in, shell = map(
            reverse,
            (
                "registrations:tickets",
                "account_profile",
                "organise:index",
                "account_logout",
                "account_login",
                "mine:shell",
            ),
        )
    page = rosa_browser.get(shell)
    assert hrefs(page) == [tickets, account, organise, reverse("admin:index")]
    assert forms(page)[0].action == sign_out
    assert hrefs(visitor.get(shell)) == [sign_in]


def test_sign_out_form_of_the_shell_works(ada):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    [form] = forms(browser.get(SHELL))
    assert browser.post(form.action, {"csrfmiddlewaretoken": "made-up"}).status_code == 403
    assert browser.post(form.action, form.fields)["Location"] == "/"


def test_shell_of_a_visitor_is_a_link_to_sign_in(visitor):
    page = visitor.get(SHELL)
    assert page.status_code == 200
    assert hrefs(page) == ["/accounts/login/"]
    assert not page.cookies


def test_shell_is_never_kept(ada_browser):
    page = ada_browser.get(SHELL)
    assert "no-store" in page["Cache-Control"]
    assert "private" in page["Cache-Control"]


def test_shell_of_a_session_that_is_gone_takes_the_hint_back(ada_browser):
    ada_browser.cookies["signed_in"] = "1"
    Session.objects.all().delete()
    cache.clear()
    page = ada_browser.get(SHELL)
    assert hrefs(page) == ["/accounts/login/"]
    assert page.cookies["signed_in"]["max-age"] == 0


def test_shell_of_a_made_up_hint_takes_it_back(visitor):
    visitor.cookies["signed_in"] = "1"
    assert visitor.get(SHELL).cookies["signed_in"]["max-age"] == 0


def test_shell_after_a_new_password_elsewhere_is_signed_out(ada, ada_browser):
    ada.set_password("a-quite-different-one-77")
    ada.save()
    ada_browser.cookies["signed_in"] = "1"
    page = ada_browser.get(SHELL)
    assert hrefs(page) == ["/accounts/login/"]
    assert page.cookies["signed_in"]["max-age"] == 0


def test_shell_asks_the_database_once(ada_browser):
    ada_browser.get(SHELL)
    with queries(1):  # the person; the session comes from the cache
        ada_browser.get(SHELL)


def test_shell_of_a_visitor_asks_nobody(visitor):
    with queries(0):
        visitor.get(SHELL)


def test_shell_asks_the_cache_once(ada_browser, monkeypatch):
    ada_browser.get(SHELL)
    asked = []
    backend = type(caches["default"])
    for name in ("get", "set", "add", "delete", "get_many", "touch"):
        original = getattr(backend, name)

        def counted(self, *args, _name=name, _original=original, **kwargs):
            asked.append(_name)
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(backend, name, counted)
    ada_browser.get(SHELL)
    assert asked == ["get"]


def test_shell_brings_what_one_is_to_be_told_once(ada_browser, rf):
    session = SessionStore(ada_browser.cookies["sessionid"].value)
    request = rf.get("/")
    request.session = session
    storage = default_storage(request)
    storage.add(messages.SUCCESS, "<b>Saved</b>")
    storage.update(HttpResponse())
    session.save()
    page = ada_browser.get(SHELL)
    note = parse(page).one("p.note")
    assert (note.text(), note.attrs["data-level"]) == ("<b>Saved</b>", "success")
    assert parse(page).one("[hx-swap-oob]").attrs["hx-swap-oob"] == "beforebegin:#main"
    assert "Saved" not in text_of(ada_browser.get(SHELL))
