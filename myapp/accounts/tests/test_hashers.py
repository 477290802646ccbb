"""Passwords are kept as Argon2id says; older ones are brought to it when their people come."""

import pytest
from django.conf import settings as configured
from django.contrib.auth.hashers import identify_hasher, make_password

from myapp.testing.people import PASSWORD

HASHERS = configured.PASSWORD_HASHERS  # before the tests of this folder make them fast


@pytest.fixture(autouse=True)
def _real_hashers(_fresh_limits, settings):
    settings.PASSWORD_HASHERS = HASHERS


def test_a_new_password_is_kept_as_argon2id():
    made = make_password(PASSWORD)
    assert made.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert not identify_hasher(made).must_update(made)


@pytest.mark.django_db
def test_a_password_kept_as_before_opens_and_is_kept_anew(visitor, ada):
    ada.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    ada.save()

    visitor.post("/accounts/login/", {"login": "ada", "password": PASSWORD})

    ada.refresh_from_db()
    assert visitor.get("/accounts/").status_code == 200
    assert ada.password.startswith("argon2$argon2id$")
