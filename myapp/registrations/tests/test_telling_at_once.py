"""What two do at the same time, on connections of their own: nobody is left out of what is told."""

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from myapp.events import actions as event_actions
from myapp.notify.delivery import deliver_due
from myapp.notify.models import Message
from myapp.registrations import actions, invariants, places
from myapp.registrations.models import Registration, State
from myapp.testing.factories import make_person, make_registration

pytestmark = pytest.mark.django_db(transaction=True)

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def elsewhere(pool: ThreadPoolExecutor, what, *given, **named) -> Future:
    """Do something on another connection, and return once it has begun to wait for us."""

    def work():
        try:
            return what(*given, **named)
        finally:
            connection.close()

    future = pool.submit(work)
    for _try in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(_WAITING)
            if cursor.fetchone()[0]:
                return future
        time.sleep(0.02)
    pytest.fail("Nobody waited.")


def test_who_takes_a_place_while_it_is_called_off_is_told_of_it(desk, ticket, ada, omar, post_office):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            event_actions.cancel(desk.event, reason="The roof leaks.", acting_user=omar)
            taking = elsewhere(pool, places.take, desk.event.code, ticket.pk, ada)
        code = taking.result()

    # Their statement saw the event as it was, so they have a place; the cancellation could not see them.
    assert Registration.objects.get(code=code).state == State.CONFIRMED
    for _minute in range(2):
        deliver_due()
    assert [(letter.to[0], letter.subject.partition(":")[0]) for letter in post_office.taken] == [
        (ada.email, "Cancelled")
    ]


def test_two_clicks_at_once_are_told_once(desk, ticket, ada):
    registration = make_registration(ticket, ada)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            actions.cancel(registration, acting_user=ada)
            second = elsewhere(pool, actions.cancel, registration, acting_user=ada)
        second.result()
    assert Message.objects.filter(kind="place_cancelled").count() == 1


def test_two_who_delete_their_accounts_at_once_leave_both(desk, ticket):
    first, second, next_one = make_person(), make_person(), make_person()
    for person in (first, second, next_one):
        make_registration(ticket, person)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first.delete()
            other = elsewhere(pool, second.delete)
        other.result()
    assert list(Registration.objects.filter(state=State.CONFIRMED).values_list("user", flat=True)) == [
        next_one.pk
    ]
    assert [sentence for holds in invariants.INVARIANTS for sentence in holds("default")] == []
