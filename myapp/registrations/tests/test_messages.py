"""Everything that people are told about their registration: once for each change, and only while it is true."""

import pytest
from django.db import transaction
from django.utils import timezone

from myapp.notify import kinds
from myapp.notify.models import Ending, Message
from myapp.registrations import actions, messages, places
from myapp.registrations.models import Because, Desk, Promotion, Question, Registration, State
from myapp.registrations.tests.outgoing import delivered, told
from myapp.testing.factories import (
    make_person,
    make_registration,
    make_ticket_type,
)
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db


# --- written with the change ------------------------------------------------------------------------------------------


def test_the_statement_that_takes_a_place_writes_the_confirmation(
    desk, ticket, ada, post_office, django_assert_num_queries
):
    with django_assert_num_queries(1 + 2):  # and the savepoint that a test's transaction makes of it
        code = places.take(desk.event.code, ticket.pk, ada)

    registration = Registration.objects.get(code=code)
    message = Message.objects.get()
    assert (message.kind, message.user, message.cause) == (
        "place_confirmed",
        ada,
        f"registration:{registration.pk}:1",
    )
    assert (registration.revision, message.about) == (1, {"registration": registration.pk, "revision": 1})
    [letter] = delivered(post_office)
    assert letter.to == ["ada@example.edu"]


def test_a_double_click_is_told_once(desk, ticket, ada, post_office):
    places.take(desk.event.code, ticket.pk, ada)
    places.take(desk.event.code, ticket.pk, ada)
    actions.register(ticket, acting_user=ada)
    registration = actions.register(ticket, acting_user=ada)

    for _click in range(2):
        actions.cancel(registration, acting_user=ada)

    assert told(registration) == ["place_confirmed", "place_cancelled"]


def test_what_is_rolled_back_is_not_told(desk, ticket, ada):
    with transaction.atomic():
        places.take(desk.event.code, ticket.pk, ada)
        make_registration(ticket)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_a_place_that_could_not_be_taken_is_not_told(desk, ticket):
    Desk.objects.update(capacity=1)
    for _ in range(3):
        places.take(desk.event.code, ticket.pk, make_person())
    assert Message.objects.count() == 1


def test_a_place_that_is_held_tells_nothing_until_it_is_confirmed(desk, ticket, ada):
    Question.objects.create(desk=desk, label="Diet?")
    Desk.objects.update(asks=True)
    registration = Registration.objects.get(code=places.take(desk.event.code, ticket.pk, ada))
    assert told(registration) == []

    actions.answer(registration, {}, acting_user=ada)

    assert told(registration) == ["place_confirmed"]


def test_the_longer_way_costs_one_query_more_for_telling(desk, ticket, ada):
    registration = Registration(desk=desk, ticket_type=ticket, user=ada, name="Ada")
    locked = places.locked_desk(desk.pk)
    with queries(4):  # the desk's counter, the type's, the registration, its message
        places.settle(registration, locked, State.CONFIRMED, because=Because.WAS_FREE)


# --- each change and its message -------------------------------------------------------------------------------------


def test_the_way_through_the_queue_is_told(desk, ticket, post_office):
    first, _second, third, fourth = [make_registration(ticket) for _ in range(4)]
    subjects = [letter.subject for letter in delivered(post_office)]
    assert subjects[2].startswith("Number 1 on the waiting list: Dark skies, ")
    assert subjects[3].startswith("Number 2 on the waiting list: Dark skies, ")

    actions.cancel(first, acting_user=first.user)

    assert (told(first)[-1], told(third)[-1], told(fourth)[-1]) == (
        "place_cancelled",
        "place_promoted",
        "place_waiting",
    )
    assert {letter.subject.partition(":")[0] for letter in delivered(post_office)} == {
        "You are no longer registered",
        "From the waiting list to a place",
    }


def test_the_number_in_the_queue_is_that_of_the_moment_of_sending(desk, ticket, post_office):
    registrations = [make_registration(ticket) for _ in range(4)]
    actions.cancel(registrations[2], acting_user=registrations[2].user)

    subjects = [letter.subject for letter in delivered(post_office)]

    assert [subject for subject in subjects if "waiting list" in subject] == [
        "Number 1 on the waiting list: Dark skies, " + subjects[0].partition("Dark skies, ")[2]
    ]


def test_an_offer_names_its_deadline_and_is_told_when_it_runs_out(desk, ticket, post_office):
    Desk.objects.update(promotion=Promotion.OFFER)
    first, _second, third = [make_registration(ticket) for _ in range(3)]
    actions.cancel(first, acting_user=first.user)
    [offer] = [letter for letter in delivered(post_office) if "to accept by" in letter.subject]
    third.refresh_from_db()
    until = f"{timezone.localtime(third.until):%H:%M}"
    assert until in offer.subject
    assert until in offer.body
    assert "Accept the place" in offer.alternatives[0].content

    Registration.objects.filter(pk=third.pk).update(until=timezone.now())
    actions.let_run_out()

    [ran_out] = delivered(post_office)
    assert ran_out.subject == "The offer of a place has run out: Dark skies"


