"""The demo campus, filled once for all of these tests: it is what saving would have made, and can be made anew."""

import pytest
from django.db import transaction
from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from myapp.accounts.models import User
from myapp.demo.tests.test_command import demo
from myapp.events import rules
from myapp.events.models import Event, Organisation, Series, Word
from myapp.notify.models import Message
from myapp.registrations import invariants
from myapp.registrations.models import Desk, Registration
from myapp.testing.people import CAST, PASSWORD
from myapp.venues.models import Building, Room

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def campus(django_db_setup, django_db_blocker):
    """What the command said when it filled the campus that these tests share.

    Each test runs in a savepoint of the transaction that goes with the module, so it may change what it likes.
    """
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=hashers), transaction.atomic():
        yield demo()
        transaction.set_rollback(True)


def test_campus_is_filled_once_and_says_who_can_sign_in(campus):
    said = campus
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


def test_rows_are_what_saving_would_have_made(campus):
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


def test_some_events_take_registrations_and_every_counter_is_right(campus):
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


def test_fresh_makes_it_anew_and_leaves_nothing_of_the_old(campus):
    gone = Event.objects.first()
    assert gone is not None
    Event.objects.filter(pk=gone.pk).update(title="Scribbled over")
    said = demo("--fresh")
    assert "1,500" in said
    assert not Event.objects.filter(title="Scribbled over").exists()
    assert Event.objects.count() == 1500
    assert Building.objects.count() == 14
    assert User.objects.count() == 4


def test_organisers_act_for_their_own_club_only(campus):
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
