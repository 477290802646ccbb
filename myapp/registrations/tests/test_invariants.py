import re

import pytest
from django.db import connection

from myapp.registrations import actions
from myapp.registrations.invariants import INVARIANTS
from myapp.registrations.models import Desk, Registration
from myapp.testing.factories import make_desk, make_registration, make_ticket_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    """Two places taken, two people waiting, one who has left."""
    desk = make_desk()
    kind = desk.types.get()
    for number in range(5):
        registration = make_registration(kind)
        if number == 3:
            actions.cancel(registration, acting_user=registration.user)
    return desk


def told():
    return [sentence for invariant in INVARIANTS for sentence in invariant("default")]


def test_what_the_actions_leave_is_in_order(desk, django_assert_num_queries):
    with django_assert_num_queries(3 + 1 + 1):  # the log of each desk is read
        assert told() == []


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            "UPDATE registrations_desk SET taken = 1",
            "says 1 taken and 2 waiting; its registrations say 2 and 2",
        ),
        ("UPDATE registrations_tickettype SET waiting = 0", "says 2 taken and 0 waiting"),
        (
            "UPDATE registrations_desk SET capacity = NULL; UPDATE registrations_desk SET capacity = 3",
            "waits at .* while there is a place",
        ),
        (
            (
                "ALTER TABLE registrations_logentry DISABLE TRIGGER registrations_log_stays;"
                "UPDATE registrations_logentry SET queue_number = 7 WHERE number = 3"
            ),
            "is broken at line 3",
        ),
        (
            (
                "ALTER TABLE registrations_logentry DISABLE TRIGGER registrations_log_stays;"
                "DELETE FROM registrations_logentry WHERE number = (SELECT max(number) FROM registrations_logentry)"
            ),
            "does not end where its desk says",
        ),
    ],
)
def test_damage_is_found(desk, damage, sentence):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(damage)

    assert len(told()) >= 1
    assert any(re.search(sentence, each) for each in told())


def test_two_registrations_of_one_person_are_found(desk):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP INDEX registrations_one_live_per_person")
    first = Registration.objects.filter(state="confirmed").first()
    Registration.objects.filter(state="waiting").update(user=first.user)

    assert f"Somebody has 3 live registrations for {desk.event.code}." in told()


def test_desks_are_told_apart(desk):
    other = make_desk()
    make_registration(make_ticket_type(other, capacity=1))
    assert told() == []
    Desk.objects.filter(pk=other.pk).update(taken=0)

    assert [other.event.code in each for each in told()] == [True]
