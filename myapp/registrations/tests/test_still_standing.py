"""What is still confirmed, and by whom: not what has run out, is off, or has changed hands meanwhile."""

import datetime as dt

import pytest
from django.utils import timezone

from myapp.events.models import Event, Status
from myapp.registrations import actions
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Audience, Desk, Registration, State
from myapp.testing.factories import make_registration, make_ticket_type

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("with_account", [True, False])
def test_what_was_on_its_way_while_a_ticket_changed_hands_does_nothing_to_it(desk, ada, omar, with_account):
    Desk.objects.update(without_account=True)
    given = make_registration(make_ticket_type(desk, audience=Audience.EVERYONE), ada)
    if not with_account:
        Registration.objects.update(user=None, email="gus@example.org", email_confirmed_at=timezone.now())
    stale, giver = Registration.objects.get(), ada if with_account else None
    offer = actions.hand_on(stale, "new@example.org", acting_user=giver)
    taken = actions.take_over(offer, acting_user=None, name="New")

    for act in (actions.cancel, actions.accept, actions.change):
        with pytest.raises(NotAllowed):
            act(stale, acting_user=giver)
    with pytest.raises(NotAllowed):
        actions.answer(stale, {}, acting_user=giver)
    with pytest.raises(NotAllowed):
        actions.confirm_address(stale)
    with pytest.raises(NotAllowed):
        actions.cancel(taken, acting_user=omar)
    given.refresh_from_db()
    assert (given.state, given.email) == (State.CONFIRMED, "new@example.org")


CONFIRMING = [
    lambda one: actions.answer(one, {}, acting_user=None),
    lambda one: actions.accept(one, acting_user=None),
    actions.confirm_address,
]


@pytest.mark.parametrize("confirm", CONFIRMING)
@pytest.mark.parametrize("what", ["late", "cancelled", "past"])
def test_a_place_that_does_not_stand_any_more_is_not_confirmed(desk, ada, confirm, what):
    Desk.objects.update(without_account=True)
    registration = make_registration(make_ticket_type(desk, audience=Audience.EVERYONE), ada)
    soon = timezone.now() + dt.timedelta(hours=1)
    Registration.objects.update(state=State.OFFERED, until=soon, user=None, email="gus@example.org")
    if what == "late":
        Registration.objects.update(until=timezone.now())
    elif what == "cancelled":
        Event.objects.update(status=Status.CANCELLED)
    else:
        begin = timezone.now() - dt.timedelta(days=1)
        Event.objects.update(starts_at=begin, ends_at=begin + dt.timedelta(hours=1))
    with pytest.raises(RegistrationRefused):
        confirm(Registration.objects.get())
    registration.refresh_from_db()
    assert (registration.state, registration.email_confirmed_at) == (State.OFFERED, None)


@pytest.mark.parametrize("waits", [True, False])
def test_a_hold_that_has_run_out_is_good_while_nobody_waits(desk, waits):
    Desk.objects.update(without_account=True, capacity=1)
    everyone = make_ticket_type(desk, audience=Audience.EVERYONE)
    held = actions.register(everyone, acting_user=None, email="eve@example.org", name="Eve")
    if waits:
        make_registration(everyone)
    Registration.objects.filter(pk=held.pk).update(until=timezone.now())
    if waits:
        with pytest.raises(RegistrationRefused, match="is over"):
            actions.confirm_address(held)
    else:
        assert actions.confirm_address(held).state == State.CONFIRMED
