"""What must be true of the data, asked of the live database."""

import pytest
from django.core.management import call_command

from eventmate.invariants import broken_invariants
from myapp.events.models import Event
from myapp.testing.factories import make_event, make_room

pytestmark = pytest.mark.django_db


def test_nothing_is_said_of_what_is_as_it_must_be(capsys):
    make_event("Kites at dusk", room=make_room())

    call_command("check_invariants")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"place_label": "Elsewhere"}, "place_label"),
        ({"starts_text": "99:99"}, "starts_text"),
        ({"is_upcoming": False}, "is_upcoming"),
        ({"title": "Another"}, "slug, fingerprint"),
        ({"building": None}, "building"),
    ],
)
def test_an_event_that_does_not_agree_with_its_data_is_told(wrong, told, capsys):
    event = make_event("Kites at dusk", room=make_room())
    Event.objects.filter(pk=event.pk).update(**wrong)

    with pytest.raises(SystemExit) as caught:
        call_command("check_invariants")

    assert caught.value.code == 1
    assert capsys.readouterr().out == f"The event {event.code} does not agree with its data in: {told}.\n"


def test_an_event_that_is_over_since_the_last_sweep_is_no_trouble():
    event = make_event("Kites at dusk")
    starts_at = event.starts_at.replace(year=event.starts_at.year - 1)
    event.starts_at, event.ends_at = starts_at, starts_at
    event.save()
    Event.objects.filter(pk=event.pk).update(is_upcoming=True)

    assert broken_invariants("default") == []


def test_many_events_cost_the_same_number_of_queries(django_assert_num_queries):
    make_event("Kites", room=make_room())
    # Constraints; migrations and whether there is their table; events, their data; four questions about registrations
    with django_assert_num_queries(9):
        broken_invariants("default")
    for _ in range(3):
        make_event(room=make_room())
    with django_assert_num_queries(9):
        broken_invariants("default")
