"""The first promise with thousands at once: real HTTP, several workers, people who cancel, press twice, and die on the way.

Beside it the control: the same rush without the check sells more places than there are.
"""

from __future__ import annotations

import datetime as dt
import random
import threading

import pytest
from django.db import connection
from django.db.models import Max

from myapp.notify.models import Message
from myapp.registrations import actions
from myapp.registrations.invariants import INVARIANTS
from myapp.registrations.models import Desk, LogEntry, Registration, State
from myapp.testing.factories import make_desk, make_event, tomorrow
from myapp.testing.rush import Browser, Rush, form, make_browsers, rush
from myapp.testing.servers import Site, url_of_test_database

PEOPLE, PLACES, WORKERS = 2000, 200, "3"
HOST = "127.0.0.1"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(omars_club):
    return make_desk(
        make_event(organisation=omars_club, starts_at=tomorrow() + dt.timedelta(days=7)), capacity=PLACES
    )


@pytest.fixture
def start_workers(tmp_path):
    """Start the site with several workers on this test's database."""
    sites: list[Site] = []

    def start(**environment: str) -> Site:
        environment |= {"DATABASE_URL": url_of_test_database(), "WEB_CONCURRENCY": WORKERS}
        sites.append(Site(tmp_path / "gunicorn.log", environment))
        return sites[-1]

    yield start
    for site in sites:
        site.stop()
    with connection.cursor() as cursor:  # not Django's to flush
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def press(desk: Desk, browser: Browser) -> bytes:
    """The request of who wants a place, or else a turn in the queue."""
    kind = desk.types.get()
    path = f"/_mine/events/{desk.event.slug}/place/"
    return form(browser, path, HOST, ticket=str(kind.pk), wait="1")


def all_is_in_order(desk: Desk) -> None:
    """Every invariant holds, nobody was passed over or told twice."""
    assert [told for invariant in INVARIANTS for told in invariant("default")] == []
    desk.refresh_from_db()
    assert desk.taken <= (desk.capacity or 0)
    # Who still waits came after everybody who was moved up.
    log = LogEntry.objects.filter(desk=desk, because__in=["came_free", "more_places"])
    moved_up = log.aggregate(last=Max("queue_number"))["last"] or 0
    waiting = Registration.objects.filter(state=State.WAITING, queue_number__lt=moved_up)
    assert not waiting.exists()


def told_once(desk: Desk) -> None:
    """Everybody with a place has been written one mail of it, and nobody else."""
    causes = Message.objects.filter(cause__startswith="registration:").values_list("cause", flat=True)
    assert len(causes) == len(set(causes))
    with_place = Registration.objects.filter(desk=desk, state=State.CONFIRMED).values_list("user", flat=True)
    assert set(with_place) <= set(Message.objects.values_list("user", flat=True))


def send_all(site: Site, requests: list[bytes]) -> Rush:
    """Send everything, and again what a dying worker took along, or what came back with "very many people, try again".

    That is what a browser's user would do; the second leads to the page that says so, everything else to a ticket.
    """
    seen = again = rush(site.port, requests)
    for _ in range(20):
        turned_back = [request for location, request in again.led if location.startswith("/my/events/")]
        if not (again.unanswered or turned_back):
            return seen
        again = rush(site.port, [*again.unanswered, *turned_back])
        seen.statuses += again.statuses
    assert not again.unanswered
    return seen


def test_two_thousand_people_and_two_hundred_places(desk, start_workers, omar):
    site, browsers = start_workers(), make_browsers(PEOPLE)
    chance = random.Random(7)
    # A third press twice, at once or later; all in no order.
    requests = [press(desk, each) for each in (*browsers, *chance.sample(browsers, PEOPLE // 3))]
    chance.shuffle(requests)
    stop = threading.Event()

    def meanwhile() -> None:
        """Cancel places, and add some, while the others press."""
        capacity = PLACES
        while not stop.wait(0.2):
            confirmed = Registration.objects.filter(desk=desk, state=State.CONFIRMED)
            for registration in confirmed.select_related("user").order_by("?")[:5]:
                actions.cancel(registration, acting_user=registration.user)
            capacity += 1
            actions.set_capacity(desk, capacity, acting_user=omar)
        connection.close()

    busy = threading.Thread(target=meanwhile)
    busy.start()
    seen = send_all(site, requests)
    stop.set()
    busy.join()

    assert set(seen.statuses) <= {302, 303}, seen.statuses
    all_is_in_order(desk)
    told_once(desk)
    assert Registration.objects.filter(desk=desk, state=State.CONFIRMED).count() == desk.capacity
    # Whoever pressed has something, also who pressed again after their place was given back.
    assert Registration.objects.values("user").distinct().count() == PEOPLE


def test_offers_go_on_in_order_while_people_leave(desk, start_workers):
    Desk.objects.update(promotion="offer", capacity=20)
    site, browsers = start_workers(), make_browsers(200)
    send_all(site, [press(desk, each) for each in browsers])
    by_user = {each.user_id: each for each in browsers}
    for _ in range(3):
        leaving = Registration.objects.filter(state=State.CONFIRMED).order_by("?")[:8]
        offered = Registration.objects.filter(state=State.OFFERED)
        requests = [
            form(by_user[each.user_id or 0], f"/tickets/{each.code}/cancel/", HOST) for each in leaving
        ] + [form(by_user[each.user_id or 0], f"/tickets/{each.code}/accept/", HOST) for each in offered] * 2
        random.Random(1).shuffle(requests)
        send_all(site, requests)
        Registration.objects.filter(state=State.OFFERED).update(until=dt.datetime.now(dt.UTC))
        actions.let_run_out()

    all_is_in_order(desk)


def test_workers_that_are_killed_leave_nothing_half_done(desk, start_workers):
    site, browsers = start_workers(), make_browsers(500)
    stop = threading.Event()

    def kill() -> None:
        for _ in range(4):
            if stop.wait(0.7):
                return
            site.kill_a_worker()

    killing = threading.Thread(target=kill)
    killing.start()
    send_all(site, [press(desk, each) for each in browsers])
    stop.set()
    killing.join()
    # Who got no answer presses again, and finds what they have.
    send_all(site, [press(desk, each) for each in browsers])

    all_is_in_order(desk)
    told_once(desk)
    assert Registration.objects.filter(state=State.CONFIRMED).count() == PLACES
    assert Registration.objects.count() == len(browsers)


def test_without_the_check_the_same_rush_oversells(desk, start_workers):
    """The control. The constraints go as well, since they would refuse what the code lets through."""
    with connection.cursor() as cursor:
        for table, name in (("desk", "desk"), ("tickettype", "type")):
            cursor.execute(f"ALTER TABLE registrations_{table} DROP CONSTRAINT registrations_{name}_capacity")
    try:
        site = start_workers(APPLICATION="myapp.testing.unguarded:application")
        browsers = make_browsers(600)
        send_all(site, [press(desk, each) for each in browsers])
        assert Registration.objects.filter(state=State.CONFIRMED).count() == len(browsers)
        assert any("says 600 taken" in told for each in INVARIANTS for told in each("default"))
    finally:
        Registration.objects.all().update(state=State.CANCELLED)
        with connection.cursor() as cursor:
            for table, name in (("desk", "desk"), ("tickettype", "type")):
                cursor.execute(f"UPDATE registrations_{table} SET taken = 0")
                cursor.execute(
                    f"ALTER TABLE registrations_{table} ADD CONSTRAINT registrations_{name}_capacity"
                    " CHECK (capacity IS NULL OR taken <= capacity)"
                )
