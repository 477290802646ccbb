"""manage.py demo: fills once, is what saving would have made, and keeps out of other people's way."""

from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import F
from django.test import Client
from django.utils import timezone

from myapp.accounts.models import User
from myapp.demo import accounts, fill
from myapp.events import rules
from myapp.events.models import Event, Organisation, Series, Word
from myapp.notify.models import Message
from myapp.registrations import invariants
from myapp.registrations.models import Desk, Registration
from myapp.testing.factories import make_event, make_organisation, make_person
from myapp.testing.people import CAST, PASSWORD
from myapp.venues.models import Building, Room

pytestmark = pytest.mark.django_db


def demo(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def test_campus_is_filled_once_and_says_who_can_sign_in():
    said = demo()
    assert "60 organisations" in said
    assert all(person.username in said for person in CAST)
    assert PASSWORD in said
    counts = [model.objects.count() for model in (Event, Organisation, Building, Room, Series, User)]
    assert counts[:3] == [1500, 60, 14]
    codes = set(Event.objects.values_list("code", flat=True))
    assert "already" in demo()
    assert set(Event.objects.values_list("code", flat=True)) == codes
    assert [m.objects.count() for m in (Event, Organisation, Building, Room, Series, User)] == counts
    assert Word.objects.filter(word="workshop").exists() or Word.objects.count() > 2000
    assert Event.objects.upcoming().count() > 500


def test_rows_are_what_saving_would_have_made():
    demo()
    derived = [
        *("description_html", "description_text", "organisation_name", "place_label", "keywords", "day"),
        *(
            "starts_text",
            "ends_text",
            "slug",
            "is_upcoming",
            "is_near",
            "building_id",
            "sequence",
            "fingerprint",
        ),
    ]
    for event in Event.objects.select_related("organisation", "room__building", "building"):
        before = {name: getattr(event, name) for name in derived}
        assert not event.prepare(), event.title
        assert {name: getattr(event, name) for name in derived} == before, event.title


def test_some_events_take_registrations_and_every_counter_is_right():
    demo()
    assert [said for check in invariants.INVARIANTS for said in check("default")] == []
    desks = Desk.objects.filter(event__starts_at__gt=timezone.now())
    coming = Event.objects.upcoming().count()
    assert 0.2 < desks.count() / coming < 0.4
    assert desks.filter(waiting__gt=3, taken=F("capacity")).count() >= 3
    for some in ({"mode": "lottery"}, {"types__needs_approval": True}, {"asks": True}, {"way": "elsewhere"}):
        assert desks.filter(**some).exists(), some
    states = set(Registration.objects.filter(user__username="ada").values_list("state", flat=True))
    assert states == {"confirmed", "waiting"}
    assert not Message.objects.exists()


def test_fresh_makes_it_anew_and_leaves_nothing_of_the_old():
    demo()
    gone = Event.objects.first()
    assert gone is not None
    Event.objects.filter(pk=gone.pk).update(title="Scribbled over")
    said = demo("--fresh")
    assert "1,500" in said
    assert not Event.objects.filter(title="Scribbled over").exists()
    assert Event.objects.count() == 1500
    assert Building.objects.count() == 14
    assert User.objects.count() == 4


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


def test_organisers_act_for_their_own_club_only():
    demo()
    omar, priya = (User.objects.get(username=name) for name in ("omar", "priya"))
    observatory = Organisation.objects.get(slug="observatory-society")
    robotics = Organisation.objects.get(slug="robotics-workshop")
    assert rules.can_organise(omar, observatory)
    assert not rules.can_organise(omar, robotics)
    assert rules.can_organise(priya, robotics)
    assert not rules.can_organise(priya, observatory)
    coming = observatory.events.filter(starts_at__gt=timezone.now())
    assert coming.filter(status="draft").exists()
    assert coming.filter(visibility="members").exists()
    assert rules.is_member(User.objects.get(username="ada"), observatory)


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
