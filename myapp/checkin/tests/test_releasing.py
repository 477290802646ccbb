"""Places of who is not there, released while people are just coming in: whoever has come in keeps theirs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from myapp.accounts.models import User
from myapp.checkin import actions
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.answers import Answer
from myapp.checkin.merging import Merged, Seen
from myapp.checkin.models import Direction, How, Presence
from myapp.checkin.reading import Ticket
from myapp.checkin.tests.acts import Act, every_act
from myapp.events.models import Event, Organisation
from myapp.registrations import invariants
from myapp.registrations.actions import hand_on
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Because, Desk, Registration, State
from myapp.testing.factories import make_desk, make_event, make_registration

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(omars_club: Organisation) -> Desk:
    """Two places at an event that begins soon (`begin`), and keeps nobody's place from then on."""
    starts_at = timezone.now() + dt.timedelta(minutes=30)
    desk = make_desk(make_event("Lantern night", organisation=omars_club, starts_at=starts_at), capacity=2)
    Desk.objects.filter(pk=desk.pk).update(release_minutes=0)
    return desk


@pytest.fixture
def by(omar: User) -> Doorkeeper:
    return Doorkeeper(omar, "North", "device")


def begin(desk: Desk) -> None:
    now = timezone.now()
    times = {"starts_at": now - dt.timedelta(minutes=1), "ends_at": now + dt.timedelta(hours=2)}
    Event.objects.filter(pk=desk.pk).update(**times)
    desk.event.refresh_from_db()


def scan(desk: Desk, registration: Registration, by: Doorkeeper) -> Answer:
    ticket = Ticket(desk.pk, registration.pk)
    return actions.check_in(desk, ticket, nonce=uuid.uuid4(), by=by, how=How.TYPED)


def send(desk: Desk, *registrations: Registration, by: Doorkeeper, **given: Any) -> list[Merged]:
    """Send what a device without a network has seen a minute ago."""
    at = timezone.now() - dt.timedelta(minutes=1)
    seen = [
        Seen(uuid.uuid4(), each.pk, 0, Direction.IN, at, How.CAMERA, each.rotation) for each in registrations
    ]
    return actions.merge_scans(desk, [each._replace(**given) for each in seen], by=by, ahead=dt.timedelta())


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[list[object]]:
    """Do something from another connection once the block is through, before it is committed; it has to wait for that.

    Yields a list that holds what came of it in the end.
    """
    came: list[object] = []

    def run() -> None:
        try:
            came.append(act())
        except RegistrationRefused as refused:
            came.append(refused.code)
        except Exception as error:  # noqa: BLE001 - a thread's errors are nobody's; the test compares this with what it wants
            came.append(error)
        finally:
            connection.close()

    other = Thread(target=run)
    with transaction.atomic():
        yield came
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join(10)
    assert not other.is_alive()


def broken() -> list[str]:
    return [sentence for holds in invariants.INVARIANTS for sentence in holds("default")]


def test_who_is_being_scanned_while_places_are_released_keeps_theirs(desk, by, omar) -> None:
    comes, absent = (make_registration(desk.types.get()) for _ in range(2))
    begin(desk)

    with meanwhile(lambda: actions.release_places(desk, acting_user=omar)) as released:
        assert scan(desk, comes, by).code == "in"

    assert released == [[absent]]
    comes.refresh_from_db()
    assert comes.state == State.CONFIRMED
    assert broken() == []


def test_who_is_scanned_after_their_place_was_released_has_none(desk, by, omar) -> None:
    comes = make_registration(desk.types.get())
    begin(desk)

    with meanwhile(lambda: scan(desk, comes, by).code) as answered:
        assert actions.release_places(desk, acting_user=omar) == [comes]

    assert answered == ["cancelled"]
    assert not Presence.objects.filter(is_in=True).exists()


def test_scan_waits_for_nobody_who_registers(desk, by) -> None:
    """It only refers to the desk, which everybody who takes or gives back a place holds."""
    comes = make_registration(desk.types.get())

    def other() -> None:
        try:
            answered.append(scan(desk, comes, by).code)
        finally:
            connection.close()

    answered: list[str] = []
    scanning = Thread(target=other)
    with transaction.atomic():
        make_registration(desk.types.get())
        scanning.start()
        scanning.join(10)
        assert answered == ["in"]


