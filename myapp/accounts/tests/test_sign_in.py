"""Signing in and out, the limits on it, and the hint cookie that goes along."""

import time

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core.cache import cache

from myapp.accounts.models import User
from myapp.testing.factories import make_person
from myapp.testing.html import forms, hrefs, text_of
from myapp.testing.people import PASSWORD

pytestmark = pytest.mark.django_db
SIGN_IN = "/accounts/login/"


@pytest.mark.parametrize("login", ["ada", "ADA", " ada ", "ada@example.edu", "Ada@Example.EDU"])
def test_sign_in_by_username_or_address(visitor, ada, login):
    form = next(form for form in forms(visitor.get(SIGN_IN)) if form.action == SIGN_IN)
    answer = visitor.post(SIGN_IN, form.filled(login=login, password=PASSWORD))
    assert answer["Location"] == "/"
    assert visitor.get("/accounts/").status_code == 200


def test_sign_in_sets_a_hint_that_lasts_as_long_as_the_session(visitor, ada):
    cookies = visitor.post(SIGN_IN, {"login": "ada", "password": PASSWORD}).cookies
    hint, session = cookies["signed_in"], cookies["sessionid"]
    assert hint.value == "1"
    assert hint["max-age"] == session["max-age"]
    assert hint["samesite"] == "Lax"
    assert not hint["httponly"]
    assert session["httponly"]
    assert not hint["secure"]


def test_hint_is_secure_where_the_session_is(visitor, ada, settings):
    settings.SESSION_COOKIE_SECURE = True
    assert visitor.post(SIGN_IN, {"login": "ada", "password": PASSWORD}).cookies["signed_in"]["secure"]


def test_hint_alone_means_nothing(visitor):
    visitor.cookies["signed_in"] = "1"
    assert visitor.get("/accounts/")["Location"].startswith(SIGN_IN)


def test_sign_out_deletes_the_hint_and_the_session(ada_browser):
    ada_browser.cookies["signed_in"] = "1"
    page = ada_browser.get("/accounts/logout/")
    answer = ada_browser.post("/accounts/logout/", forms(page, "main form")[0].fields)
    assert answer["Location"] == "/"
    assert answer.cookies["signed_in"].value == ""
    assert answer.cookies["signed_in"]["max-age"] == 0
    assert not Session.objects.exists()


def test_sign_out_by_a_link_only_asks(ada_browser):
    assert "Sign out?" in text_of(ada_browser.get("/accounts/logout/"), "main")
    assert ada_browser.get("/accounts/").status_code == 200


def test_links_between_signing_in_and_up_keep_where_one_was_going(visitor):
    page = visitor.get(SIGN_IN + "?next=/events/%3Fq%3Djazz")
    [sign_up] = [href for href in hrefs(page, "main a[href]") if "signup" in href]
    page = visitor.get(sign_up)
    assert forms(page, "main form")[0].fields["next"] == ["/events/?q=jazz"]
    [sign_in] = [href for href in hrefs(page, "main a[href]") if "login" in href]
    assert forms(visitor.get(sign_in), "main form")[0].fields["next"] == ["/events/?q=jazz"]


@pytest.mark.parametrize("login", ["ada", "nobody", "ada@example.edu", "nobody@example.edu"])
def test_wrong_password_and_unknown_account_read_the_same(visitor, ada, login):
    page = visitor.post(SIGN_IN, {"login": login, "password": "wrong"})
    assert "do not fit together" in text_of(page, "main")


def test_sign_in_to_an_account_never_confirmed_sends_the_link_again(visitor, mailoutbox):
    person = make_person(username="late", email="late@example.edu")
    EmailAddress.objects.filter(user=person).update(verified=False)
    answer = visitor.post(SIGN_IN, {"login": "late", "password": PASSWORD})
    assert answer["Location"] == "/accounts/confirm-email/"
    assert [message.to for message in mailoutbox] == [["late@example.edu"]]


def test_closed_account_is_told_so(visitor):
    make_person(username="gone", is_active=False)
    page = visitor.post(SIGN_IN, {"login": "gone", "password": PASSWORD}, follow=True)
    assert "This account is closed" in text_of(page, "main")


def test_sixth_try_is_refused_even_with_the_right_password(visitor, ada):
    for _ in range(5):
        visitor.post(SIGN_IN, {"login": "ada", "password": "wrong"})
    page = visitor.post(SIGN_IN, {"login": "ada", "password": PASSWORD})
    assert "Too many tries." in text_of(page, "main")
    assert "signed_in" not in page.cookies


def test_tries_for_one_account_do_not_lock_another(visitor, ada, omar):
    for _ in range(6):
        visitor.post(SIGN_IN, {"login": "ada", "password": "wrong"})
    assert visitor.post(SIGN_IN, {"login": "omar", "password": PASSWORD})["Location"] == "/"


def test_limit_by_address_answers_429_with_a_sentence(visitor, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    visitor.post(SIGN_IN, {"login": "ada", "password": "wrong"})
    page = visitor.post(SIGN_IN, {"login": "ada", "password": "wrong"})
    assert page.status_code == 429
    assert page["Retry-After"] == "60"


def test_sign_in_works_without_redis(visitor, ada, settings):
    """A Redis that is gone neither refuses people nor holds them up."""
    redis = {**REDIS, "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": redis}
    settings.LOGGING_CONFIG = None
    started = time.perf_counter()
    assert visitor.post(SIGN_IN, {"login": "ada", "password": PASSWORD})["Location"] == "/"
    assert visitor.get("/accounts/").status_code == 200
    assert "AO" in text_of(visitor.get("/_mine/shell/"))
    # allauth would wait a whole second for each lock that it cannot have; this is no measure of speed
    assert time.perf_counter() - started < 1


def test_sign_in_outlives_a_wiped_cache(visitor, ada):
    visitor.post(SIGN_IN, {"login": "ada", "password": PASSWORD})
    cache.clear()
    assert visitor.get("/accounts/").status_code == 200


def test_sign_in_over_a_socket_that_names_no_address(visitor, ada):
    answer = visitor.post(SIGN_IN, {"login": "ada", "password": PASSWORD}, REMOTE_ADDR="")
    assert answer["Location"] == "/"


def test_behind_the_proxy_limits_count_the_visitor_not_the_proxy(visitor, ada, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}

    def sent(forwarded):
        return visitor.post(
            SIGN_IN, {"login": "x", "password": "y"}, headers={"x-forwarded-for": forwarded}
        ).status_code

    assert [sent("192.0.2.1"), sent("192.0.2.2"), sent("198.51.100.9, 192.0.2.1")] == [200, 200, 429]
    assert User.objects.count() == 1


REDIS = {
    "BACKEND": "eventmate.caches.ForgetfulRedis",
    "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.05, "SOCKET_TIMEOUT": 0.1, "IGNORE_EXCEPTIONS": True},
}
