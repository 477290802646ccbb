"""Thanks after an event, and what people say of it: once each, read without names."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from myapp.events.models import Event
from myapp.notify.models import Message
from myapp.registrations import actions, jobs, reminders
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.keys import key_of
from myapp.registrations.models import Desk, Feedback, Registration
from myapp.registrations.tests.outgoing import delivered
from myapp.testing.factories import local, make_person, make_registration
from myapp.testing.people import browser_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def was_there(desk, ticket, ada, post_office):
    """Ada's registration for an event that was over two hours ago."""
    registration = make_registration(ticket, ada)
    delivered(post_office)
    over(desk)
    return Registration.objects.select_related("desk__event").get(pk=registration.pk)


def over(desk, ended_at=None):
    ended_at = ended_at or timezone.now() - dt.timedelta(hours=2)
    Event.objects.filter(pk=desk.pk).update(starts_at=ended_at - dt.timedelta(hours=1), ends_at=ended_at)


def address(registration):
    return reverse("registrations:feedback", args=[registration.code])


def test_who_had_a_place_is_thanked_once(was_there, post_office):
    assert [reminders.thank() for _ in range(3)] == [1, 0, 0]
    Message.objects.update(due_at=timezone.now())

    [letter] = delivered(post_office)

    assert letter.subject == "How was it? Dark skies"
    assert address(was_there) in letter.body
    assert "List-Unsubscribe" in letter.extra_headers


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        ("2026-11-20 17:00", "2026-11-20 18:00"),
        ("2026-11-20 22:30", "2026-11-21 09:00"),
        ("2026-11-21 00:00", "2026-11-21 09:00"),
        ("2026-11-21 03:00", "2026-11-21 09:00"),
    ],
)
def test_nobody_is_thanked_at_night(ended, due, was_there):
    shift = timezone.now().replace(microsecond=0) - local(ended)
    days = dt.timedelta(days=shift.days)
    over(was_there.desk, local(ended) + days)
    reminders.thank()
    message = Message.objects.get(kind="thanks")
    assert timezone.localtime(message.due_at - days).replace(tzinfo=None) == local(due).replace(tzinfo=None)


def test_nobody_is_thanked_for_what_was_called_off_or_is_long_over(was_there):
    Event.objects.update(status="cancelled")
    assert reminders.thank() == 0
    Event.objects.update(status="published")
    over(was_there.desk, timezone.now() - dt.timedelta(days=3))
    assert reminders.thank() == 0


def test_who_has_said_it_already_is_not_asked(was_there, ada, post_office):
    reminders.thank()
    Message.objects.update(due_at=timezone.now())
    actions.give_feedback(was_there, stars=5, text="", acting_user=ada)
    assert delivered(post_office) == []


def test_one_answer_for_each_and_it_can_be_changed(was_there, ada):
    browser = browser_of(ada)
    assert browser.get(address(was_there)).status_code == 200

    browser.post(address(was_there), {"stars": "4", "text": "Too cold."})
    answer = browser.post(address(was_there), {"stars": "5", "text": "Warm after all."}, follow=True)

    assert [(each.stars, each.text) for each in Feedback.objects.all()] == [(5, "Warm after all.")]
    assert "Thank you." in answer.text


@pytest.mark.parametrize(
    "given", [{}, {"stars": "6"}, {"stars": "0"}, {"stars": "x"}, {"stars": "3", "text": "x" * 2001}]
)
def test_what_cannot_be_kept_is_said(given, was_there, ada):
    assert browser_of(ada).post(address(was_there), given).status_code == 422
    assert not Feedback.objects.exists()


def test_stars_beyond_five_are_refused_by_the_database(was_there):
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.create(registration=was_there, stars=6)


def test_before_the_end_nobody_can_say_how_it_was(desk, ticket, ada):
    registration = make_registration(ticket, ada)
    with pytest.raises(RegistrationRefused):
        actions.give_feedback(registration, stars=5, text="", acting_user=ada)
    assert "once the event is over" in browser_of(ada).get(address(registration)).text
    assert browser_of(ada).post(address(registration), {"stars": "5"}).status_code == 422


def test_somebody_elses_is_not_there(was_there):
    assert browser_of(make_person()).get(address(was_there)).status_code == 404


def test_without_an_account_the_key_opens_it(was_there, post_office):
    Registration.objects.update(
        user=None, email="g@example.org", email_confirmed_at=timezone.now(), language="fr"
    )
    was_there.refresh_from_db()
    reminders.thank()
    Message.objects.update(due_at=timezone.now())
    [letter] = delivered(post_office)
    assert letter.to == ["g@example.org"]
    path = reverse("registrations:feedback_by_key", args=[key_of(was_there)])
    assert f"/fr{path}" in letter.body

    visitor = browser_of()
    assert visitor.post(path, {"stars": "2", "text": ""}).status_code == 302
    assert Feedback.objects.get().stars == 2
    assert visitor.get(path.replace("/r/", "/r/9")).status_code == 404


def test_organisers_read_it_without_names(was_there, ada, omar, priya):
    actions.give_feedback(was_there, stars=4, text="<b>Cold</b> hall", acting_user=ada)
    path = reverse("organise:feedback", args=[was_there.desk.event.slug])

    page = browser_of(omar).get(path).text

    assert "&lt;b&gt;Cold&lt;/b&gt; hall" in page
    assert "4.0" in page
    assert ada.name not in page
    assert browser_of(priya).get(path).status_code == 403
    assert browser_of(ada).get(path).status_code == 403


def test_before_anybody_has_said_anything_the_list_says_so(desk, omar):
    path = reverse("organise:feedback", args=[desk.event.slug])
    assert "Nobody has said anything yet" in browser_of(omar).get(path).text


@one_and_three
def test_the_list_costs_the_same(rows, desk, ticket, rosa):
    Desk.objects.update(capacity=10)
    registrations = [make_registration(ticket) for _ in range(rows)]
    over(desk)
    for each in registrations:
        Feedback.objects.create(registration=each, stars=5, text="Good.")
    browser = browser_of(rosa)
    browser.get("/accounts/notifications/")
    with queries(4):  # the person; the event; the stars; the words
        browser.get(reverse("organise:feedback", args=[desk.event.slug]))


@one_and_three
def test_thanking_is_one_statement(rows, desk, ticket):
    Desk.objects.update(capacity=10)
    for _ in range(rows):
        make_registration(ticket)
    over(desk)
    with queries(1):
        assert reminders.thank() == rows


def test_the_clock_reminds_and_thanks(was_there):
    jobs.remind_people(timestamp=0)
    assert Message.objects.filter(kind="thanks").count() == 1
