"""What one process tells its streams: with real descriptors and a real LISTEN, without gunicorn."""

import os
import resource
import socket
import threading
import time

import psycopg
import pytest
from django.core.signing import TimestampSigner
from django.http import HttpRequest
from django.urls import reverse

from myapp.events.models import Event, Status, Visibility
from myapp.registrations import live
from myapp.registrations.desk_panel import panel_of
from myapp.registrations.keys import seats_key_of
from myapp.registrations.live import Hub
from myapp.registrations.models import Desk, Way
from myapp.registrations.seats import Seats, board_of, boards_of
from myapp.testing.factories import make_desk, make_event, make_registration, make_ticket_type
from myapp.testing.servers import wait_for
from myapp.web import streams
from myapp.web.streams import BEAT, Stream


class Client:
    """The other end of a stream."""

    def __init__(self):
        ours, self.socket = socket.socketpair()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
        self.socket.settimeout(5)
        self.stream = Stream(ours.detach())

    def read(self):
        """Return what it is told next; a sign of life tells nothing, and may come at any moment."""
        while not (said := self.read_anything()).strip(b":\n"):
            assert said
        return said

    def read_anything(self):
        return self.socket.recv(65536)

    def fill(self):
        """Leave everything unread until nothing more goes in."""
        while self.stream.write(b":" * 100):
            pass

    def close(self):
        self.stream.end()
        self.socket.close()


@pytest.fixture
def hub():
    """A hub of the test's own."""
    return Hub()


@pytest.fixture
def join(hub, monkeypatch):
    """Join its streams."""
    clients = []
    monkeypatch.setattr(live, "hub", hub)
    monkeypatch.setattr(live, "PROBE_SECONDS", 0.1)
    streams.hold_here()

    def joined(desk, language="en", seen=-1, *, has_key=False):
        client = Client()
        clients.append(client)
        board = board_of(desk.event.code)
        assert board is not None
        hub.join(client.stream, board, language, seen, has_key=has_key)
        return client

    yield joined
    hub.end()
    streams.hold_none()
    for client in clients:
        client.close()


@pytest.fixture
def still(join, monkeypatch):
    """The same, where nothing happens by itself."""
    monkeypatch.setattr(Hub, "_begin", lambda _self: None)
    return join


@pytest.fixture
def desk(transactional_db):
    return make_desk(capacity=40)


def test_it_listens_and_tells(join, desk):
    client = join(desk)
    assert b"40 places left" in client.read()
    make_registration(desk.types.get())
    assert b"39 places left" in client.read()


def test_what_changes_often_is_read_twice_a_second(join, desk, monkeypatch):
    looks = []

    def counted(events):
        looks.append(set(events))
        return boards_of(events)

    monkeypatch.setattr(live, "boards_of", counted)
    client, other = join(desk), make_desk()
    client.read()
    began, ticket = time.monotonic(), desk.types.get()
    for _ in range(12):
        make_registration(ticket)
        make_registration(other.types.get())  # nobody watches it
    while b"28 places left" not in client.read():
        pass
    assert len(looks) <= (time.monotonic() - began) / live.READ_SECONDS + 2
    assert {event for look in looks for event in look} == {desk.pk}


def test_a_change_between_reading_and_watching_is_not_lost(hub, still, desk):
    board = board_of(desk.event.code)
    make_registration(desk.types.get())
    client = Client()
    hub.join(client.stream, board, "en")
    assert b"40 places left" in client.read()
    hub._round(time.monotonic())
    assert b"39 places left" in client.read()
    client.close()


def test_a_stream_that_takes_nothing_gets_the_newest_later(hub, still, desk):
    slow, quick = still(desk), still(desk)
    slow.fill()
    ticket = desk.types.get()
    for _ in range(3):
        make_registration(ticket)
        hub._note({desk.pk})
        hub._read_and_tell()
    told = quick.read()
    assert [b"%d places left" % left in told for left in (39, 38, 37)] == [True, True, True]
    slow.read_anything()
    hub._beat(slow.stream.turn)
    told = slow.read()
    assert b"37 places left" in told
    assert b"38 places left" not in told
    slow.fill()
    hub._beat(slow.stream.turn)
    assert slow.stream.descriptor == -1  # nothing was read for twenty seconds


