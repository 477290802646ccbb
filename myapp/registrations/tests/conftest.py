"""A mail server that can be broken, and a desk: what tests of registering start from."""

import datetime as dt

import pytest

from myapp.notify import outbox
from myapp.notify.tests.conftest import Backend, Server
from myapp.registrations import rush
from myapp.testing.factories import make_desk, make_event, tomorrow


@pytest.fixture(autouse=True)
def _nothing_is_known_to_be_full() -> None:
    """Tests share a process, and what one of them filled is not full for the next."""
    rush.forget_what_is_full()


@pytest.fixture
def post_office(settings, monkeypatch):
    """The mail server of notify's tests; each test has its own first nudge."""
    Backend.server = Server()
    settings.EMAIL_BACKEND = "myapp.notify.tests.conftest.Backend"
    monkeypatch.setattr(outbox, "_nudged_at", [float("-inf")])
    return Backend.server


@pytest.fixture
def desk(omars_club):
    """Two places at an event of Omar's club, in a week: nobody need agree to be moved up."""
    event = make_event("Dark skies", organisation=omars_club, starts_at=tomorrow() + dt.timedelta(days=7))
    return make_desk(event)


@pytest.fixture
def ticket(desk):
    return desk.types.get()
