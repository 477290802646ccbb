"""What counts as a change of what people were told: a calendar that hears of one asks its owner to look again."""

import datetime as dt
import zoneinfo

import pytest

from myapp.events.models import Event, Status
from myapp.testing.factories import local, make_event

pytestmark = pytest.mark.django_db


def test_same_moment_in_another_zone_is_no_change() -> None:
    event = make_event(starts_at=local("2027-07-01 18:00"))
    reloaded = Event.objects.get(pk=event.pk)
    assert not reloaded.prepare()  # the database answers in UTC
    reloaded.starts_at = reloaded.starts_at.astimezone(zoneinfo.ZoneInfo("Asia/Kolkata"))
    assert not reloaded.prepare()


def test_status_as_text_is_the_status() -> None:
    event = make_event(status=Status.CANCELLED, cancel_reason="Rain.")
    assert not Event.objects.get(pk=event.pk).prepare()


def test_another_hour_is_a_change() -> None:
    event = make_event()
    event.starts_at -= dt.timedelta(hours=1)
    assert event.prepare()
    assert event.sequence == 1
