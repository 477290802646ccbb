"""Places left move on open pages, through real workers of gunicorn: whatever was committed elsewhere arrives."""

import http.client
import re
import signal
import time
from contextlib import ExitStack

import pytest
from django.db import connection
from django.urls import reverse
from playwright.sync_api import expect

from myapp.events.models import Event, Membership, Visibility
from myapp.registrations import actions
from myapp.registrations.models import Desk, State
from myapp.testing.factories import make_desk, make_person, make_registration
from myapp.testing.people import browser_of
from myapp.testing.servers import Site, url_of_test_database, wait_for


class Reader:
    """A browser that has the page open: what its EventSource reads."""

    def __init__(self, port, path, **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.status, self.headers = self.answer.status, self.answer.headers

    def line(self):
        """The next line that is not empty; nothing once the stream has ended."""
        while True:
            line = self.answer.readline().decode()
            if line != "\n":
                return line.strip()

    def message(self):
        """The number and the words of the next message; nothing once the stream has ended."""
        number = ""
        while (line := self.line()) and not line.startswith("data: "):
            number = line.removeprefix("id: ") if line.startswith("id: ") else number
        return number, " ".join(re.sub("<[^>]*>", " ", line.removeprefix("data: ")).split())

    def until(self, words):
        """Read until it says so."""
        while (said := self.message()[1]) != words:
            assert said, "the stream ended"

    def close(self):
        self.answer.close()
        self.connection.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory, collected_static, django_db_setup):
    """Two workers of gunicorn on the database of these tests."""
    on = {"DATABASE_URL": url_of_test_database(), "DATA_DIR": str(collected_static)}
    more = {"WEB_CONCURRENCY": "2", "SITE_URL": "http://127.0.0.1", "REDIS_URL": ""}
    site = Site(tmp_path_factory.mktemp("site") / "log", on | more)
    yield site
    site.stop()


@pytest.fixture
def read(site):
    """Open the stream of an event."""
    with ExitStack() as stack:

        def opened(desk, prefix="", **headers):
            reader = Reader(site.port, f"{prefix}/_live/seats/{desk.event.code}/", **headers)
            stack.callback(reader.close)
            return reader

        yield opened


@pytest.fixture
def desk(transactional_db):
    return make_desk(capacity=40)


def test_a_change_made_elsewhere_reaches_every_worker_within_a_second(read, desk):
    readers = [read(desk) for _ in range(8)]
    assert {reader.message() for reader in readers} == {("0", "40 places left of 40")}

    make_registration(desk.types.get())
    began = time.monotonic()
    assert {reader.message() for reader in readers} == {("1", "39 places left of 40")}
    assert time.monotonic() - began < 1


def test_a_stream_says_what_it_is_and_that_nobody_may_keep_it(read, desk):
    reader = read(desk)

    assert reader.status == 200
    assert reader.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert reader.headers["X-Accel-Buffering"] == "no"
    assert "no-store" in reader.headers["Cache-Control"]
    assert reader.headers["X-Content-Type-Options"] == "nosniff"
    assert not {"Set-Cookie", "Content-Length", "Transfer-Encoding", "X-Accel-Expires"} & set(reader.headers)
    retry = [int(read(desk).line().removeprefix("retry: ")) for _ in range(5)]
    assert all(2000 <= each <= 20000 for each in retry)
    assert len(set(retry)) > 1


def test_who_comes_back_gets_what_they_have_not_seen_at_once(read, desk):
    ticket = desk.types.get()
    first = make_registration(ticket)
    assert read(desk, **{"Last-Event-ID": "0"}).message() == ("1", "39 places left of 40")
    up_to_date = read(desk, **{"Last-Event-ID": "1"})
    actions.cancel(first, acting_user=first.user)
    assert up_to_date.message() == ("2", "40 places left of 40")
    # After a database has been restored the page has seen more than there is.
    assert read(desk, **{"Last-Event-ID": "999"}).message() == ("2", "40 places left of 40")
    # What a worker tells somebody new may be half a second old.
    read(desk, **{"Last-Event-ID": "x" * 99}).until("40 places left of 40")


def test_each_reads_it_in_the_language_of_the_page(read, desk):
    english, french = read(desk), read(desk, "/fr")
    assert english.message()[1] == "40 places left of 40"
    assert french.message()[1] == "40 places libres sur 40"
    make_registration(desk.types.get())
    assert french.message()[1] == "39 places libres sur 40"


def test_the_queue_moves_as_well(read, transactional_db):
    desk = make_desk(capacity=1)
    ticket = desk.types.get()
    first = make_registration(ticket)
    reader, french = read(desk), read(desk, "/fr")
    assert (reader.message()[1], french.message()[1]) == ("Full 1 place", "Complet 1 place")
    for waiting in ("1 person waits", "2 people wait"):
        make_registration(ticket)
        reader.until(f"Full 1 place · {waiting}")
    actions.cancel(first, acting_user=first.user)
    reader.until("Full 1 place · 1 person waits")
    french.until("Complet 1 place · 1 personne attend")


def test_a_listener_that_is_cut_off_listens_again_and_has_missed_nothing(read, desk):
    readers = [read(desk) for _ in range(4)]
    for reader in readers:
        reader.message()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'eventmate seats' AND datname = current_database()"
        )
        assert 1 <= cursor.fetchone()[0] <= 2
    make_registration(desk.types.get())  # while nobody listens, or just again
    for reader in readers:
        reader.until("39 places left of 40")
    make_registration(desk.types.get())
    for reader in readers:
        reader.until("38 places left of 40")


