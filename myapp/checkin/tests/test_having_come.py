"""Whoever has come in has used the place: it is not given back, made smaller, or handed on as if they had not."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from myapp.accounts.models import User
from myapp.checkin import actions
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.models import DoorSettings, How, Presence, Scan
from myapp.checkin.reading import Ticket
from myapp.checkin.tests.acts import Act, every_act
from myapp.events.models import Organisation
from myapp.registrations import invariants, presence
from myapp.registrations.actions import change, hand_on
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Desk, Registration, State
from myapp.testing.factories import make_desk, make_event, make_registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(omars_club: Organisation) -> Desk:
    starts_at = timezone.now() + dt.timedelta(hours=1)
    desk = make_desk(make_event("Lantern night", organisation=omars_club, starts_at=starts_at), capacity=2)
    desk.types.update(guests=1)
    return desk


@pytest.fixture
def party(desk: Desk, ada: User) -> Registration:
    """Ada and a guest, who have all the places."""
    return make_registration(desk.types.get(), ada, guests=["Grace Hopper"])


def come_in(desk: Desk, party: Registration, omar: User, place: int) -> uuid.UUID:
    nonce, by = uuid.uuid4(), Doorkeeper(omar, "North")
    actions.check_in(desk, Ticket(desk.pk, party.pk, place), nonce=nonce, by=by, how=How.TYPED)
    return nonce


@every_act
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("goes_out", [False, True])
def test_a_used_place_stays_as_it_is(desk, party, omar, priya, act: Act, place: int, goes_out: bool) -> None:
    offer = hand_on(party, priya.email, acting_user=party.user)
    waits = make_registration(desk.types.get())
    come_in(desk, party, omar, place)
    if goes_out:
        ticket, by = Ticket(desk.pk, party.pk, place), Doorkeeper(omar)
        actions.check_out(desk, ticket, nonce=uuid.uuid4(), by=by, how=How.TYPED)

    with pytest.raises(RegistrationRefused, match="has come in") as refused:
        act(party, offer, priya)

    assert refused.value.code == "already_in"
    waits.refresh_from_db()
    assert waits.state == State.WAITING


@every_act
def test_what_was_taken_back_at_the_door_does_not_count(desk, party, omar, priya, act: Act) -> None:
    offer = hand_on(party, priya.email, acting_user=party.user)
    actions.undo(desk, come_in(desk, party, omar, 0), acting_user=omar)

    act(party, offer, priya)


@every_act
def test_where_no_door_is_kept_all_goes_as_before(
    desk, party, omar, priya, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    monkeypatch.setattr(presence, "_askers", [])
    offer = hand_on(party, priya.email, acting_user=party.user)
    come_in(desk, party, omar, 0)

    act(party, offer, priya)


def test_the_others_names_may_still_change(desk, party, omar) -> None:
    come_in(desk, party, omar, 0)

    assert change(party, guests=["Bo Lind"], acting_user=party.user).guests == ["Bo Lind"]


# --- Whose account is deleted -----------------------------------------------------------------------------------------


def broken() -> list[str]:
    return [sentence for holds in invariants.INVARIANTS for sentence in holds("default")]


def test_place_of_who_is_in_goes_to_nobody_when_their_account_is_deleted(desk, party, omar, ada) -> None:
    waits = make_registration(desk.types.get())
    come_in(desk, party, omar, 1)

    ada.delete()

    party.refresh_from_db()
    waits.refresh_from_db()
    assert (party.state, party.user, party.name, party.guests) == (State.CONFIRMED, None, "", [""])
    assert waits.state == State.WAITING
    assert Presence.objects.get().is_in
    assert broken() == []


def test_place_of_who_has_not_come_yet_goes_to_the_next_in_line(desk, party, ada) -> None:
    waits = make_registration(desk.types.get())

    ada.delete()

    waits.refresh_from_db()
    assert waits.has_place


def test_who_checked_in_themselves_may_delete_their_account(desk, party, ada) -> None:
    DoorSettings.objects.create(desk=desk, can_check_in_oneself=True)
    assert actions.check_in_oneself(desk, nonce=uuid.uuid4(), acting_user=ada).code == "in"

    ada.delete()

    scan = Scan.objects.get()
    assert (scan.user, scan.how) == (None, How.SELF)
    assert Presence.objects.get().is_in


def test_who_kept_the_door_may_delete_their_account(desk, party, omar) -> None:
    come_in(desk, party, omar, 0)

    omar.delete()

    assert Scan.objects.get().user is None
    assert Presence.objects.get().is_in


def test_scan_is_never_said_to_be_somebody_elses(desk, party, omar, priya) -> None:
    come_in(desk, party, omar, 0)

    with pytest.raises(IntegrityError), transaction.atomic():
        Scan.objects.update(user=priya)