def test_each_has_a_sign_of_life_in_twenty_seconds(hub, still, desk):
    client = still(desk)
    client.read()
    hub._read_and_tell()
    for turn in range(streams.BEAT_SECONDS):
        hub._beat(turn)
    assert client.read_anything() == BEAT


def test_who_has_gone_is_forgotten_with_the_event(hub, still, desk):
    client = still(desk)
    client.socket.close()
    hub._beat(client.stream.turn)
    assert (client.stream.descriptor, streams.number_open()) == (-1, 0)
    assert (hub._topics, hub._by_code) == ({}, {})


@pytest.mark.parametrize(
    ("now", "with_key"),
    [
        ({"visibility": Visibility.MEMBERS}, 200),
        ({"visibility": Visibility.CAMPUS}, 200),
        ({"visibility": Visibility.LINK}, 200),
        ({"status": Status.DRAFT}, 404),
        ({"status": Status.WITHDRAWN}, 404),
    ],
    ids=str,
)
def test_what_is_not_for_everyone_has_a_stream_for_who_has_the_key(hub, still, client, desk, now, with_key):
    reader, one_with_key = still(desk), still(desk, has_key=True)
    for each in (reader, one_with_key):
        each.read()
    key = seats_key_of(desk.event)
    Event.objects.filter(pk=desk.pk).update(**now)
    without_key = 200 if now == {"visibility": Visibility.LINK} else 404
    hub._look_again_at = 0.0
    hub._round(time.monotonic())
    hub._may_read_at = 0.0
    hub._round(time.monotonic())

    assert [each.stream.descriptor == -1 for each in (reader, one_with_key)] == [
        without_key == 404,
        with_key == 404,
    ]
    for name in ("seats_stream", "seats_part"):
        path = reverse(f"registrations:{name}", args=[desk.event.code])
        assert client.get(path).status_code == without_key
        path = reverse(f"registrations:{name}_by_key", args=[key])
        assert client.get(path).status_code == with_key


def test_who_has_the_key_is_told_of_what_is_for_the_campus(hub, still, desk):
    Event.objects.filter(pk=desk.pk).update(visibility=Visibility.CAMPUS)
    with_key, without = still(desk, has_key=True), still(desk)
    assert b"40 places left" in with_key.read()
    make_registration(desk.types.get())
    hub._note({desk.pk})
    hub._read_and_tell()

    assert b"39 places left" in with_key.read()
    assert (without.stream.descriptor, without.socket.recv(99)) == (-1, b"")  # not a word


@pytest.mark.parametrize("name", ["seats_stream_by_key", "seats_part_by_key"])
def test_a_key_opens_the_places_of_one_event_for_a_week(still, client, desk, name, monkeypatch):
    Event.objects.filter(pk=desk.pk).update(visibility=Visibility.MEMBERS)
    other = make_desk(make_event(visibility=Visibility.MEMBERS))
    key = seats_key_of(desk.event)
    forged = seats_key_of(other.event).replace(other.event.code, desk.event.code)
    other_kind = TimestampSigner(sep=".", salt="registrations.keys").sign(desk.event.code)

    def status(key, seconds_later=0):
        now = time.time()
        with monkeypatch.context() as later:
            later.setattr(time, "time", lambda: now + seconds_later)
            return client.get(reverse(f"registrations:{name}", args=[key])).status_code

    assert [status(key), status(key, 604_000), status(key, 605_000)] == [200, 200, 404]
    assert [status(each) for each in (forged, other_kind, "x.y.z", f"{desk.event.code}.", "💥")] == [404] * 5


def test_the_part_for_who_has_the_key_is_kept_by_nobody(client, desk, django_assert_num_queries):
    Event.objects.filter(pk=desk.pk).update(visibility=Visibility.CAMPUS)
    path = reverse("registrations:seats_part_by_key", args=[seats_key_of(desk.event)])
    with django_assert_num_queries(1):
        answer = client.get(path)

    assert "40 places left" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert "X-Accel-Expires" not in answer


