"""What most tests of the door stand on; who needs a smaller event makes one."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from myapp.accounts.models import User
from myapp.events.models import Organisation
from myapp.registrations.models import Desk, Registration
from myapp.testing.factories import make_desk, make_event, make_registration


@pytest.fixture
def desk(omars_club: Organisation) -> Desk:
    event = make_event(
        "Lantern night", organisation=omars_club, starts_at=timezone.now() + dt.timedelta(minutes=30)
    )
    desk = make_desk(event, capacity=50)
    desk.types.update(name="Students", guests=3)
    return desk


@pytest.fixture
def registration(desk: Desk, ada: User) -> Registration:
    return make_registration(desk.types.get(), ada)