def test_an_offer_that_has_run_out_before_it_was_sent_is_not_sent(desk, ticket, post_office):
    Desk.objects.update(promotion=Promotion.OFFER)
    first, _second, third = [make_registration(ticket) for _ in range(3)]
    actions.cancel(first, acting_user=first.user)
    Registration.objects.filter(pk=third.pk).update(until=timezone.now())

    delivered(post_office)

    assert Message.objects.get(kind="place_offered").ending == Ending.OUTDATED


def test_a_confirmation_that_was_cancelled_meanwhile_is_not_sent(desk, ticket, ada, post_office):
    actions.cancel(make_registration(ticket, ada), acting_user=ada)

    [letter] = delivered(post_office)

    assert letter.subject == "You are no longer registered: Dark skies"


def test_who_registers_again_at_once_is_not_told_that_they_cancelled(desk, ticket, ada, post_office):
    actions.cancel(make_registration(ticket, ada), acting_user=ada)
    make_registration(ticket, ada)

    [letter] = delivered(post_office)

    assert letter.subject.startswith("You have a place")


@pytest.mark.parametrize("sentence", ["", "We <b>only</b> have chairs for members & friends."])
def test_who_is_taken_off_reads_the_organisers_sentence(desk, ticket, ada, omar, post_office, sentence):
    registration = make_registration(ticket, ada)
    delivered(post_office)

    actions.take_off(registration, sentence=sentence, acting_user=omar)

    [letter] = delivered(post_office)
    assert kinds.find("place_taken_off").essential
    assert letter.subject.startswith("The organiser has cancelled your registration: Dark skies")
    assert (f"The organiser says: “{sentence}”" in letter.body) == bool(sentence)
    assert "<b>only" not in letter.alternatives[0].content


def test_what_an_organiser_decides_is_told(desk, ada, omar, post_office):
    kind = make_ticket_type(desk, needs_approval=True)
    mine, theirs = make_registration(kind, ada), make_registration(kind)
    actions.approve([mine], acting_user=omar)
    actions.refuse([theirs], sentence="First years only.", acting_user=omar)

    assert told(mine) == ["approval_asked", "place_approved"]
    assert told(theirs) == ["approval_asked", "not_approved"]
    letters = delivered(post_office)
    assert len(letters) == 2
    assert "First years only." in letters[1].body


def test_who_was_not_there_in_time_is_told_that_the_place_was_given_on(desk, ticket, ada, post_office):
    registration = make_registration(ticket, ada)
    delivered(post_office)
    with transaction.atomic():
        current = places.locked_desk(desk.pk)
        places.settle(registration, current, State.EXPIRED, because=Because.NOT_THERE)

    [letter] = delivered(post_office)

    assert told(registration)[-1] == "place_released"
    assert letter.subject == "Your place was given to the queue at the door: Dark skies"
    assert "You were not there by the time" in letter.body


def test_a_changed_ticket_is_told_with_what_it_says_now(desk, ada, post_office):
    kind = make_ticket_type(desk, guests=1)
    registration = make_registration(kind, ada)
    actions.change(registration, guests=["Grace Hopper"], acting_user=ada)

    letters = delivered(post_office)

    assert letters[-1].subject.startswith("Your registration is changed")
    assert "With 1 guest: Grace Hopper" in letters[-1].body


def test_a_hold_that_ran_out_is_told(desk, ticket, ada):
    Question.objects.create(desk=desk, label="Diet?")
    Desk.objects.update(asks=True)
    registration = make_registration(ticket, ada)
    Registration.objects.update(until=timezone.now())
    actions.let_run_out()
    assert told(registration) == ["hold_ran_out"]


def test_without_an_account_only_the_address_is_asked_for_until_it_is_confirmed(desk, post_office):
    Desk.objects.update(without_account=True)
    kind = make_ticket_type(desk, audience="everyone")
    registration = actions.register(kind, acting_user=None, email="g@example.org", name="Grace")
    [letter] = delivered(post_office)
    assert letter.subject.startswith("Confirm your address: Dark skies")
    assert "List-Unsubscribe" not in letter.extra_headers

    actions.confirm_address(registration)

    assert told(registration) == ["address_asked", "place_confirmed"]


def test_an_address_that_nobody_confirms_hears_no_more(desk, post_office):
    Desk.objects.update(without_account=True)
    kind = make_ticket_type(desk, audience="everyone")
    registration = actions.register(kind, acting_user=None, email="g@example.org", name="Grace")
    Registration.objects.update(until=timezone.now())

    actions.let_run_out()

    assert told(registration) == ["address_asked"]
    assert delivered(post_office) == []


def test_who_waits_without_an_account_learns_their_number_once_the_address_is_theirs(
    desk, ticket, post_office
):
    Desk.objects.update(without_account=True)
    kind = make_ticket_type(desk, audience="everyone")
    for _ in range(2):
        make_registration(ticket)
    registration = actions.register(kind, acting_user=None, email="g@example.org", name="Grace")

    for _click in range(2):
        actions.confirm_address(registration)

    assert told(registration) == ["address_asked", "place_waiting"]


def test_every_state_and_reason_has_a_kind_that_is_registered():
    for state in State:
        for because in Because:
            for before in (None, State.HELD, State.OFFERED, State.PENDING):
                each = Registration(state=state, because=because, user_id=1)
                kind = messages.kind_for(each, before)
                assert not kind or kinds.find(kind)
