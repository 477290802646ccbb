"""What follows when a door has closed: strikes for who did not come, where it is known who did."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from myapp.accounts.models import User
from myapp.checkin import actions
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.models import Device, How
from myapp.checkin.reading import Ticket
from myapp.events.models import Event, Organisation
from myapp.registrations import strikes
from myapp.registrations.models import Desk, Registration
from myapp.testing.factories import make_desk, make_event, make_registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def evening(
    omar: User, omars_club: Organisation, monkeypatch: pytest.MonkeyPatch
) -> tuple[Desk, Registration]:
    """An evening that counts strikes, to which one of two has come; and who has not."""
    event = make_event(organisation=omars_club, starts_at=timezone.now() + dt.timedelta(hours=1))
    desk = make_desk(event, strikes=True)
    there, absent = (make_registration(desk.types.get()) for _ in range(2))
    by = Doorkeeper(omar, "North", "d1")
    actions.check_in(desk, Ticket(desk.pk, there.pk), nonce=uuid.uuid4(), by=by, how=How.TYPED)
    # What a fair chance is has tests of its own.
    monkeypatch.setattr(strikes, "fair", lambda _desk, absent: list(absent))
    return desk, absent


def close(desk: Desk, *, hours_ago: float) -> None:
    """Let the event have ended."""
    ended = timezone.now() - dt.timedelta(hours=hours_ago)
    Event.objects.filter(pk=desk.pk).update(starts_at=ended - dt.timedelta(hours=1), ends_at=ended)


def test_who_did_not_come_has_a_strike_once_the_door_has_closed(evening: tuple[Desk, Registration]) -> None:
    desk, absent = evening
    close(desk, hours_ago=5)
    assert actions.give_due_strikes() == []
    close(desk, hours_ago=7)

    assert [strike.registration for strike in actions.give_due_strikes()] == [absent]
    assert actions.give_due_strikes() == []


def test_nobody_is_absent_while_a_device_has_not_sent_what_it_saw(
    evening: tuple[Desk, Registration], omar
) -> None:
    desk, _absent = evening
    close(desk, hours_ago=7)
    Device.objects.create(desk=desk, key="d2", user=omar, seen_at=timezone.now(), unsent=3)

    assert actions.give_due_strikes() == []


def test_nobody_is_absent_where_no_door_was_kept(omars_club: Organisation) -> None:
    desk = make_desk(make_event(organisation=omars_club), strikes=True)
    make_registration(desk.types.get())
    close(desk, hours_ago=7)

    assert actions.give_due_strikes() == []
