"""Whoever has never confirmed their address keeps no turn for ever, whatever organisers and the draw decide meanwhile."""

import datetime as dt

import pytest
from django.utils import timezone

from myapp.registrations import lottery
from myapp.registrations.actions import (
    approve,
    confirm_address,
    draw,
    let_run_out,
    make_due_draws,
    register,
    set_capacity,
)
from myapp.registrations.models import Audience, Desk, Mode, Registration, State
from myapp.testing.factories import make_registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(desk, ticket):
    """Two places, both taken, at an event that is for everyone."""
    make_registration(ticket), make_registration(ticket)
    desk.types.update(audience=Audience.EVERYONE)
    Desk.objects.filter(pk=desk.pk).update(without_account=True)
    desk.refresh_from_db()
    return desk


def approved(desk, organiser):
    desk.types.update(needs_approval=True)
    guest = register(desk.types.get(), acting_user=None, email="g@example.org", name="Grace")
    assert guest.state == State.PENDING
    approve([guest], acting_user=organiser)
    return guest


def drawn(desk, organiser):
    seed, seed_hash = lottery.new_seed()
    at = timezone.now() + dt.timedelta(minutes=1)
    Desk.objects.update(mode=Mode.LOTTERY, draw_at=at, seed=seed, seed_hash=seed_hash)
    guest = register(desk.types.get(), acting_user=None, email="g@example.org", name="Grace")
    assert guest.state == State.ENTERED
    Desk.objects.update(draw_at=timezone.now())
    draw(desk, acting_user=organiser)
    return guest


every_decision = pytest.mark.parametrize("decided", [approved, drawn])


@every_decision
def test_turn_of_an_address_that_nobody_has_confirmed_runs_out(full, omar, decided):
    guest = decided(full, omar)
    guest.refresh_from_db()
    assert guest.state == State.WAITING
    assert guest.until is not None
    assert let_run_out() == 0

    Registration.objects.filter(pk=guest.pk).update(until=timezone.now())
    assert let_run_out() == 1

    guest.refresh_from_db()
    full.refresh_from_db()
    assert (guest.state, full.waiting) == (State.EXPIRED, 0)


@every_decision
def test_turn_of_an_address_that_is_confirmed_in_time_stays(full, omar, decided):
    guest = decided(full, omar)
    guest.refresh_from_db()
    confirm_address(guest)

    guest.refresh_from_db()
    assert (guest.state, guest.until) == (State.WAITING, None)
    set_capacity(full, 3, acting_user=omar)
    guest.refresh_from_db()
    assert guest.state == State.CONFIRMED


def test_turn_of_an_account_does_not_run_out(full, omar):
    full.types.update(needs_approval=True)
    registration = make_registration(full.types.get())
    approve([registration], acting_user=omar)
    registration.refresh_from_db()
    assert (registration.state, registration.until) == (State.WAITING, None)
    assert make_due_draws() == 0
