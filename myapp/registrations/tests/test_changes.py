"""What becomes of an event reaches everybody who has registered for it, once, and the queue moves where it can again."""

import datetime as dt

import icalendar
import pytest
from django.utils import timezone

from myapp.events import actions as event_actions
from myapp.events.importing.tests.test_writing import event as feed_event, take
from myapp.events.models import Event, Status
from myapp.events.signals import Change
from myapp.notify.delivery import deliver_due
from myapp.notify.models import Message, Preference
from myapp.registrations import actions, changes, places
from myapp.registrations.invariants import nobody_is_passed_over
from myapp.registrations.models import Desk, Registration, State
from myapp.registrations.tests.outgoing import calendar_in, delivered, told
from myapp.testing.factories import make_desk, make_event, make_registration, make_room
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def coming(ticket, ada, post_office):
    """Two people who come and one who waits, with what they were told so far delivered."""
    registrations = [make_registration(ticket, ada), make_registration(ticket), make_registration(ticket)]
    delivered(post_office)
    return registrations


def save(desk, omar, **fields):
    event = Event.objects.get(pk=desk.pk)
    for name, value in fields.items():
        setattr(event, name, value)
    return event_actions.save_event(event, acting_user=omar)


def test_a_cancellation_reaches_everybody_who_comes_or_waits(desk, coming, omar, post_office):
    event_actions.cancel(desk.event, reason="The roof leaks.", acting_user=omar)

    letters = delivered(post_office)

    assert sorted(letter.to[0] for letter in letters) == sorted(each.user.email for each in coming)
    assert all(letter.subject.startswith("Cancelled: Dark skies, ") for letter in letters)
    assert all("The roof leaks." in letter.body for letter in letters)
    assert all("List-Unsubscribe" not in letter.extra_headers for letter in letters)
    [event] = icalendar.Calendar.from_ical(calendar_in(letters[0]).get_content()).walk("VEVENT")
    desk.event.refresh_from_db()
    [own] = [each for each in coming if each.user.email == letters[0].to[0]]
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", desk.event.sequence + 1 + own.revision)
    assert desk.event.sequence > 0


def test_a_cancelled_event_that_is_withdrawn_is_told_once(desk, coming, omar, post_office):
    event_actions.cancel(desk.event, acting_user=omar)
    event_actions.withdraw(desk.event, acting_user=omar)
    assert len(delivered(post_office)) == 3
    assert [told(each)[-1] for each in coming] == ["event_cancelled"] * 3


def test_a_withdrawn_event_is_off_in_calendars_too(desk, coming, omar, post_office):
    event_actions.withdraw(desk.event, acting_user=omar)
    assert "STATUS:CANCELLED" in calendar_in(delivered(post_office)[0]).get_content()


def test_a_new_time_is_told_with_the_old_one(desk, coming, omar, post_office):
    event = Event.objects.get(pk=desk.pk)
    old = f"{timezone.localtime(event.starts_at):%H:%M}"
    save(
        desk,
        omar,
        starts_at=event.starts_at + dt.timedelta(hours=2),
        ends_at=event.ends_at + dt.timedelta(hours=2),
    )

    letters = delivered(post_office)

    assert len(letters) == 3
    assert letters[0].subject.startswith("New time: Dark skies, ")
    assert "20:00" in letters[0].subject
    assert old in letters[0].body.partition("It was: ")[2].partition("\n")[0]
    assert "SEQUENCE:3" in calendar_in(letters[0]).get_content()


def test_saving_twice_tells_once(desk, coming, omar):
    for _click in range(2):
        save(desk, omar, starts_at=desk.event.starts_at + dt.timedelta(minutes=30))
    assert [told(each).count("event_moved") for each in coming] == [1, 1, 1]


def test_a_second_move_replaces_the_first_that_was_not_sent_yet(desk, coming, omar, post_office):
    for hours in (1, 2):
        save(desk, omar, ends_at=desk.event.ends_at + dt.timedelta(hours=hours))
    assert len(delivered(post_office)) == 3


def test_a_new_room_is_told_unless_somebody_wants_no_such_mail(desk, coming, ada, omar, post_office):
    Preference.objects.create(user=ada, group="changes", mail=False)
    room = make_room("141")

    save(desk, omar, room=room, title="Darker skies")

    letters = delivered(post_office)
    assert sorted(letter.to[0] for letter in letters) == sorted(each.user.email for each in coming[1:])
    assert letters[0].subject.startswith(f"New place, {room.label}: Darker skies")
    assert "It was called: Dark skies" in letters[0].body
    assert "List-Unsubscribe" in letters[0].extra_headers


