"""What the restore drill asks of events."""

import pytest

from myapp.events.invariants import texts_agree
from myapp.events.models import Event
from myapp.testing.factories import make_event

pytestmark = pytest.mark.django_db


def test_texts_agree_when_only_time_has_passed() -> None:
    make_event("Over, and not swept out")
    Event.objects.update(starts_at="2026-01-01 10:00Z", ends_at="2026-01-01 11:00Z", day="2026-01-01")
    make_event("Come near, and not marked")
    Event.objects.filter(title__startswith="Come").update(is_near=False)
    for event in Event.objects.filter(title__startswith="Over"):
        event.save()
    Event.objects.filter(title__startswith="Over").update(is_upcoming=True, is_near=True)

    assert list(texts_agree("default")) == []


def test_texts_agree_names_the_event_and_what_is_wrong() -> None:
    event = make_event("Jazz")
    Event.objects.update(place_label="Elsewhere", is_upcoming=False)

    assert list(texts_agree("default")) == [
        f"The event {event.code} does not agree with its data in: place_label, is_upcoming."
    ]