def test_a_server_that_crashed_is_heard_again_by_streams_that_stayed(start_site, postgres_server):
    helpers = (
        "import django; django.setup(); from myapp.testing.factories import make_desk, make_registration"
    )
    code = postgres_server.run("-c", f"{helpers}; print(make_desk(capacity=40).event.code)")
    site = start_site(DATABASE_URL=postgres_server.url, SITE_URL="http://127.0.0.1", REDIS_URL="")
    reader = Reader(site.port, f"/_live/seats/{code}/")
    assert reader.message()[1] == "40 places left of 40"
    postgres_server.kill()
    time.sleep(1)
    postgres_server.start()
    register = f"make_registration(Desk.objects.get(event__code={code!r}).types.get())"
    postgres_server.run("-c", f"{helpers}; from myapp.registrations.models import Desk; {register}")
    reader.until("39 places left of 40")
    reader.close()


def test_a_reload_waits_for_no_stream(site, read, desk):
    reader = read(desk)
    reader.message()
    before, began = site.workers(), time.monotonic()
    site._process.send_signal(signal.SIGHUP)

    assert reader.message() == ("", "")  # the end
    assert time.monotonic() - began < 15  # of the 30 that a request may take
    wait_for(lambda: not before & site.workers())  # the other one ends its streams as well
    again = read(desk, **{"Last-Event-ID": "0"})
    make_registration(desk.types.get())
    again.until("39 places left of 40")


def test_open_streams_are_counted_and_not_timed(site, read, desk):
    def open_now(metrics):
        return sum(
            map(float, re.findall(r'^eventmate_streams\{kind="seats"\} (\S+)$', metrics, re.MULTILINE))
        )

    readers = [read(desk) for _ in range(3)]
    time.sleep(0.3)  # as long as each of them has been open
    for reader in readers:
        reader.close()
    metrics = site.get("/metrics/").body
    assert 'eventmate_requests_total{route="registrations:seats_stream",status="200"}' in metrics
    seconds = re.findall(
        r'request_seconds_bucket\{le="10.0",route="registrations:seats_stream"\} (\S+)', metrics
    )
    counted = re.findall(r'request_seconds_count\{route="registrations:seats_stream"\} (\S+)', metrics)
    assert seconds == counted
    wait_for(lambda: open_now(site.get("/metrics/").body) == 0, seconds=10)


def test_the_open_page_moves(site, open_browser, desk):
    page = open_browser()
    page.goto(f"http://127.0.0.1:{site.port}{desk.event.path}")
    seats = page.locator("live-seats .seats")
    expect(seats).to_contain_text("40 places left")

    first = make_registration(desk.types.get())
    expect(seats).to_contain_text("39 places left", timeout=3000)
    expect(seats.locator("progress")).to_have_attribute("value", "1")

    streams = "document.querySelector('live-seats').source.readyState"
    assert page.evaluate(streams) == 1
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    assert page.evaluate(streams) == 2  # closed: nobody looks
    actions.cancel(first, acting_user=first.user)
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(seats).to_contain_text("40 places left", timeout=3000)


def test_the_page_of_what_is_for_members_moves_as_well(site, open_browser, desk):
    member = make_person()
    Membership.objects.create(organisation=desk.event.organisation, user=member)
    Event.objects.filter(pk=desk.pk).update(visibility=Visibility.MEMBERS)
    session = browser_of(member).cookies["sessionid"].value
    page, root = open_browser(), f"http://127.0.0.1:{site.port}"
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": root}])
    page.goto(root + reverse("mine:event_page", args=[desk.event.slug]))
    seats = page.locator("live-seats .seats")
    expect(seats).to_contain_text("40 places left")

    Desk.objects.update(capacity=50)
    expect(seats).to_contain_text("50 places left", timeout=3000)
    assert page.evaluate("document.querySelector('live-seats').source.readyState") == 1


def test_the_drawer_moves_and_lets_go_when_it_closes(site, open_browser, desk):
    page = open_browser(viewport={"width": 1280, "height": 800})
    page.goto(f"http://127.0.0.1:{site.port}/events/")
    page.locator("main").get_by_role("link", name=desk.event.title).first.click()
    seats = page.locator("#drawer live-seats .seats")
    expect(seats).to_contain_text("40 places left")
    make_registration(desk.types.get())
    expect(seats).to_contain_text("39 places left", timeout=3000)

    page.evaluate("window.source = document.querySelector('live-seats').source")
    page.keyboard.press("Escape")
    page.locator("#drawer[open]").wait_for(state="detached")
    # The dialog closes first and says so in a task of its own, in which its content goes.
    page.wait_for_function("source.readyState === EventSource.CLOSED", timeout=3000)


def test_without_streams_the_page_asks_slowly(open_browser, desk):
    """The server of tests hands no connection over, as runserver."""
    page = open_browser()
    page.clock.install()
    page.goto(desk.event.path)
    seats = page.locator("live-seats .seats")
    expect(seats).to_contain_text("40 places left")
    page.wait_for_function("document.querySelector('live-seats').asking")
    make_registration(desk.types.get())
    with page.expect_response(f"**/_part/seats/{desk.event.code}/"):
        page.clock.run_for(46_000)
    expect(seats).to_contain_text("39 places left")


def test_without_scripts_the_number_stands_as_it_was_rendered(open_browser, desk):
    ticket = desk.types.get()
    for _ in range(2):
        assert make_registration(ticket).state == State.CONFIRMED
    page = open_browser(scripts=False)
    page.goto(desk.event.path)
    expect(page.locator("live-seats .seats")).to_contain_text("38 places left")
