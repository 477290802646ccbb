"""Who stands at the door without a ticket, who checks in themselves, and what becomes of places of who is not there."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from myapp.accounts.models import User
from myapp.checkin import actions
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.models import Helper, How, Scan
from myapp.checkin.reading import Ticket
from myapp.events.models import Organisation
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Because, Desk, LogEntry, Mode, Registration, State
from myapp.registrations.places import locked_desk, settle
from myapp.testing.factories import make_desk, make_event, make_registration

pytestmark = pytest.mark.django_db


def begin(desk: Desk, *, minutes_ago: int) -> None:
    """Let the event have begun."""
    event = desk.event
    event.starts_at = timezone.now() - dt.timedelta(minutes=minutes_ago)
    event.ends_at = event.starts_at + dt.timedelta(hours=2)
    event.save()


@pytest.fixture
def desk(omars_club: Organisation) -> Desk:
    starts_at = timezone.now() + dt.timedelta(hours=1)
    return make_desk(make_event("Lantern night", organisation=omars_club, starts_at=starts_at), capacity=2)


@pytest.fixture
def by(omar: User) -> Doorkeeper:
    return Doorkeeper(omar, "North")


def walk_in(desk: Desk, by: Doorkeeper, **given):
    told: dict[str, Any] = {"name": "Bo Chen", "email": "bo@example.org", "nonce": uuid.uuid4()} | given
    return actions.walk_in(desk, desk.types.get(), by=by, **told)


# --- Walk-ins ---------------------------------------------------------------------------------------------------------


def test_walk_in_takes_a_free_place_and_is_in(desk, by) -> None:
    answer = walk_in(desk, by)

    registration = Registration.objects.get()
    assert (answer.code, answer.name) == ("in", "Bo Chen")
    assert (registration.state, registration.because) == (State.CONFIRMED, Because.AT_THE_DOOR)
    assert Scan.objects.get().how == How.WALK_IN
    desk.refresh_from_db()
    assert desk.taken == 1
    assert LogEntry.objects.get().because == "at_the_door"


def test_walk_in_sent_twice_is_one(desk, by) -> None:
    nonce = uuid.uuid4()

    assert [walk_in(desk, by, nonce=nonce).code for _ in range(2)] == ["in", "in"]

    assert Registration.objects.count() == Scan.objects.count() == 1


def test_walk_in_with_an_account_has_the_ticket_there(desk, by, ada) -> None:
    walk_in(desk, by, email=ada.email.upper())

    assert Registration.objects.get().user == ada


def test_walk_in_who_is_registered_is_let_in_with_that(desk, by, ada) -> None:
    registration = make_registration(desk.types.get(), ada)

    assert walk_in(desk, by, email=ada.email).registration == registration.pk
    assert Registration.objects.count() == 1


def test_nobody_is_let_in_beyond_the_places(desk, by) -> None:
    for _ in range(2):
        make_registration(desk.types.get())

    assert walk_in(desk, by).code == "full"
    assert Registration.objects.count() == 2
    assert not Scan.objects.exists()


def test_who_waits_comes_before_a_walk_in(desk, by, omar) -> None:
    for _ in range(3):
        make_registration(desk.types.get())
    begin(desk, minutes_ago=1)
    Desk.objects.filter(pk=desk.pk).update(capacity=3)

    assert walk_in(desk, by).code == "queue_first"
    assert walk_in(desk, by, past_queue=True).code == "in"


@pytest.mark.parametrize("state", [State.HELD, State.OFFERED])
def test_walk_in_to_whom_the_last_place_is_held_or_offered_has_it(desk, by, ada, state: State) -> None:
    Desk.objects.filter(pk=desk.pk).update(capacity=1)
    with transaction.atomic():
        until = timezone.now() + dt.timedelta(minutes=10)
        registration = Registration(desk=desk, ticket_type=desk.types.get(), user=ada, name="Ada")
        settle(registration, locked_desk(desk.pk), state, because=Because.WAS_FREE, until=until)

    assert walk_in(desk, by, email=ada.email).code == "in"

    desk.refresh_from_db()
    assert desk.taken == 1
    assert Registration.objects.get().state == State.CONFIRMED


def put(desk: Desk, person: User, state: State, *, minutes: int) -> Registration:
    """Register somebody until in so many minutes."""
    with transaction.atomic():
        until = timezone.now() + dt.timedelta(minutes=minutes)
        registration = Registration(desk=desk, ticket_type=desk.types.get(), user=person, name="Ada")
        return settle(registration, locked_desk(desk.pk), state, because=Because.WAS_FREE, until=until)


@pytest.mark.parametrize("state", [State.HELD, State.OFFERED])
def test_walk_in_whose_time_has_run_out_leaves_the_place_to_the_next(desk, by, ada, state: State) -> None:
    Desk.objects.filter(pk=desk.pk).update(capacity=1)
    held = put(desk, ada, state, minutes=-1)
    waits = make_registration(desk.types.get())
    assert waits.state == State.WAITING

    assert walk_in(desk, by, email=ada.email).code == "full"

    held.refresh_from_db()
    waits.refresh_from_db()
    assert (held.state, held.because) == (State.EXPIRED, Because.TIME_RAN_OUT)
    assert waits.has_place
    assert not Scan.objects.exists()


def test_walk_in_whose_offer_has_run_out_comes_in_where_there_is_room(desk, by, ada) -> None:
    offered = put(desk, ada, State.OFFERED, minutes=-1)

    answer = walk_in(desk, by, email=ada.email)

    assert answer.code == "in"
    assert answer.registration != offered.pk
    assert Registration.objects.get(state=State.CONFIRMED).user == ada
    desk.refresh_from_db()
    assert desk.taken == 1


def test_walk_in_whose_offer_ran_out_once_the_event_has_begun_comes_after_the_queue(desk, by, ada) -> None:
    Desk.objects.filter(pk=desk.pk).update(capacity=1)
    put(desk, ada, State.OFFERED, minutes=-1)
    make_registration(desk.types.get())
    begin(desk, minutes_ago=1)

    assert walk_in(desk, by, email=ada.email).code == "queue_first"
    assert walk_in(desk, by, email=ada.email, past_queue=True).code == "in"


def test_walk_in_whose_hold_has_run_out_while_nobody_waits_has_it_still(desk, by, ada) -> None:
    held = put(desk, ada, State.HELD, minutes=-1)

    assert walk_in(desk, by, email=ada.email).registration == held.pk
    assert Registration.objects.get().state == State.CONFIRMED


@pytest.mark.parametrize("how", ["approval", "draw"])
def test_what_is_decided_about_is_no_walk_ins_but_by_who_runs_the_door(
    desk, by, priya, ada, how: str
) -> None:
    Helper.objects.create(event=desk.event, user=priya)
    if how == "approval":
        desk.types.update(needs_approval=True)
    else:
        Desk.objects.filter(pk=desk.pk).update(mode=Mode.LOTTERY)
    # Nor does somebody get round it whose address was never confirmed.
    put(desk, ada, State.PENDING, minutes=-1)

    for email in ("bo@example.org", ada.email):
        assert walk_in(desk, Doorkeeper(priya), email=email).code == "not_confirmed"
        assert walk_in(desk, by, email=email).code == "in"


def test_walk_in_who_waits_comes_in_by_the_rules_of_the_queue(desk, by) -> None:
    first, second = [make_registration(desk.types.get()) for _ in range(4)][2:]
    assert walk_in(desk, by, email=first.user.email).code == "queue_moves"
    begin(desk, minutes_ago=1)
    assert walk_in(desk, by, email=first.user.email).code == "full"
    Desk.objects.filter(pk=desk.pk).update(capacity=4)

    assert walk_in(desk, by, email=second.user.email).code == "queue_first"
    assert walk_in(desk, by, email=second.user.email, past_queue=True).code == "in"
    assert walk_in(desk, by, email=first.user.email).code == "in"


@pytest.mark.parametrize("state", [State.PENDING, State.ENTERED])
def test_walk_in_about_whom_an_organiser_decides_is_let_in_by_organisers_only(
    desk, by, ada, priya, state: State
) -> None:
    Helper.objects.create(event=desk.event, user=priya)
    with transaction.atomic():
        registration = Registration(desk=desk, ticket_type=desk.types.get(), user=ada, name="Ada")
        settle(registration, locked_desk(desk.pk), state, because=Because.ASKED)

    refused = walk_in(desk, Doorkeeper(priya), email=ada.email)
    assert (refused.code, refused.sentence) == ("not_confirmed", "An organiser decides about this place.")
    registration.refresh_from_db()
    assert registration.state == state
    assert walk_in(desk, by, email=ada.email).code == "in"


def test_walk_in_sent_again_after_the_place_was_given_back_takes_none(desk, by, ada) -> None:
    nonce = uuid.uuid4()
    walk_in(desk, by, email=ada.email, nonce=nonce)
    with transaction.atomic():
        settle(Registration.objects.get(), locked_desk(desk.pk), State.CANCELLED, because=Because.TAKEN_OFF)

    walk_in(desk, by, email=ada.email, nonce=nonce)

    desk.refresh_from_db()
    assert desk.taken == 0


@pytest.mark.parametrize("who", ["ada", "priya"])
def test_only_who_keeps_the_door_lets_walk_ins_in(request, desk, who) -> None:
    with pytest.raises(NotAllowed):
        walk_in(desk, Doorkeeper(request.getfixturevalue(who)))


# --- The queue at the door, and who is not there ----------------------------------------------------------------------


def test_places_of_who_is_not_there_go_to_who_is(desk, by, omar) -> None:
    there, absent, first, second = (make_registration(desk.types.get()) for _ in range(4))
    Desk.objects.filter(pk=desk.pk).update(release_minutes=10)
    actions.check_in(desk, Ticket(desk.pk, there.pk), nonce=uuid.uuid4(), by=by, how=How.TYPED)
    begin(desk, minutes_ago=11)

    assert actions.let_in_from_queue(desk, second, nonce=uuid.uuid4(), by=by).code == "full"
    assert actions.release_places(desk, acting_user=omar) == [absent]
    assert actions.release_places(desk, acting_user=omar) == []
    assert actions.let_in_from_queue(desk, second, nonce=uuid.uuid4(), by=by).code == "in"
    assert actions.let_in_from_queue(desk, first, nonce=uuid.uuid4(), by=by).code == "full"

    states = dict(Registration.objects.values_list("pk", "state"))
    assert states == {
        there.pk: "confirmed",
        absent.pk: "expired",
        first.pk: "waiting",
        second.pk: "confirmed",
    }
    assert LogEntry.objects.filter(because="not_there").count() == 1
    desk.refresh_from_db()
    assert (desk.taken, desk.waiting) == (2, 1)


def test_party_of_which_one_is_there_keeps_its_places(desk, by, omar) -> None:
    desk.types.update(guests=1)
    party = make_registration(desk.types.get(), guests=["Grace"])
    Desk.objects.filter(pk=desk.pk).update(release_minutes=0)
    actions.check_in(desk, Ticket(desk.pk, party.pk, 1), nonce=uuid.uuid4(), by=by, how=How.TYPED)
    begin(desk, minutes_ago=1)

    assert actions.release_places(desk, acting_user=omar) == []


@pytest.mark.parametrize(("minutes", "code"), [(None, "never"), (10, "too_early")])
def test_places_are_kept_as_was_said(desk, omar, minutes, code) -> None:
    Desk.objects.filter(pk=desk.pk).update(release_minutes=minutes)
    begin(desk, minutes_ago=5)

    with pytest.raises(RegistrationRefused) as refused:
        actions.release_places(desk, acting_user=omar)
    assert refused.value.code == code


def test_helper_frees_no_places(desk, ada, omar) -> None:
    actions.name_helper(desk, "ada", acting_user=omar)

    with pytest.raises(NotAllowed):
        actions.release_places(desk, acting_user=ada)


def test_queue_moves_by_itself_until_the_event_begins(desk, by) -> None:
    *_, waiting = (make_registration(desk.types.get()) for _ in range(3))

    assert actions.let_in_from_queue(desk, waiting, nonce=uuid.uuid4(), by=by).code == "queue_moves"


def test_page_for_who_has_no_ticket(omar_browser: Client, desk) -> None:
    *_, waiting = (make_registration(desk.types.get()) for _ in range(3))
    Desk.objects.filter(pk=desk.pk).update(release_minutes=0)
    begin(desk, minutes_ago=1)
    address = f"/checkin/{desk.event.slug}/places/"

    page = omar_browser.get(address).content.decode()
    assert "2 confirmed places have not been seen" in page
    assert f"{waiting.name} is here: let in" in page
    freed = omar_browser.post(f"{address}release/", follow=True).content.decode()
    assert "2 places are free now." in freed
    form = {"registration": waiting.pk, "nonce": uuid.uuid4()}
    assert "Come in." in omar_browser.post(f"{address}queue/", form).content.decode()
    told = {
        "name": "Bo",
        "email": "bo@example.org",
        "ticket_type": desk.types.get().pk,
        "nonce": uuid.uuid4(),
    }
    assert "Come in." in omar_browser.post(address, told).content.decode()
    assert omar_browser.post(address, told | {"email": "no"}).status_code == 422
    assert (
        "All places are taken."
        in omar_browser.post(
            address, told | {"email": "x@example.org", "nonce": uuid.uuid4()}
        ).content.decode()
    )
