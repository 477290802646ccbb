"""The outbox under a mail server that is down, slow, choosy or killed in the middle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from myapp.accounts.models import User
from myapp.notify import delivery, outbox
from myapp.notify.delivery import claim, deliver_due, pause_after
from myapp.notify.models import Ending, Message, Preference
from myapp.notify.tests.conftest import pass_time, tell
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


def down(_what, _letter):
    raise ConnectionRefusedError("nobody listens")


def people(number):
    return User.objects.bulk_create(
        User(username=f"p{i}", email=f"p{i}@example.edu", password="!") for i in range(number)
    )


def test_a_message_is_sent_once(ada, server, register):
    register()
    message = tell(ada)
    assert (deliver_due().sent, deliver_due().sent) == (1, 0)
    [letter] = server.taken
    message.refresh_from_db()
    assert letter.to == ["ada@example.edu"]
    assert (message.attempts, message.paused_until, message.last_error) == (1, None, "")
    assert message.sent_at is not None


def test_the_same_cause_is_told_once(ada, server, register):
    register()
    for _time in range(3):
        tell(ada, cause="registration:1:confirmed")
    deliver_due()
    assert len(server.taken) == 1


def test_a_row_written_by_sql_is_sent(ada, server, register):
    """As the statement that takes a place does it."""
    register()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notify_message (kind, user_id, about, cause) VALUES ('place', %s, '{}', 'by sql')",
            [ada.pk],
        )
    assert deliver_due().sent == 1


def test_a_message_for_later_waits(ada, server, register):
    register()
    tell(ada, due_at=timezone.now() + timedelta(hours=1))
    assert deliver_due().sent == 0
    pass_time(hours=1, seconds=1)
    assert deliver_due().sent == 1


def test_a_server_that_is_down_for_an_hour_loses_nothing_and_repeats_nothing(server, register):
    register()
    everyone = people(50)
    for person in everyone:
        tell(person, cause=f"c{person.pk}")
    server.trouble = down
    for _minute in range(60):
        deliver_due()
        pass_time(minutes=1)
    assert (server.taken, server.connections) == ([], 60)  # one knock a run, not one for each message
    server.trouble = None
    for _minute in range(16):
        deliver_due()
        pass_time(minutes=1)
    assert sorted(letter.to[0] for letter in server.taken) == sorted(person.email for person in everyone)
    assert len(set(server.ids())) == 50
    assert not Message.objects.filter(sent_at=None).exists()


def test_who_was_not_tried_while_the_server_was_down_does_not_wait(server, register):
    register()
    for person in people(5):
        tell(person, cause=f"c{person.pk}")
    server.trouble = down
    deliver_due()
    assert list(Message.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0, 0, 0, 0]
    assert Message.objects.filter(paused_until=None).count() == 4


def test_a_server_that_goes_in_the_middle_gets_the_rest_later(server, register):
    register()
    for person in people(6):
        tell(person, cause=f"c{person.pk}")

    def goes(what, _letter):
        if what == "send" and len(server.taken) == 3:
            raise SMTPServerDisconnected("gone")

    server.trouble = goes
    assert deliver_due().sent == 3
    server.trouble = None
    pass_time(minutes=1)
    deliver_due()
    assert len(server.taken) == len(set(server.ids())) == 6


def test_pauses_grow_up_to_a_quarter_of_an_hour():
    assert [pause_after(n) // timedelta(minutes=1) for n in (1, 2, 3, 4, 5, 6, 500)] == [
        1,
        2,
        4,
        8,
        15,
        15,
        15,
    ]


def test_one_connection_for_all_mails(server, register):
    register()
    for person in people(45):
        tell(person, cause=f"c{person.pk}")
    assert deliver_due().sent == 45
    assert server.connections == 1


def test_a_refused_recipient_is_given_up_at_once_and_the_others_are_not(server, register):
    register()
    gone, greylisted, fine = people(3)
    for person in (gone, greylisted, fine):
        tell(person, cause=person.username)

    def choosy(what, letter):
        if what == "send" and letter.to[0] != fine.email:
            code = 550 if letter.to[0] == gone.email else 451
            raise SMTPRecipientsRefused({letter.to[0]: (code, b"no \xff")})

    server.trouble = choosy
    done = deliver_due()
    assert (done.sent, done.put_off, done.given_up) == (1, 1, 1)
    refused = Message.objects.get(cause=gone.username)
    assert (refused.ending, refused.last_error) == (Ending.REFUSED, "550 no �")
    assert Message.objects.get(cause=greylisted.username).ending == ""


def test_what_a_server_says_of_the_content_is_tried_again(ada, server, register):
    """A quota that is used up and a sender that is not confirmed yet are 554 as well."""
    register()
    tell(ada)

    def no(what, _letter):
        if what == "send":
            raise SMTPDataError(554, b"not now")

    server.trouble = no
    assert deliver_due().put_off == 1


def test_after_five_days_a_message_is_given_up(ada, server, register):
    register()
    message = tell(ada)
    server.trouble = down
    pass_time(days=5, minutes=1)
    assert deliver_due().given_up == 1
    message.refresh_from_db()
    assert (message.ending, message.last_error) == (Ending.TIRED, "ConnectionRefusedError: nobody listens")


def test_what_is_no_longer_true_is_not_sent(ada, server, register):
    register(render=lambda message: None)
    message = tell(ada)
    deliver_due()
    message.refresh_from_db()
    assert (server.taken, message.ending) == ([], Ending.OUTDATED)


def test_a_kind_that_fails_does_not_hold_up_the_others(ada, server, register, caplog):
    def fails(_message):
        raise LookupError("a mistake")

    register("broken", fails)
    register("place")
    tell(ada, kind="broken", cause="1")
    tell(ada, kind="place", cause="2")
    done = deliver_due()
    assert (done.sent, done.put_off) == (1, 1)
    assert Message.objects.get(cause="1").last_error == "LookupError: a mistake"
    assert "could not be sent" in caplog.text


def test_a_kind_of_a_newer_version_waits_for_it(ada, server, register):
    message = tell(ada, kind="of_tomorrow")
    assert deliver_due().put_off == 1
    register("of_tomorrow")
    pass_time(minutes=1)
    assert deliver_due().sent == 1
    message.refresh_from_db()
    assert message.last_error == ""


def test_a_closed_account_gets_nothing(ada, server, register):
    register()
    message = tell(ada)
    User.objects.update(is_active=False)
    deliver_due()
    message.refresh_from_db()
    assert (server.taken, message.ending) == ([], Ending.NOBODY)


def test_an_address_changed_meanwhile_is_the_one_written_to(ada, server, register):
    register()
    tell(ada)
    User.objects.update(email="new@example.edu")
    deliver_due()
    assert server.taken[0].to == ["new@example.edu"]


@pytest.mark.parametrize(
    ("options", "ending"), [({}, Ending.UNWANTED), ({"essential": True}, "")], ids=["can wait", "essential"]
)
def test_what_is_switched_off_is_not_sent_unless_it_costs_the_place(ada, server, register, options, ending):
    register(**options)
    Preference.objects.create(user=ada, group="places", mail=False)
    message = tell(ada)
    deliver_due()
    message.refresh_from_db()
    assert message.ending == ending
    assert len(server.taken) == (not ending)


def test_an_address_without_an_account_can_switch_off_as_well(server, register, db):
    register()
    Preference.objects.create(email="guest@example.org", group="places", mail=False)
    tell(email="Guest@Example.org", cause="1")
    tell(email="other@example.org", cause="2")
    deliver_due()
    assert [letter.to for letter in server.taken] == [["other@example.org"]]


def test_a_slow_server_is_left_in_time(server, register, monkeypatch):
    """Who is slower than the lease must not go on with what somebody else may have by now."""
    register()
    for person in people(3):
        tell(person, cause=f"c{person.pk}")
    now = [0.0]
    monkeypatch.setattr("myapp.notify.delivery.time.monotonic", lambda: now[0])

    def slow(what, _letter):
        if what == "send":
            now[0] += delivery.LEASE.total_seconds() - delivery.SECONDS_LEFT + 1

    server.trouble = slow
    assert deliver_due().sent == 1
    assert list(Message.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0, 0]


def test_a_worker_that_is_told_to_stop_gives_back_what_it_has(server, register):
    register()
    for person in people(3):
        tell(person, cause=f"c{person.pk}")
    assert deliver_due(should_stop=lambda: len(server.taken) == 1).sent == 1
    assert Message.objects.filter(sent_at=None, paused_until=None, attempts=0).count() == 2


@one_and_three
def test_queries(rows, server, register):
    register()
    for person in people(rows):
        tell(person, cause=f"c{person.pk}")
    # The claim, three as a transaction; the people, what they want, their devices; a mark for each; and the claim that
    # finds nothing, three again.
    with queries(9 + rows):
        deliver_due()


def test_telling_costs_one_query(ada, register):
    with queries(1):
        outbox.tell("place", user=ada, about={}, cause="1")


# --- Several workers, and those that die


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_message_once(server, register):
    register()
    for person in people(60):
        tell(person, cause=f"c{person.pk}")

    def work(_worker):
        try:
            return deliver_due().sent
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        sent = list(both.map(work, range(2)))
    assert sum(sent) == 60
    assert len(server.taken) == len(set(server.ids())) == 60


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_claim_and_sending_loses_nothing(ada, server, register):
    register()
    message = tell(ada)
    assert [each.pk for each in claim()] == [message.pk]  # and then nothing more is heard of it
    assert deliver_due().sent == 0  # it may still be alive
    pass_time(minutes=10, seconds=1)
    assert deliver_due().sent == 1


class Killed(BaseException):
    """SIGKILL, as far as code can tell."""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_repeats_none_that_was_marked(server, register, monkeypatch):
    register()
    for person in people(5):
        tell(person, cause=f"c{person.pk}")

    def dies(what, _letter):
        if what == "send" and len(server.taken) == 2:
            raise Killed

    server.trouble = dies
    with pytest.raises(Killed):
        deliver_due()
    server.trouble = None
    pass_time(minutes=10, seconds=1)
    assert deliver_due().sent == 3
    assert len(server.taken) == len(set(server.ids())) == 5


@pytest.mark.django_db(transaction=True)
def test_killed_after_the_server_took_it_it_is_sent_again_under_the_same_message_id(
    ada, server, register, monkeypatch
):
    """What SMTP cannot promise, told honestly: twice in the mailbox's post, once by its Message-ID."""
    register()
    tell(ada)

    def dies(*_arguments, **_values):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_settle", dies)
        with pytest.raises(Killed):
            deliver_due()
    pass_time(minutes=10, seconds=1)
    deliver_due()
    assert len(server.ids()) == 2
    assert len(set(server.ids())) == 1


def test_a_worker_that_comes_back_too_late_writes_nothing(ada, server, register):
    register()
    tell(ada)
    [late] = claim()
    pass_time(minutes=10, seconds=1)
    deliver_due()
    delivery._put_off(late, "too slow", delivery.Delivered())
    assert Message.objects.get().last_error == ""


def test_mail_outbox_is_what_people_see(ada, server, register):
    register()
    tell(ada, about={"words": "Come in by the side door"})
    deliver_due()
    [letter] = mail.outbox
    assert "Come in by the side door" in letter.body
