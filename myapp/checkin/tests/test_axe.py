"""Nothing on the pages around the door shuts people out, and none scrolls sideways."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from myapp.accounts.models import User
from myapp.checkin import actions, rotating
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.models import DoorSettings, How
from myapp.checkin.reading import Ticket
from myapp.checkin.tests.test_camera import sign_in
from myapp.events.models import Organisation
from myapp.registrations.models import Desk
from myapp.testing.accessibility import complaints
from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import make_desk, make_event, make_registration

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_axe_finds_nothing_around_the_door(
    open_browser: OpenBrowser, omar: User, ada: User, omars_club: Organisation
) -> None:
    event = make_event(organisation=omars_club, starts_at=timezone.now() + dt.timedelta(minutes=30))
    desk = make_desk(event, capacity=2)
    first, *_ = [make_registration(desk.types.get()) for _ in range(4)]
    Desk.objects.filter(pk=desk.pk).update(release_minutes=10)
    DoorSettings.objects.create(desk=desk, can_check_in_oneself=True)
    actions.name_helper(desk, "ada", acting_user=omar)
    by = Doorkeeper(omar, "North", "d1")
    actions.check_in(desk, Ticket(desk.pk, first.pk), nonce=uuid.uuid4(), by=by, how=How.TYPED)
    actions.merge_scans(desk, [], by=by, ahead=dt.timedelta(), unsent=2)
    page = open_browser()
    sign_in(page, omar)
    code = rotating.code_at(desk, timezone.now())

    found = []
    for path in ("board/", "places/", "setup/", "code/", f"self/?c={code}", "self/?c=old"):
        page.goto(f"/checkin/{event.slug}/{path}")
        found += complaints(page)

    assert found == []


def test_board_that_is_open_follows(open_browser: OpenBrowser, omar: User, omars_club: Organisation) -> None:
    event = make_event(organisation=omars_club, starts_at=timezone.now() + dt.timedelta(minutes=30))
    desk = make_desk(event)
    registration = make_registration(desk.types.get())
    page = open_browser()
    sign_in(page, omar)
    page.goto(f"/checkin/{event.slug}/board/")
    page.get_by_role("heading", name="0 of 1 in").wait_for()

    ticket = Ticket(desk.pk, registration.pk)
    actions.check_in(desk, ticket, nonce=uuid.uuid4(), by=Doorkeeper(omar), how=How.TYPED)

    page.get_by_role("heading", name="1 of 1 in").wait_for()
