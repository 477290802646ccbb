"""Putting things in: with their cause or not at all; and what staff see and may do."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from myapp.notify import outbox
from myapp.notify.delivery import deliver_due
from myapp.notify.jobs import deliver_messages
from myapp.notify.maintenance import forget_old_messages
from myapp.notify.models import Ending, Message
from myapp.notify.numbers import messages_failed, messages_waiting, oldest_message
from myapp.notify.tests.conftest import pass_time, tell
from myapp.testing.html import parse
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db


def jobs_waiting():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'deliver_messages' AND status = 'todo'"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def _no_jobs(transactional_db):
    """No flush of Django's reaches these tables."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


def test_a_message_is_there_if_and_only_if_its_cause_is(ada):
    with transaction.atomic():
        tell(ada)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_many_are_told_by_one_query(ada, omar):
    told = [outbox.message("place", user=user, about={}, cause=str(user.pk)) for user in (ada, omar, omar)]
    with queries(1):
        outbox.tell_all(told)
    assert Message.objects.count() == 2


def test_nobody_cannot_be_told():
    with pytest.raises(IntegrityError, match="notify_to_someone"):
        outbox.tell("place", about={}, cause="1")


def test_the_job_is_called_once_a_second(ada, django_capture_on_commit_callbacks, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("myapp.notify.outbox.time.monotonic", lambda: now[0])
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(5):
            tell(ada, cause=str(number))
    assert jobs_waiting() == 1
    now[0] += 1
    with django_capture_on_commit_callbacks(execute=True):  # one waits already: that is enough, and no error
        outbox.nudge()
    assert jobs_waiting() == 1


@pytest.mark.usefixtures("_no_jobs")
@pytest.mark.django_db(transaction=True)
def test_the_job_sends_and_gives_its_connection_back(ada, server, register):
    register()
    tell(ada)

    class Context:
        def should_abort(self):
            return False

    # In a thread of its own, as the worker does it.
    thread = threading.Thread(target=deliver_messages, args=(Context(), 0))
    thread.start()
    thread.join(30)
    assert len(server.taken) == 1


def test_numbers(ada, server, register):
    register()
    assert (messages_waiting(), oldest_message(), messages_failed()) == (0, 0, 0)
    tell(ada, cause="1")
    tell(ada, cause="2", due_at=timezone.now() + timedelta(days=1))
    Message.objects.create(
        kind="place", user=ada, cause="3", given_up_at=timezone.now(), ending=Ending.REFUSED
    )
    pass_time(minutes=10)
    assert messages_waiting() == 1
    assert 600 <= oldest_message() < 660
    assert messages_failed() == 1


def test_what_is_done_is_forgotten_after_ninety_days_and_what_waits_is_not(ada):
    old = timezone.now() - timedelta(days=91)
    recent = timezone.now() - timedelta(days=89)
    for cause, created, sent in (
        ("old", old, old),
        ("late", old, recent),
        ("new", recent, recent),
        ("open", old, None),
    ):
        Message.objects.create(kind="place", user=ada, cause=cause, created_at=created, sent_at=sent)
    Message.objects.create(
        kind="place", user=ada, cause="failed", created_at=old, given_up_at=old, ending=Ending.TIRED
    )
    with queries(1):
        assert forget_old_messages() == 2
    assert set(Message.objects.values_list("cause", flat=True)) == {"late", "new", "open"}


def test_maintain_says_what_it_forgot(ada, capsys):
    old = timezone.now() - timedelta(days=91)
    Message.objects.create(kind="place", user=ada, cause="old", created_at=old, sent_at=old)
    call_command("maintain")
    assert "Messages forgotten: 1." in capsys.readouterr().out


# --- The log, in the back office

LOG = "/admin/notify/message/"


def failed(user, cause="refused"):
    return Message.objects.create(
        kind="place",
        user=user,
        cause=cause,
        attempts=3,
        given_up_at=timezone.now(),
        ending=Ending.REFUSED,
        last_error="550 no such <user>",
    )


def test_staff_see_what_was_refused_and_why(ada, rosa_browser):
    failed(ada)
    tell(ada, cause="fine")
    page = parse(rosa_browser.get(LOG, {"state": "failed"}).content.decode())
    [row] = page.all("#result_list tbody tr")
    for words in ("ada@example.edu", "refused for good", "550 no such <user>", "3"):
        assert words in row.text()


@pytest.mark.parametrize(
    ("state", "causes"), [("waiting", 1), ("sent", 1), ("failed", 1), ("left", 1), ("", 4)]
)
def test_the_log_is_narrowed_by_state(ada, rosa_browser, state, causes):
    failed(ada)
    tell(ada, cause="waiting")
    Message.objects.create(kind="place", user=ada, cause="sent", sent_at=timezone.now())
    Message.objects.create(
        kind="place", user=ada, cause="left", given_up_at=timezone.now(), ending=Ending.OUTDATED
    )
    page = parse(rosa_browser.get(LOG, {"state": state} if state else {}).content.decode())
    assert len(page.all("#result_list tbody tr")) == causes


def test_what_failed_is_sent_again_with_all_its_attempts(ada, rosa_browser, server, register):
    register()
    message = failed(ada)
    response = rosa_browser.post(LOG, {"action": "send_again", "_selected_action": [message.pk]}, follow=True)
    assert "1 message will be sent again." in response.content.decode()
    assert deliver_due().sent == 1
    message.refresh_from_db()
    assert (message.attempts, message.ending) == (1, "")


def test_what_was_sent_is_told_anew_under_another_message_id(ada, rosa_browser, server, register):
    register()
    message = tell(ada)
    deliver_due()
    for _click in range(2):
        rosa_browser.post(LOG, {"action": "send_again", "_selected_action": [message.pk]})
    deliver_due()
    assert len(server.ids()) in {2, 3}  # three where a minute ended between the clicks
    assert len(set(server.ids())) == len(server.ids())


def test_nobody_writes_changes_or_deletes_a_message(ada, rosa_browser):
    message = failed(ada)
    assert rosa_browser.get(f"{LOG}add/").status_code == 403
    assert rosa_browser.post(f"{LOG}{message.pk}/change/", {"cause": "x"}).status_code == 403
    assert rosa_browser.post(f"{LOG}{message.pk}/delete/", {"post": "yes"}).status_code == 403
    assert rosa_browser.get(f"{LOG}{message.pk}/change/").status_code == 200


def test_who_may_only_look_sends_nothing_again(ada, rosa, rosa_browser):
    message = failed(ada)
    rosa.groups.get().permissions.remove(*rosa.groups.get().permissions.filter(codename="change_message"))
    rosa_browser.post(LOG, {"action": "send_again", "_selected_action": [message.pk]})
    message.refresh_from_db()
    assert message.ending == Ending.REFUSED
