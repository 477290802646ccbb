"""Who a session says one is, and when it no longer counts: by our one statement as by Django's own."""

import pytest
from django.contrib import auth
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory

from myapp.accounts import signed_in
from myapp.accounts.models import User
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of():
    """Return a request with a session of its own, in which somebody has signed in."""

    def signed(user: User | None):
        request = RequestFactory().get("/")
        request.session = SessionStore()
        signed_in.Authentication(lambda _: HttpResponse()).process_request(request)
        if user is not None:
            auth.login(request, user)  # puts the person where the next request finds only the session
            signed_in.Authentication(lambda _: HttpResponse()).process_request(request)
        return request

    return signed


def test_the_person_is_read_whole_and_once(ada, request_of):
    request = request_of(ada)
    with queries(1):
        person = request.user
        assert person.is_authenticated
        assert not person.get_deferred_fields()
    expected = User.objects.get(pk=ada.pk)
    for field in User._meta.concrete_fields:
        assert getattr(person, field.attname) == getattr(expected, field.attname)
    assert isinstance(person, User)


def test_nobody_is_nobody_and_costs_nothing(request_of):
    with queries(0):
        assert request_of(None).user.is_anonymous


def test_who_was_blocked_is_nobody(ada, request_of):
    request = request_of(ada)
    User.objects.update(is_active=False)

    assert request.user.is_anonymous


def test_who_is_gone_is_nobody(ada, request_of):
    request = request_of(ada)
    ada.delete()

    assert request.user.is_anonymous


def test_a_new_password_ends_the_session(ada, request_of):
    request = request_of(ada)
    ada.set_password("a-quite-different-one-77")
    ada.save()

    assert request.user.is_anonymous
    assert auth.SESSION_KEY not in request.session


@pytest.mark.parametrize("proof", [None, "", "0" * 64])
def test_a_session_without_the_proof_is_ended(ada, request_of, proof):
    request = request_of(ada)
    request.session[auth.HASH_SESSION_KEY] = proof

    assert request.user.is_anonymous
    assert auth.SESSION_KEY not in request.session


def test_a_session_of_before_the_key_was_changed_goes_on(ada, request_of, settings):
    request = request_of(ada)
    before = request.session[auth.HASH_SESSION_KEY]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-" * 6

    assert request.user == ada
    assert request.session[auth.HASH_SESSION_KEY] != before


def test_a_way_of_signing_in_that_is_gone_counts_no_longer(ada, request_of):
    request = request_of(ada)
    request.session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.RemoteUserBackend"

    assert signed_in.claimed(request) is None
    assert request.user.is_anonymous


def test_a_person_read_along_with_something_else_must_prove_themselves_too(ada, omar, request_of):
    request = request_of(ada)

    assert signed_in.claimed(request) == ada.pk
    assert signed_in.admit(request, User.objects.get(pk=ada.pk)) == ada
    with queries(0):
        assert request.user == ada
    # Somebody else's row is no proof: the session is asked again, and says who it is.
    assert signed_in.admit(request, omar) == ada


def test_what_is_asked_by_hand_is_counted_like_every_other_query(ada, request_of):
    seen: list[str] = []

    def count(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    request = request_of(ada)
    with connection.execute_wrapper(count):
        assert request.user == ada
    assert len(seen) == 1
