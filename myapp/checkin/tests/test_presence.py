"""Who is in: the first promise of the door is that nobody comes in twice, whatever is sent how often."""

from __future__ import annotations

import datetime as dt
import uuid
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from myapp.checkin import presence
from myapp.checkin.models import Direction, How, Presence, Scan
from myapp.checkin.presence import Passing
from myapp.registrations.models import Registration
from myapp.testing.factories import make_desk, make_event, make_person, make_registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def somebody() -> Registration:
    event = make_event(starts_at=timezone.now() + dt.timedelta(hours=1))
    return make_registration(make_desk(event, capacity=20).types.get())


@pytest.fixture
def keeper():
    return make_person("Kim")


def passing(registration: Registration, keeper, direction: Direction = Direction.IN, **given) -> Passing:
    defaults = {
        "desk": registration.desk_id,
        "registration": registration.pk,
        "place": 0,
        "direction": direction,
        "at": timezone.now(),
        "door": "A",
        "device": "",
        "nonce": uuid.uuid4(),
        "user": keeper.pk,
        "how": How.CAMERA,
    }
    return Passing(**(defaults | given))


def test_first_scan_lets_in_in_one_query(
    somebody: Registration, keeper, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        noted = presence.scan(passing(somebody, keeper))

    assert noted
    assert (noted.refused, noted.name, noted.ticket_type) == ("", somebody.name, somebody.ticket_type.name)
    assert Presence.objects.get().is_in


def test_second_scan_is_refused_and_says_so_each_time(somebody: Registration, keeper) -> None:
    presence.scan(passing(somebody, keeper))

    second = passing(somebody, keeper, door="B")
    assert presence.scan(second).refused == "already_in"
    assert presence.scan(second) is None  # known

    assert Presence.objects.get().door == "A"
    assert Scan.objects.filter(refused="").count() == 1


def test_same_nonce_again_changes_nothing_even_after_the_person_went_out(
    somebody: Registration, keeper
) -> None:
    first = passing(somebody, keeper)
    presence.scan(first)
    presence.scan(passing(somebody, keeper, Direction.OUT))

    assert presence.scan(first) is None

    assert not Presence.objects.get().is_in
    assert Scan.objects.count() == 2


def test_out_and_in_again(somebody: Registration, keeper) -> None:
    presence.scan(passing(somebody, keeper))
    came = Presence.objects.get().first_in_at

    assert presence.scan(passing(somebody, keeper, Direction.OUT)).refused == ""
    assert presence.scan(passing(somebody, keeper, Direction.OUT)).refused == "not_in"
    assert presence.scan(passing(somebody, keeper)).refused == ""

    now = Presence.objects.get()
    assert now.is_in
    assert now.first_in_at == came


@pytest.mark.parametrize("wrong", [{"place": 1}, {"rotation": 1}, {"state": "cancelled"}, {"desk": 0}])
def test_nothing_is_noted_of_what_is_no_ticket_here(somebody: Registration, keeper, wrong: dict) -> None:
    if "state" in wrong:
        Registration.objects.filter(pk=somebody.pk).update(state=wrong["state"])
    rotation = wrong.pop("rotation", None)
    wrong.pop("state", None)

    assert presence.scan(passing(somebody, keeper, **wrong), rotation=rotation) is None

    assert not Scan.objects.exists()
    assert not Presence.objects.exists()


def test_undoing_puts_back_what_was_before(somebody: Registration, keeper) -> None:
    first, out = passing(somebody, keeper), passing(somebody, keeper, Direction.OUT)
    presence.scan(first)
    presence.scan(out)

    presence.undo(out.nonce, desk=somebody.desk_id, at=timezone.now())
    assert Presence.objects.get().is_in
    presence.undo(first.nonce, desk=somebody.desk_id, at=timezone.now())
    presence.undo(first.nonce, desk=somebody.desk_id, at=timezone.now())  # twice

    now = Presence.objects.get()
    assert (now.is_in, now.first_in_at) == (False, None)
    assert presence.scan(passing(somebody, keeper)).refused == ""


def test_scans_can_be_neither_rewritten_nor_taken_out(somebody: Registration, keeper) -> None:
    presence.scan(passing(somebody, keeper))

    for changes in ({"at": timezone.now() - dt.timedelta(hours=1)}, {"door": "B"}, {"nonce": uuid.uuid4()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Scan.objects.update(**changes)
    with pytest.raises(IntegrityError), transaction.atomic():
        Scan.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_of_two_doors_that_scan_one_ticket_at_once_one_lets_in(somebody: Registration, keeper) -> None:
    for _round in range(5):
        registration = make_registration(somebody.ticket_type)
        barrier = Barrier(6)
        said: list[tuple[str, str]] = []

        def scan_at(door: str, registration=registration, barrier=barrier, said=said) -> None:
            try:
                mine = passing(registration, keeper, door=door)
                barrier.wait()
                said.append((presence.scan(mine).refused, door))
            finally:
                connection.close()

        doors = [Thread(target=scan_at, args=(f"door {number}",)) for number in range(6)]
        for door in doors:
            door.start()
        for door in doors:
            door.join()

        assert sorted(refused for refused, _ in said) == [""] + ["already_in"] * 5
        let_in_by = next(door for refused, door in said if not refused)
        assert Presence.objects.get(registration=registration).door == let_in_by


@pytest.mark.django_db(transaction=True)
def test_one_scan_sent_twice_at_once_counts_once(somebody: Registration, keeper) -> None:
    sent, barrier = passing(somebody, keeper), Barrier(6)
    said: list[str | None] = []

    def send() -> None:
        try:
            barrier.wait()
            noted = presence.scan(sent)
            said.append(noted and noted.refused)
        finally:
            connection.close()

    senders = [Thread(target=send) for _ in range(6)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert said.count("") == 1
    assert said.count(None) == 5
    assert Scan.objects.count() == 1
    assert Presence.objects.get().is_in
