"""What somebody may do with a ticket that nobody has come in with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from myapp.accounts.models import User
from myapp.registrations.actions import cancel, change, hand_on, take_over
from myapp.registrations.models import HandOn, Registration

Act = Callable[[Registration, HandOn, User], object]


def give_back(party: Registration, _offer: HandOn, _other: User) -> object:
    return cancel(party, acting_user=party.user)


def leave_the_guest(party: Registration, _offer: HandOn, _other: User) -> object:
    return change(party, guests=[], acting_user=party.user)


def offer_it(party: Registration, _offer: HandOn, _other: User) -> object:
    return hand_on(party, "bo@example.edu", acting_user=party.user)


def take_it(_party: Registration, offer: HandOn, other: User) -> object:
    return take_over(offer, acting_user=other)


every_act = pytest.mark.parametrize("act", [give_back, leave_the_guest, offer_it, take_it])