@pytest.mark.parametrize("how", ["with a network", "without"])
@every_act
def test_ticket_with_which_somebody_is_just_coming_in_stays_as_it_is(
    desk, by, ada, priya, act: Act, how: str
) -> None:
    desk.types.update(guests=1)
    party = make_registration(desk.types.get(), ada, guests=["Grace Hopper"])
    offer = hand_on(party, priya.email, acting_user=ada)

    with meanwhile(lambda: act(party, offer, priya)) as refused:
        if how == "without":
            send(desk, party, by=by)
        else:
            scan(desk, party, by)

    assert refused == ["already_in"]


def test_account_deleted_while_its_owner_is_just_coming_in_leaves_the_place_used(desk, by, ada) -> None:
    mine, _other, waits = (make_registration(desk.types.get(), person) for person in (ada, None, None))

    with meanwhile(ada.delete):
        scan(desk, mine, by)

    mine.refresh_from_db()
    waits.refresh_from_db()
    assert (mine.state, mine.user, waits.state) == (State.CONFIRMED, None, State.WAITING)
    assert broken() == []


# --- What doors without a network have seen ---------------------------------------------------------------------------


def test_places_are_released_after_what_a_device_is_sending(desk, by, omar) -> None:
    comes, absent = (make_registration(desk.types.get()) for _ in range(2))
    begin(desk)

    with meanwhile(lambda: actions.release_places(desk, acting_user=omar)) as released:
        assert [each.code for each in send(desk, comes, by=by)] == ["noted"]

    assert released == [[absent]]


def test_who_was_in_when_their_place_was_released_has_it_again(desk, by, omar) -> None:
    comes, absent = (make_registration(desk.types.get()) for _ in range(2))
    begin(desk)
    assert actions.release_places(desk, acting_user=omar) == [comes, absent]

    assert [each.code for each in send(desk, comes, by=by)] == ["noted"]

    comes.refresh_from_db()
    assert (comes.state, comes.because) == (State.CONFIRMED, Because.AT_THE_DOOR)
    desk.refresh_from_db()
    assert desk.taken == 1
    assert Presence.objects.get().is_in
    assert actions.release_places(desk, acting_user=omar) == []
    assert broken() == []


def test_released_place_that_somebody_else_has_by_now_stays_theirs(desk, by, omar) -> None:
    one, other, first = (make_registration(desk.types.get()) for _ in range(3))
    begin(desk)
    actions.release_places(desk, acting_user=omar)
    assert actions.let_in_from_queue(desk, first, nonce=uuid.uuid4(), by=by).code == "in"

    # One place is left for two who have come.
    assert [each.code for each in send(desk, one, other, by=by)] == ["noted", "cancelled"]

    desk.refresh_from_db()
    assert (desk.taken, desk.free) == (2, 0)
    assert Presence.objects.filter(is_in=True).count() == 3
    assert broken() == []


@pytest.mark.parametrize(
    "wrong", [{"direction": Direction.OUT}, {"undone_at": timezone.now()}, {"rotation": 7}]
)
def test_released_place_of_who_was_not_let_in_with_it_stays_free(desk, by, omar, wrong: dict) -> None:
    absent = make_registration(desk.types.get())
    begin(desk)
    actions.release_places(desk, acting_user=omar)

    send(desk, absent, by=by, **wrong)

    absent.refresh_from_db()
    assert absent.state == State.EXPIRED


def test_scan_that_was_taken_back_and_is_sent_again_gives_nothing_back(desk, by, omar) -> None:
    absent, nonce = make_registration(desk.types.get()), uuid.uuid4()
    begin(desk)
    send(desk, absent, by=by, nonce=nonce)
    assert actions.undo(desk, nonce, acting_user=omar)
    assert actions.release_places(desk, acting_user=omar) == [absent]

    send(desk, absent, by=by, nonce=nonce)  # the device never heard that it had been taken

    absent.refresh_from_db()
    assert absent.state == State.EXPIRED


def test_who_has_registered_again_has_one_place(desk, by, omar, ada) -> None:
    absent = make_registration(desk.types.get(), ada)
    begin(desk)
    actions.release_places(desk, acting_user=omar)
    told = {"name": "Ada", "email": ada.email, "nonce": uuid.uuid4()}
    assert actions.walk_in(desk, desk.types.get(), by=by, **told).code == "in"

    assert [each.code for each in send(desk, absent, by=by)] == ["cancelled"]

    assert Registration.objects.filter(user=ada, state=State.CONFIRMED).count() == 1
