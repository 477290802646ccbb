"""The first promise, one request at a time; `test_rush.py` keeps it with many at once."""

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from myapp.events.models import Status
from myapp.registrations import actions, places
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.invariants import INVARIANTS
from myapp.registrations.models import (
    Audience,
    Because,
    Desk,
    LogEntry,
    Mode,
    Promotion,
    Question,
    Registration,
    State,
)
from myapp.testing.factories import (
    make_desk,
    make_event,
    make_person,
    make_registration,
    make_ticket_type,
    tomorrow,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(omars_club):
    """Two places at an event of Omar's club, in a week: nobody need agree to be moved up."""
    event = make_event(organisation=omars_club, starts_at=tomorrow() + dt.timedelta(days=7))
    return make_desk(event)


@pytest.fixture
def ticket(desk):
    return desk.types.get()


def taken(desk):
    desk.refresh_from_db()
    kind = desk.types.first()
    return desk.taken, desk.waiting, kind.taken, kind.waiting


def in_queue(desk):
    return list(desk.registrations.filter(state=State.WAITING).order_by("queue_number"))


# --- the way most places go -------------------------------------------------------------------------------------------


def test_a_place_is_taken_with_one_statement(desk, ticket, ada, django_assert_num_queries):
    with django_assert_num_queries(1 + 2):  # and the savepoint that a test's transaction makes of it
        code = places.take(desk.event.code, ticket.pk, ada)

    registration = Registration.objects.get(code=code)
    assert (registration.state, registration.user, registration.name) == (State.CONFIRMED, ada, "Ada Okonkwo")
    assert taken(desk) == (1, 0, 1, 0)


def test_the_last_place_is_taken_once(desk, ticket):
    assert [bool(places.take(desk.event.code, ticket.pk, make_person())) for _ in range(4)] == [
        *(True, True),
        *(False, False),
    ]
    assert taken(desk) == (2, 0, 2, 0)


def test_the_same_person_takes_one_place(desk, ticket, ada):
    assert places.take(desk.event.code, ticket.pk, ada)
    assert places.take(desk.event.code, ticket.pk, ada) is None
    assert taken(desk) == (1, 0, 1, 0)


def test_a_turn_in_the_queue_is_one_statement(desk, ticket, ada, django_assert_num_queries):
    for _ in range(2):
        make_registration(ticket)
    assert places.join(desk.event.code, make_ticket_type(desk, capacity=1).pk, make_person())

    with django_assert_num_queries(1 + 2):
        code = places.join(desk.event.code, ticket.pk, ada)

    registration = Registration.objects.get(code=code)
    assert (registration.state, registration.queue_number) == (State.WAITING, 2)
    assert places.join(desk.event.code, ticket.pk, ada) is None
    assert taken(desk) == (2, 2, 2, 1)
    assert [told for each in INVARIANTS for told in each("default")] == []


def test_nobody_joins_a_queue_while_there_is_a_place(desk, ticket, ada):
    make_registration(ticket)

    assert places.join(desk.event.code, ticket.pk, ada) is None
    assert taken(desk) == (1, 0, 1, 0)


def test_a_type_that_is_full_takes_nothing_from_the_event(desk, ada):
    small = make_ticket_type(desk, capacity=1)
    assert places.take(desk.event.code, small.pk, make_person())

    assert places.take(desk.event.code, small.pk, ada) is None

    desk.refresh_from_db()
    assert desk.taken == 1


UNUSUAL = {
    "closed": lambda desk, kind: Desk.objects.update(is_open=False),
    "elsewhere": lambda desk, kind: Desk.objects.update(way="elsewhere", url="https://example.org"),
    "a draw": lambda desk, kind: Desk.objects.update(mode=Mode.LOTTERY),
    "a queue": lambda desk, kind: Desk.objects.update(waiting=1),
    "a draft": lambda desk, kind: desk.event.__class__.objects.update(status=Status.DRAFT),
    "cancelled": lambda desk, kind: desk.event.__class__.objects.update(status=Status.CANCELLED),
    "members only": lambda desk, kind: desk.types.update(audience=Audience.MEMBERS),
    "second year": lambda desk, kind: desk.types.update(years=[2]),
    "approval": lambda desk, kind: desk.types.update(needs_approval=True),
    "not yet": lambda desk, kind: desk.types.update(opens_at=timezone.now() + dt.timedelta(hours=1)),
    "too late": lambda desk, kind: desk.types.update(closes_at=timezone.now()),
    "begun": lambda desk, kind: desk.event.__class__.objects.update(starts_at=timezone.now()),
}


@pytest.mark.parametrize("change", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_left_to_the_longer_way(change, desk, ticket, ada):
    change(desk, ticket)

    assert places.take(desk.event.code, ticket.pk, ada) is None
    assert places.join(desk.event.code, ticket.pk, ada) is None
    assert taken(desk)[0] == 0


def test_questions_hold_the_place_for_ten_minutes(desk, ticket, ada):
    Question.objects.create(desk=desk, label="Diet?")
    Desk.objects.update(asks=True)

    registration = Registration.objects.get(code=places.take(desk.event.code, ticket.pk, ada))

    assert registration.state == State.HELD
    assert registration.until
    assert dt.timedelta(minutes=9) < registration.until - timezone.now() <= dt.timedelta(minutes=10)


# --- what stands behind the code -------------------------------------------------------------------------------------


def test_without_its_check_the_database_refuses_the_place(desk, ticket, monkeypatch):
    monkeypatch.setattr(places, "ROOM_AT_DESK", "true")
    for _ in range(2):
        assert places.take(desk.event.code, ticket.pk, make_person())

    with pytest.raises(IntegrityError, match="registrations_desk_capacity"), transaction.atomic():
        places.take(desk.event.code, ticket.pk, make_person())


def test_two_live_registrations_of_one_person_are_refused_by_the_database(desk, ticket, ada):
    make_registration(ticket, ada)

    with pytest.raises(IntegrityError, match="registrations_one_live_per_person"), transaction.atomic():
        Registration.objects.create(
            desk=desk, ticket_type=ticket, user=ada, name="Ada", state=State.CONFIRMED
        )


def test_no_room_is_an_error_where_code_has_not_looked(desk, ticket):
    Desk.objects.update(capacity=0)

    with pytest.raises(places.NoRoom), transaction.atomic():
        places.settle(
            Registration(desk=desk, ticket_type=ticket, user=make_person(), name="X"),
            places.locked_desk(desk.pk),
            State.CONFIRMED,
            because=Because.ASKED,
        )


# --- the longer way ---------------------------------------------------------------------------------------------------


def test_who_comes_when_it_is_full_joins_the_queue_in_order(desk, ticket):
    people = [make_person() for _ in range(5)]
    states = [make_registration(ticket, person).state for person in people]

    assert states == ["confirmed", "confirmed", "waiting", "waiting", "waiting"]
    assert [each.user for each in in_queue(desk)] == people[2:]
    assert taken(desk) == (2, 3, 2, 3)


def test_full_is_said_to_who_would_not_wait(desk, ticket, ada):
    for _ in range(2):
        make_registration(ticket)

    with pytest.raises(RegistrationRefused) as refused:
        actions.register(ticket, acting_user=ada, wait=False)

    assert refused.value.code == "full"
    assert taken(desk) == (2, 0, 2, 0)


def test_registering_again_is_the_same_registration(desk, ticket, ada):
    assert make_registration(ticket, ada) == make_registration(ticket, ada)
    assert taken(desk)[0] == 1


def test_a_cancelled_place_goes_to_the_next_in_line(desk, ticket):
    first, _second, third, fourth = [make_registration(ticket) for _ in range(4)]

    actions.cancel(first, acting_user=first.user)

    third.refresh_from_db()
    assert (third.state, third.because) == (State.CONFIRMED, Because.PLACE_CAME_FREE)
    assert in_queue(desk) == [fourth]
    assert taken(desk) == (2, 1, 2, 1)


def test_nobody_takes_a_place_that_somebody_waits_for(desk, ticket, ada):
    pair = make_ticket_type(desk, guests=1)
    make_registration(ticket)
    waiting = make_registration(pair, guests=["Grace"])
    assert waiting.state == State.WAITING

    late = make_registration(ticket, ada)

    assert late.state == State.WAITING
    assert places.take(desk.event.code, ticket.pk, make_person()) is None
    assert actions.set_capacity(desk, 4, acting_user=desk.event.organisation.members.get()) == [waiting, late]


def test_a_full_type_holds_up_nobody_who_wants_another(desk, ticket, ada):
    small = make_ticket_type(desk, capacity=1)
    make_registration(small)
    assert make_registration(small).state == State.WAITING

    assert make_registration(ticket, ada).state == State.CONFIRMED


def test_near_the_start_a_place_is_offered_and_not_given(desk, ticket):
    Desk.objects.update(agree_hours=24 * 30)
    first, _second, third, fourth = [make_registration(ticket) for _ in range(4)]

    actions.cancel(first, acting_user=first.user)

    third.refresh_from_db()
    assert third.state == State.OFFERED
    assert third.until
    assert third.until <= timezone.now() + dt.timedelta(hours=12)
    Registration.objects.filter(pk=third.pk).update(until=timezone.now())
    assert actions.let_run_out() == 1
    assert actions.let_run_out() == 0
    fourth.refresh_from_db()
    third.refresh_from_db()
    assert (third.state, fourth.state) == (State.EXPIRED, State.OFFERED)
    assert actions.accept(fourth, acting_user=fourth.user).state == State.CONFIRMED
    assert taken(desk) == (2, 0, 2, 0)


def test_an_offer_that_has_run_out_cannot_be_accepted(desk, ticket):
    Desk.objects.update(promotion=Promotion.OFFER)
    first, _second, third = [make_registration(ticket) for _ in range(3)]
    actions.cancel(first, acting_user=first.user)
    Registration.objects.filter(pk=third.pk).update(until=timezone.now())

    with pytest.raises(RegistrationRefused) as refused:
        actions.accept(third, acting_user=third.user)

    assert refused.value.code == "offer_over"


def test_nobody_is_moved_once_it_has_begun(desk, ticket):
    first, _second, third = [make_registration(ticket) for _ in range(3)]
    desk.event.__class__.objects.update(starts_at=timezone.now())
    actions.take_off(first, sentence="", acting_user=desk.event.organisation.members.get())

    third.refresh_from_db()
    assert third.state == State.WAITING


def test_a_change_keeps_the_place_when_there_is_no_room_for_more(desk, ada):
    pair = make_ticket_type(desk, guests=2)
    registration = make_registration(pair, ada)
    make_registration(pair)

    with pytest.raises(RegistrationRefused):
        actions.change(registration, guests=["Grace"], acting_user=ada)

    registration.refresh_from_db()
    assert (registration.state, registration.guests) == (State.CONFIRMED, [])


def test_fewer_guests_let_the_next_in(desk, ada):
    pair = make_ticket_type(desk, guests=1)
    registration = make_registration(pair, ada, guests=["Grace"])
    waiting = make_registration(pair)

    actions.change(registration, guests=[], acting_user=ada)

    waiting.refresh_from_db()
    assert waiting.state == State.CONFIRMED
    desk.refresh_from_db()
    assert (desk.taken, desk.waiting) == (2, 0)


def test_who_changes_the_line_goes_to_its_end(desk, ticket):
    other = make_ticket_type(desk)
    for _ in range(2):
        make_registration(ticket)
    first = make_registration(ticket)
    second = make_registration(other)

    actions.change(first, ticket_type=other, acting_user=first.user)

    assert in_queue(desk) == [second, first]


def test_nobody_touches_what_is_somebody_elses(desk, ticket, ada):
    registration = make_registration(ticket)

    for act in (actions.cancel, actions.accept):
        with pytest.raises(NotAllowed):
            act(registration, acting_user=ada)


def test_organisers_of_another_club_have_no_say(desk, ticket, priya):
    registration = make_registration(ticket)

    for refused in (
        lambda: actions.set_capacity(desk, 9, acting_user=priya),
        lambda: actions.take_off(registration, sentence="", acting_user=priya),
        lambda: actions.approve([registration], acting_user=priya),
        lambda: actions.close_desk(desk, acting_user=priya),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_approval_takes_a_place_only_when_it_is_given(desk, ticket, omar):
    desk.types.update(needs_approval=True)
    pending = [make_registration(ticket) for _ in range(3)]
    assert taken(desk) == (0, 0, 0, 0)

    actions.refuse(pending[:1], sentence="Next term, gladly.", acting_user=omar)
    actions.approve(pending, acting_user=omar)
    late = make_registration(ticket)
    actions.approve([late], acting_user=omar)

    states = list(desk.registrations.order_by("pk").values_list("state", flat=True))
    assert states == ["refused", "confirmed", "confirmed", "waiting"]


def test_fewer_places_than_are_taken_are_refused(desk, ticket, omar):
    make_registration(ticket)

    with pytest.raises(RegistrationRefused, match="1 place is taken already"):
        actions.set_capacity(desk, 0, acting_user=omar)


def test_without_an_account_the_place_is_held_until_the_mail_is_read(desk, ada):
    Desk.objects.update(without_account=True)
    everyone = make_ticket_type(desk, audience=Audience.EVERYONE)
    registration = actions.register(everyone, acting_user=None, email="Eve@example.org", name="Eve")
    assert registration.state == State.HELD
    assert actions.register(everyone, acting_user=None, email="eve@example.org", name="Eve") == registration

    assert actions.confirm_address(registration).state == State.CONFIRMED
    assert actions.confirm_address(registration).state == State.CONFIRMED


def test_an_address_that_is_never_confirmed_waits_for_nobody(desk):
    Desk.objects.update(without_account=True, capacity=0)
    everyone = make_ticket_type(desk, audience=Audience.EVERYONE)
    registration = actions.register(everyone, acting_user=None, email="typo@example.org", name="Eve")
    assert (registration.state, registration.until is None) == (State.WAITING, False)

    Registration.objects.update(until=timezone.now())
    assert actions.let_run_out() == 1


# --- the log ----------------------------------------------------------------------------------------------------------


def test_the_log_is_written_by_the_database_and_stays(desk, ticket, ada):
    code = places.take(desk.event.code, ticket.pk, ada)
    actions.cancel(Registration.objects.get(code=code), acting_user=ada)

    assert list(LogEntry.objects.order_by("number").values_list("number", "state", "because")) == [
        (1, "confirmed", "was_free"),
        (2, "cancelled", "asked"),
    ]
    for change in ("UPDATE registrations_logentry SET number = 9", "DELETE FROM registrations_logentry"):
        with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
            connection.cursor().execute(change)