@pytest.mark.parametrize(
    "fields", [{}, {"description": "Bring a coat."}, {"tags": ["stars"]}, {"summary": "Stars."}]
)
def test_what_nobody_goes_by_is_not_told(desk, coming, omar, fields):
    save(desk, omar, **fields)
    assert not Message.objects.filter(cause__contains=":event:").exists()


def test_nobody_is_told_of_what_is_over(desk, coming, omar):
    long_ago = timezone.now() - dt.timedelta(days=3)
    Event.objects.update(starts_at=long_ago, ends_at=long_ago)
    event_actions.cancel(desk.event, acting_user=omar)
    assert not Message.objects.filter(cause__contains=":event:").exists()


def test_who_has_cancelled_hears_no_more(desk, coming, ada, omar):
    actions.cancel(coming[0], acting_user=ada)
    event_actions.cancel(desk.event, acting_user=omar)
    assert "event_cancelled" not in told(coming[0])


def test_an_address_that_is_not_confirmed_hears_nothing_of_changes(desk, coming, omar):
    Registration.objects.filter(pk=coming[0].pk).update(user=None, email="g@example.org", language="fr")
    Registration.objects.filter(pk=coming[1].pk).update(
        user=None, email="h@example.org", language="fr", email_confirmed_at=timezone.now()
    )
    event_actions.cancel(desk.event, acting_user=omar)
    [message] = Message.objects.filter(kind="event_cancelled", user=None)
    assert (message.email, message.spoken) == ("h@example.org", "fr")


def test_an_event_that_takes_place_again_is_told_and_its_queue_moves(desk, coming, omar, post_office):
    event_actions.cancel(desk.event, acting_user=omar)
    actions.take_off(coming[0], sentence="", acting_user=omar)
    coming[2].refresh_from_db()
    assert coming[2].state == State.WAITING
    delivered(post_office)

    event_actions.publish(desk.event, acting_user=omar)

    coming[2].refresh_from_db()
    assert coming[2].state == State.CONFIRMED
    assert list(nobody_is_passed_over("default")) == []
    subjects = sorted(letter.subject.partition(":")[0] for letter in delivered(post_office))
    assert subjects == [
        "From the waiting list to a place",
        "It takes place after all",
        "It takes place after all",
    ]


def test_a_queue_moves_when_what_had_begun_is_put_off(desk, coming, omar):
    begun = timezone.now() - dt.timedelta(minutes=5)
    Event.objects.update(starts_at=begun, ends_at=begun + dt.timedelta(hours=1))
    actions.take_off(coming[0], sentence="", acting_user=omar)

    later = timezone.now() + dt.timedelta(days=2)
    save(desk, omar, starts_at=later, ends_at=later + dt.timedelta(hours=1))

    assert list(nobody_is_passed_over("default")) == []
    assert not Desk.objects.filter(waiting__gt=0).exists()


def test_who_took_a_place_while_it_was_cancelled_is_told_in_the_confirmations_stead(
    desk, ticket, ada, omar, post_office
):
    """As the statement that tells everybody could not see them."""
    places.take(desk.event.code, ticket.pk, ada)
    Event.objects.update(status=Status.CANCELLED)

    for _minute in range(2):
        deliver_due()

    assert [letter.subject.partition(":")[0] for letter in post_office.taken] == ["Cancelled"]


@one_and_three
def test_telling_costs_the_same_for_one_and_for_three(rows, desk, ticket, omar):
    Desk.objects.update(capacity=10)
    for _ in range(rows):
        make_registration(ticket)
    before = Event.objects.get(pk=desk.pk)
    event = Event.objects.get(pk=desk.pk)
    event.title = "Darker skies"

    with queries(2):  # the desks, held; one statement for everybody
        changes.follow([Change(event, before)])

    assert Message.objects.filter(kind="event_altered").count() == rows


def test_an_event_without_a_desk_costs_one_query(omars_club):
    event = make_event(organisation=omars_club)
    before = Event.objects.get(pk=event.pk)
    event.title = "Another"
    with queries(1):
        changes.follow([Change(event, before)])


def test_a_feed_that_moves_and_cancels_tells_everybody(ada, post_office):
    take(feed_event("1"), feed_event("2"))
    registrations = [
        make_registration(make_desk(event).types.get(), ada) for event in Event.objects.order_by("uid")
    ]
    delivered(post_office)

    take(feed_event("1", days=9), mirror=True)
    take(feed_event("1", days=9), mirror=True)

    assert [told(each)[1:] for each in registrations] == [["event_moved"], ["event_cancelled"]]
    assert len(delivered(post_office)) == 2


def test_a_feed_that_is_only_tried_tells_nobody(ada):
    take(feed_event("1"))
    registration = make_registration(make_desk(Event.objects.get()).types.get(), ada)
    take(feed_event("1", days=9), dry_run=True)
    assert told(registration) == ["place_confirmed"]
