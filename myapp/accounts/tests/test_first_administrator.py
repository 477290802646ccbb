"""The account that an installation begins with."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from myapp.accounts.models import User

pytestmark = pytest.mark.django_db


def first_administrator(email: str) -> str:
    said = StringIO()
    call_command("first_administrator", email=email, stdout=said)
    return said.getvalue()


def test_the_first_administrator_signs_in_with_what_was_printed(client):
    said = first_administrator("root@campus.example")
    (password,) = re.findall(r"with the password (\S+)", said)
    answer = client.post("/accounts/login/", {"login": "root@campus.example", "password": password})
    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200


def test_a_second_run_makes_nobody_and_says_no_password():
    first_administrator("root@campus.example")
    assert first_administrator("other@campus.example") == "There is an administrator already.\n"
    assert User.objects.count() == 1


@pytest.mark.parametrize("address", ["", "root", "root@", "a b@campus.example"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(CommandError, match="no e-mail address"):
        first_administrator(address)


def test_an_address_that_is_taken_is_refused_with_a_sentence():
    User.objects.create_user("ada", "ada@campus.example", "a-long-password")
    with pytest.raises(CommandError, match=r"ADA@campus\.example has an account"):
        first_administrator("ADA@campus.example")
    assert not User.objects.filter(is_superuser=True).exists()
