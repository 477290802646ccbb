"""What `manage.py maintain` does, at any time and twice."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.utils import timezone

from myapp.events import vocabulary
from myapp.events.maintenance import draw_near, maintain, sweep
from myapp.events.models import Event, Status, Visibility, Word
from myapp.events.models.events import NEAR
from myapp.testing.factories import make_event

pytestmark = pytest.mark.django_db


def over_since_the_last_sweep(title: str) -> Event:
    event = make_event(title)
    now = timezone.now()
    Event.objects.filter(pk=event.pk).update(starts_at=now - dt.timedelta(hours=2), ends_at=now)
    return event


def test_sweep_takes_what_is_over_out_of_the_upcoming_ones() -> None:
    over, to_come = over_since_the_last_sweep("Yesterday's jazz"), make_event("Tomorrow's jazz")

    assert sweep() == 1
    assert sweep() == 0

    over.refresh_from_db()
    to_come.refresh_from_db()
    assert (over.is_upcoming, over.is_near) == (False, False)
    assert (to_come.is_upcoming, to_come.is_near) == (True, True)


def test_draw_near_marks_what_has_come_near_and_is_for_everyone() -> None:
    now = timezone.now()
    far = make_event("Far", starts_at=now + NEAR + dt.timedelta(hours=1))
    come_near = make_event("Come near", starts_at=now + NEAR + dt.timedelta(hours=1))
    hidden = make_event("Hidden", starts_at=now + dt.timedelta(hours=1), visibility=Visibility.CAMPUS)
    assert not Event.objects.filter(is_near=True).exists()
    Event.objects.filter(pk=come_near.pk).update(starts_at=now + NEAR - dt.timedelta(hours=1))

    assert draw_near() == 1
    assert draw_near() == 0

    assert list(Event.objects.filter(is_near=True)) == [come_near]
    for event in (far, hidden):
        event.starts_at, event.visibility = now + dt.timedelta(hours=1), Visibility.EVERYONE
        event.save()
        assert event.is_near  # at once


def test_maintain_knows_the_words_of_what_is_to_come_only() -> None:
    over_since_the_last_sweep("Saxophones")
    make_event("Trombones, Café, trombones")
    make_event("Secret kazoo", visibility=Visibility.MEMBERS)
    make_event("Unfinished bassoon", status=Status.DRAFT)
    Word.objects.create(word="forgotten", events=3)

    done = maintain()

    words = dict(Word.objects.values_list("word", "events"))
    assert done is not None
    assert done.words == len(words)
    assert words["trombones"] == words["cafe"] == 1
    assert not {"saxophones", "kazoo", "bassoon", "forgotten"} & set(words)


def test_maintain_twice_changes_nothing() -> None:
    make_event("Trombones")
    maintain()
    before = set(Word.objects.values_list("word", "events"))

    assert maintain() == (0, len(before))
    assert set(Word.objects.values_list("word", "events")) == before


def test_maintain_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    over_since_the_last_sweep("Saxophones")

    call_command("maintain")

    assert capsys.readouterr().out == "Events that are over since the last time: 1. Words known: 0.\n"


def test_learn_adds_words_at_once() -> None:
    event = make_event("Trombones at noon")

    vocabulary.learn([event.pk])

    assert Word.objects.filter(word="trombones").exists()
