"""Who deletes their account gives back what is to come, and leaves numbers without a name of what has been."""

import datetime as dt

import pytest
from django.utils import timezone

from myapp.accounts.models import User
from myapp.events.models import Event
from myapp.notify.models import Message
from myapp.registrations import invariants
from myapp.registrations.models import Registration, State
from myapp.registrations.tests.outgoing import told
from myapp.testing.factories import make_desk, make_event, make_person, make_registration, make_ticket_type

pytestmark = pytest.mark.django_db


def is_over(desk):
    past = timezone.now() - dt.timedelta(days=2)
    Event.objects.filter(pk=desk.pk).update(starts_at=past, ends_at=past + dt.timedelta(hours=1))


def broken():
    return [sentence for holds in invariants.INVARIANTS for sentence in holds("default")]


def test_a_place_goes_to_the_next_in_line(desk, ticket, ada):
    mine, _other, next_one = (
        make_registration(ticket, ada),
        make_registration(ticket),
        make_registration(ticket),
    )

    ada.delete()

    mine.refresh_from_db()
    next_one.refresh_from_db()
    assert (mine.state, mine.user, mine.name) == (State.CANCELLED, None, "")
    assert next_one.state == State.CONFIRMED
    assert told(next_one)[-1] == "place_promoted"
    assert broken() == []


def test_a_turn_in_the_queue_is_given_up(desk, ticket, ada):
    make_registration(ticket), make_registration(ticket)
    waiting = make_registration(ticket, ada)
    ada.delete()
    waiting.refresh_from_db()
    assert waiting.state == State.CANCELLED
    assert broken() == []


def test_what_has_been_stays_as_a_number(desk):
    kind = make_ticket_type(desk, guests=1)
    people = [make_person("Grace Hopper"), make_person("Alan Turing")]
    desk.capacity = 4
    desk.save(update_fields=["capacity"])
    for person in people:
        make_registration(kind, person, guests=["A friend"], answers={"1": "I faint easily"})
    is_over(desk)

    for person in people:
        person.delete()

    rows = list(Registration.objects.all())
    assert [(each.state, each.name, each.email, each.answers) for each in rows] == [
        ("confirmed", "", "", {})
    ] * 2
    assert [(each.guests, each.places) for each in rows] == [([""], 2)] * 2
    assert broken() == []


def test_who_is_inside_keeps_their_place_as_a_number(desk, ticket, ada):
    registration = make_registration(ticket, ada)
    now = timezone.now()
    Event.objects.update(starts_at=now - dt.timedelta(minutes=5), ends_at=now + dt.timedelta(hours=1))
    ada.delete()
    registration.refresh_from_db()
    assert (registration.state, registration.name) == (State.CONFIRMED, "")
    assert broken() == []


def test_nothing_is_left_to_tell_somebody_who_is_gone(desk, ticket, ada):
    make_registration(ticket, ada)
    ada.delete()
    assert not Message.objects.exists()


def test_several_accounts_at_once_as_the_back_office_deletes_them(desk, ticket, omars_club):
    other = make_desk(make_event(organisation=omars_club))
    people = [make_person(), make_person()]
    for person in people:
        make_registration(ticket, person)
        make_registration(other.types.get(), person)

    User.objects.filter(pk__in=[person.pk for person in people]).delete()

    assert not Registration.objects.exclude(state=State.CANCELLED).exists()
    assert not Registration.objects.exclude(name="").exists()
    assert broken() == []
