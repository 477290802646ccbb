"""Reminders come a day and an hour before what takes place, to those who come, once."""

import datetime as dt

import pytest
from django.utils import timezone

from myapp.events.models import Event
from myapp.notify.models import Message, Preference
from myapp.notify.tests.conftest import pass_time
from myapp.registrations import actions, reminders
from myapp.registrations.models import Desk, Registration
from myapp.registrations.tests.outgoing import delivered
from myapp.testing.factories import local, make_desk, make_event, make_registration
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def starts_in(desk, how_long, *, known_for=dt.timedelta(days=30), **fields):
    """Let the event start then, and everybody have registered a while ago."""
    start = timezone.now() + how_long
    Event.objects.filter(pk=desk.pk).update(starts_at=start, ends_at=start + HOUR, **fields)
    Registration.objects.filter(desk=desk).update(changed_at=timezone.now() - known_for)
    desk.event.refresh_from_db()


def written():
    return list(
        Message.objects.filter(cause__startswith="reminder:")
        .order_by("due_at")
        .values_list("kind", flat=True)
    )


@pytest.fixture
def coming(ticket, ada, post_office):
    registration = make_registration(ticket, ada)
    delivered(post_office)
    return registration


def test_reminders_are_written_once_and_sent_when_they_are_due(desk, coming, post_office):
    starts_in(desk, 24.5 * HOUR)

    assert [reminders.remind() for _ in range(3)] == [2, 0, 0]

    assert written() == ["reminder_day", "reminder_hour"]
    due = list(Message.objects.order_by("-due_at").values_list("due_at", flat=True)[:2])
    assert [desk.event.starts_at - each for each in due] == [HOUR, 24 * HOUR]
    assert delivered(post_office) == []
    pass_time(minutes=31)
    [letter] = delivered(post_office)
    assert letter.subject.endswith(": Dark skies")
    assert "List-Unsubscribe" in letter.extra_headers


def test_nobody_is_reminded_of_what_is_far_or_has_begun(desk, coming):
    for how_long in (26 * HOUR, -HOUR):
        starts_in(desk, how_long)
        assert reminders.remind() == 0


def test_who_registers_late_is_reminded_of_what_is_still_ahead(desk, coming):
    starts_in(desk, 20 * HOUR, known_for=dt.timedelta())
    reminders.remind()
    assert written() == ["reminder_hour"]


def test_what_lasts_whole_days_is_told_the_afternoon_before(desk, coming):
    starts_in(desk, 20 * HOUR, all_day=True)
    reminders.remind()
    assert written() == ["reminder_day"]
    assert desk.event.starts_at - Message.objects.latest("pk").due_at == 8 * HOUR


def test_an_event_that_is_moved_has_new_reminders_and_the_old_ones_are_not_sent(desk, coming, post_office):
    starts_in(desk, 23 * HOUR)
    reminders.remind()
    starts_in(desk, 23.5 * HOUR)
    reminders.remind()

    assert len(written()) == 4
    assert len(delivered(post_office)) == 1


def test_who_has_cancelled_is_not_reminded(desk, coming, ada, post_office):
    starts_in(desk, 23 * HOUR)
    reminders.remind()
    actions.cancel(coming, acting_user=ada)

    assert [letter.subject for letter in delivered(post_office)] == [
        "You are no longer registered: Dark skies"
    ]
    assert reminders.remind() == 0


def test_who_waits_is_not_reminded(desk, ticket):
    Desk.objects.update(capacity=0)
    make_registration(ticket)
    starts_in(desk, 23 * HOUR)
    assert reminders.remind() == 0


def test_a_cancelled_event_is_not_reminded_of(desk, coming, post_office):
    starts_in(desk, 23 * HOUR)
    reminders.remind()
    Event.objects.update(status="cancelled")
    assert delivered(post_office) == []


def test_the_reminder_of_a_day_is_not_sent_when_the_other_is_near(desk, coming, post_office):
    """After an outage of a day, one mail is enough."""
    starts_in(desk, HOUR - dt.timedelta(minutes=5))
    reminders.remind()
    [letter] = delivered(post_office)
    assert ": Dark skies" in letter.subject


def test_who_wants_no_reminders_has_none(desk, coming, ada, post_office):
    Preference.objects.create(user=ada, group="reminders", mail=False)
    starts_in(desk, HOUR - dt.timedelta(minutes=5))
    reminders.remind()
    assert delivered(post_office) == []


@pytest.mark.parametrize(
    ("now", "start", "words"),
    [
        ("2026-11-20 18:00", "2026-11-21 18:00", "Tomorrow, 18:00"),
        ("2026-11-20 17:00", "2026-11-20 18:00", "Today, 18:00"),
        ("2026-11-20 23:30", "2026-11-21 00:30", "Tomorrow, 00:30"),
        ("2026-11-20 18:00", "2026-11-22 18:00", "Sunday 22 November, 18:00"),
    ],
)
def test_when_is_said_as_one_says_it_that_day(now, start, words, monkeypatch):
    from myapp.registrations.reminder_mails import when

    monkeypatch.setattr(timezone, "now", lambda: local(now))
    assert when(make_event(starts_at=local(start))) == words


@one_and_three
def test_reminding_is_one_statement(rows, omars_club):
    for _ in range(rows):
        desk = make_desk(make_event(organisation=omars_club))
        make_registration(desk.types.get())
        starts_in(desk, 23 * HOUR)
    with queries(1):
        assert reminders.remind() == 2 * rows
