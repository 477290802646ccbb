"""manage.py demo keeps out of other people's way, and lets the cast sign in."""

from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from myapp.accounts.models import User
from myapp.demo import accounts, fill
from myapp.events.models import Organisation
from myapp.testing.factories import make_event, make_organisation, make_person
from myapp.testing.people import CAST, PASSWORD
from myapp.venues.models import Building, Room

pytestmark = pytest.mark.django_db


def demo(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def test_site_with_its_own_organisations_is_left_alone():
    make_organisation("Kite Club")
    with pytest.raises(CommandError, match="1 organisations of its own"):
        demo()
    assert not fill.demo_organisations().exists()
    assert not User.objects.filter(username="rosa").exists()


def test_force_stands_beside_what_is_there_and_fresh_removes_only_its_own():
    club = make_organisation("Chess Society")
    demo("--force")
    assert Organisation.objects.filter(slug__startswith="chess-society").count() == 2
    borrowed = Room.objects.get(slug="great-hall-marchbanks")
    theirs = make_event("A guest in the Great Hall", organisation=club, room=borrowed)
    fill.remove()
    theirs.refresh_from_db()
    assert theirs.room == borrowed
    assert list(Organisation.objects.all()) == [club]
    assert Building.objects.get().name == "Marchbanks Hall"


def test_username_of_somebody_else_is_not_taken_over():
    make_person("Ada Somebody", username="ada", email="ada@elsewhere.example")
    with pytest.raises(CommandError, match="ada, which belong"):
        demo()
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("person", CAST, ids=lambda person: person.username)
def test_accounts_can_sign_in(person):
    accounts.give_accounts(_clubs())
    for login in (person.username, person.email):
        assert Client().login(username=login, password=PASSWORD) or Client().login(
            email=login, password=PASSWORD
        )
    user = User.objects.get(username=person.username)
    assert EmailAddress.objects.get(user=user).verified
    assert user.is_staff == (person.username == "rosa")


def test_account_that_was_there_gets_its_password_back():
    accounts.give_accounts(_clubs())
    ada = User.objects.get(username="ada")
    ada.set_password("something of her own")
    ada.save()
    Organisation.objects.all().delete()
    accounts.give_accounts(_clubs())
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def _clubs() -> dict[str, Organisation]:
    return {slug: make_organisation(slug, slug=slug) for slug in accounts.JOINED}