def test_a_worker_that_has_no_room_says_so_politely(still, client, desk):
    path = reverse("registrations:seats_stream", args=[desk.event.code])
    streams.hold_here(most=1)
    answer = client.get(path)
    assert (answer.status_code, answer.streaming) == (200, True)
    still(desk)
    answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"], answer.content) == (204, "300", b"")
    assert "no-store" in answer["Cache-Control"]


def test_a_server_that_hands_nothing_over_has_no_room(client, desk):
    assert client.get(reverse("registrations:seats_stream", args=[desk.event.code])).status_code == 204


def test_behind_pgbouncer_it_listens_elsewhere_or_not_at_all(still, client, desk, settings):
    path = reverse("registrations:seats_stream", args=[desk.event.code])
    settings.BEHIND_PGBOUNCER = True
    assert client.get(path).status_code == 204
    settings.DATABASE_LISTEN = {"NAME": settings.DATABASES["default"]["NAME"]}
    assert client.get(path).status_code == 200


def test_the_database_being_away_is_waited_for(join, desk, monkeypatch):
    refused = threading.Event()
    usual = live.connect

    def away():
        refused.set()
        raise psycopg.OperationalError("no")

    monkeypatch.setattr(live, "connect", away)
    client = join(desk)
    client.read()
    wait_for(refused.is_set)
    make_registration(desk.types.get())
    monkeypatch.setattr(live, "connect", usual)
    assert b"39 places left" in client.read()


def test_a_process_holds_no_more_than_half_of_the_files_it_may_open(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (1024, 4096))
    streams.hold_here()
    assert streams._most == 512
    streams.hold_none()
    assert not streams.has_room()


def test_the_beginning_of_a_stream_is_a_whole_answer():
    held = streams.Held(HttpRequest(), lambda _stream: None)
    head, _, body = held.head().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
    assert body.startswith(b"retry: ")


def test_a_descriptor_is_closed_once():
    client = Client()
    client.close()
    taken = os.open("/dev/null", os.O_WRONLY)  # often the same number again
    client.close()
    assert client.stream.write(b"lost")
    os.close(taken)  # raises where somebody has closed it


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("capacity", "types", "seats"),
    [
        (40, [None], Seats(40, 38, 2, 0)),
        (40, [10, 20], Seats(30, 28, 2, 0)),
        (20, [10, 20], Seats(20, 18, 2, 0)),
        (None, [10, None], Seats(None, None, 2, 0)),
        (None, [10, 20], Seats(30, 28, 2, 0)),
        (2, [10], Seats(2, 0, 2, 1)),
    ],
    ids=str,
)
def test_the_stream_says_what_the_page_says(capacity, types, seats, django_assert_num_queries):
    desk = make_desk(make_event(), types=0, capacity=capacity)
    kinds = [make_ticket_type(desk, capacity=each) for each in types]
    for _ in range(3 if seats.waiting else 2):
        make_registration(kinds[0])
    with django_assert_num_queries(1):
        shown = board_of(desk.event.code)
    assert shown.seats == seats
    found = Desk.objects.get(pk=desk.pk)
    assert panel_of(found, found.types.all())["seats"] == seats
    assert shown.number == Desk.objects.get(pk=desk.pk).log_size


@pytest.mark.django_db
def test_an_event_that_registers_elsewhere_has_no_board():
    desk = make_desk(way=Way.ELSEWHERE, url="https://example.org/")
    assert board_of(desk.event.code) is None
    assert board_of("nowhere") is None
    assert boards_of([desk.pk, 0]) == {}


@pytest.mark.django_db
def test_many_boards_are_read_with_one_query(django_assert_num_queries):
    desks = [make_desk(types=2) for _ in range(3)]
    with django_assert_num_queries(1):
        assert set(boards_of(desk.pk for desk in desks)) == {desk.pk for desk in desks}
