"""A mail provider that is down for an hour, while two hundred people register: nothing is lost and nothing is repeated."""

import pytest

from myapp.accounts.models import User
from myapp.notify.delivery import deliver_due
from myapp.notify.models import Message
from myapp.notify.tests.conftest import pass_time
from myapp.registrations import actions, places
from myapp.registrations.models import Desk, Registration, State

pytestmark = pytest.mark.django_db


def down(_what, _letter):
    raise ConnectionRefusedError("nobody listens")


def test_a_provider_that_is_down_for_an_hour_of_a_rush_loses_nothing_and_repeats_nothing(
    desk, ticket, post_office
):
    Desk.objects.update(capacity=150)
    people = User.objects.bulk_create(
        User(username=f"p{i}", email=f"p{i}@example.edu", password="!") for i in range(200)
    )
    post_office.trouble = down
    for minute in range(60):
        for person in people[minute * 4 : minute * 4 + 4]:
            for _click in range(2):
                if not places.take(desk.event.code, ticket.pk, person):
                    actions.register(ticket, acting_user=person)
        deliver_due()
        pass_time(minutes=1)
    assert post_office.taken == []
    # One of those who have a place gives it back before anything could be sent.
    gone = Registration.objects.get(user=people[0])
    actions.cancel(gone, acting_user=people[0])

    post_office.trouble = None
    for _minute in range(17):
        deliver_due()
        pass_time(minutes=1)

    assert Registration.objects.filter(state=State.CONFIRMED).count() == 150
    assert sorted(letter.to[0] for letter in post_office.taken) == sorted(person.email for person in people)
    assert len(set(post_office.ids())) == 200
    subjects = [letter.subject.partition(":")[0].rstrip("0123456789 ") for letter in post_office.taken]
    assert subjects.count("You are no longer registered") == 1
    assert subjects.count("You have a place") == 149
    assert subjects.count("From the waiting list to a place") == 1
    assert not Message.objects.filter(sent_at=None, given_up_at=None).exists()
