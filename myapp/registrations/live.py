"""Places left, moving on open pages: one LISTEN to PostgreSQL for each worker, handed on to all its streams.

The database says `pg_notify('seats', <event>)` in every transaction that changes a desk (the second migration). The
listener, on a connection of its own outside the pool, writes down which events changed. The teller reads what changed and
is watched, in one query and at most twice a second, and writes the same bytes to every stream of the event. A stream that
cannot take a message gets the newest one later: numbers are states, not steps, so nothing that lies between is missed.

Both are threads (under gevent greenlets) that begin with the first stream. A worker that is told to go leaves its streams
where they are until it ends; their browsers come back, and who comes gets the present state at once.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError, connection
from django.template.loader import render_to_string
from django.utils import translation

from eventmate.postgresql.base import DatabaseWrapper
from myapp.registrations.seats import Board, board_of, boards_of
from myapp.web import streams
from myapp.web.streams import BEAT, BEAT_SECONDS, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

CHANNEL = "seats"
READ_SECONDS = 0.5  # between two looks at what changed
LOOK_AGAIN_SECONDS = 30  # everything that is watched, whatever was heard: an event may be withdrawn meanwhile
PROBE_SECONDS = 30.0  # of silence, after which the listener asks whether anybody is there
PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0)  # before it connects again
TOGETHER = 200  # streams that are written to before others may have the worker


class Watcher(NamedTuple):
    """Who has a stream: in which language they read, and whether they may know what is not open to everyone."""

    language: str
    has_key: bool


class Topic:
    """An event that is watched: what is shown of it, and to whom."""

    __slots__ = ("_messages", "board", "streams")

    def __init__(self, board: Board) -> None:
        self.board = board
        self.streams: dict[Stream, Watcher] = {}
        self._messages: dict[str, bytes] = {}

    def show(self, board: Board) -> None:
        """Be told the present state."""
        if board != self.board:
            self.board = board
            self._messages = {}

    def message(self, language: str) -> bytes:
        """Return the present state as a message; made once for each language and change."""
        if language not in self._messages:
            self._messages[language] = message_of(self.board, language)
        return self._messages[language]


def message_of(board: Board, language: str) -> bytes:
    """Return a state as one server-sent event: what the page shows, in a language. No queries."""
    with translation.override(language):
        shown = render_to_string("registrations/_seats_now.html", {"seats": board.seats})
    return f"id: {board.number}\ndata: {' '.join(shown.split())}\n\n".encode()


class Hub:
    """All that one process tells."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._topics: dict[int, Topic] = {}
        self._by_code: dict[str, Topic] = {}
        self._changed: set[int] = set()
        self._woken = threading.Event()
        self._threads: list[threading.Thread] = []
        self._ended = False
        self._may_read_at = self._beat_at = self._look_again_at = 0.0

    def board(self, code: str, seen: int = -1, *, has_key: bool = False) -> Board | None:
        """Return the present state of an event, None where there is nothing of it; no query where it is watched.

        `seen` is the number of what the client knows already: where that is newer, the database is asked; also where
        those who watch it have the key and whoever asks has none.
        """
        topic = self._by_code.get(code)
        if topic is not None and topic.board.number >= seen and (topic.board.open or has_key):
            return topic.board
        return board_of(code)

    def join(
        self, stream: Stream, board: Board, language: str, seen: int = -1, *, has_key: bool = False
    ) -> None:
        """Let a stream have the state now, unless it has `seen` it, and every change from now on.

        Without a key it ends as soon as the event is not open to everyone any more.
        """
        with streams.lock:
            topic = self._topics.get(board.event)
            if topic is None:
                topic = self._topics[board.event] = self._by_code[board.code] = Topic(board)
                # It was read before anybody watched: a change in between was heard by no one.
                self._changed.add(board.event)
                self._woken.set()
            elif board != topic.board and board.number >= topic.board.number:
                topic.show(board)  # the others have it with the next look
            watcher = topic.streams[stream] = Watcher(language, has_key)
            stream.on_end(lambda ended: self._leave(ended, topic))
            stream.seen = topic.board if seen == topic.board.number else None
            self._tell_one(stream, topic, watcher)
        self._begin()

    def _leave(self, stream: Stream, topic: Topic) -> None:
        with streams.lock:
            topic.streams.pop(stream, None)
            if not topic.streams:
                self._topics.pop(topic.board.event, None)
                self._by_code.pop(topic.board.code, None)

    def _tell_one(self, stream: Stream, topic: Topic, watcher: Watcher) -> bool:
        """Write the present state where the stream has another one and may have this; False where there was no room."""
        if not (topic.board.open or watcher.has_key):
            stream.end()
            return True
        if stream.seen == topic.board:
            return True
        if not stream.write(topic.message(watcher.language)):
            return False
        stream.seen = topic.board
        return True

    # --- hearing what changed

    def _begin(self) -> None:
        """Start what is not running: with the first stream, and after a fork."""
        with streams.lock:
            if self._ended or any(thread.is_alive() for thread in self._threads):
                return
            self._threads = [
                threading.Thread(target=work, name=f"seats-{name}", daemon=True)
                for name, work in (("listener", self._listen), ("teller", self._tell))
            ]
            for thread in self._threads:
                thread.start()

    def _listen(self) -> None:
        """Write down which events changed, for ever; after a silence of the connection's, all that are watched."""
        failures = 0
        while not self._ended:
            try:
                with connect() as listening:
                    listening.execute(f"LISTEN {CHANNEL}")
                    if failures > 1:
                        logger.warning("PostgreSQL is heard again: places left move on open pages.")
                    failures = 0
                    self._note(self._topics)
                    self._hear(listening)
            except psycopg.Error as error:
                failures += 1
                if failures == 2:  # one alone is a restart of the server's
                    logger.warning("PostgreSQL is not heard (%s): open pages stay as they are.", error)
                pause = PAUSES[min(failures, len(PAUSES)) - 1]
                time.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311 - only so that workers do not come together

    def _hear(self, listening: psycopg.Connection) -> None:
        while not self._ended:
            heard = False
            for notification in listening.notifies(timeout=PROBE_SECONDS):
                heard = True
                if notification.payload.isdecimal():
                    self._note({int(notification.payload)})
            if not heard:
                listening.execute("SELECT 1")

    def _note(self, events: set[int] | dict[int, Topic]) -> None:
        """Remember those of the events that are watched."""
        with streams.lock:
            watched = self._topics.keys() & set(events)
            self._changed |= watched
        if watched:
            self._woken.set()

    # --- telling it

    def _tell(self) -> None:
        """Tell what changed, and give signs of life, for ever."""
        while not self._ended:
            self._woken.wait(self._pause())
            self._woken.clear()
            try:
                self._round(time.monotonic())
            except DatabaseError:
                # Said by the listener, who is without it as well.
                self._may_read_at = time.monotonic() + 4 * READ_SECONDS
            except Exception:
                logger.exception("What changed could not be told")
                self._may_read_at = time.monotonic() + 4 * READ_SECONDS

    def _pause(self) -> float:
        until = min(self._beat_at, self._may_read_at) if self._changed else self._beat_at
        return max(until - time.monotonic(), 0.0)

    def _round(self, now: float) -> None:
        if self._changed and now >= self._may_read_at:
            self._may_read_at = now + READ_SECONDS
            self._read_and_tell()
        if now >= self._beat_at:
            self._beat_at = now + 1.0
            self._beat(int(now) % BEAT_SECONDS)
        if now >= self._look_again_at:
            self._look_again_at = now + LOOK_AGAIN_SECONDS
            self._note(self._topics)

    def _read_and_tell(self) -> None:
        """Read the events that changed, and tell whoever watches them; one query."""
        with streams.lock:
            asked = self._changed & self._topics.keys()
            self._changed = set()
        if not asked:
            return
        try:
            boards = boards_of(asked)
        except DatabaseError:
            with streams.lock:
                self._changed |= asked
            raise
        finally:
            connection.close()
        for event in asked:
            topic = self._topics.get(event)
            if topic is None:
                continue
            if event in boards:
                topic.show(boards[event])
                self._each(topic, self._tell_one)
            else:  # it is not out any more, which its browsers learn when they come back
                self._each(topic, lambda stream, *_: stream.end())

    def _beat(self, turn: int) -> None:
        """Give a sign of life to those whose turn it is, or what they have not got; who takes neither is gone."""

        def beat(stream: Stream, topic: Topic, watcher: Watcher) -> None:
            if stream.turn != turn:
                return
            took = (
                stream.write(BEAT) if stream.seen == topic.board else self._tell_one(stream, topic, watcher)
            )
            if not took:
                stream.end()

        for topic in tuple(self._topics.values()):
            self._each(topic, beat)

    def _each(self, topic: Topic, act: Callable[[Stream, Topic, Watcher], object]) -> None:
        """Do something with each stream of a topic, and let others have the worker in between."""
        for number, (stream, watcher) in enumerate(tuple(topic.streams.items()), 1):
            with streams.lock:
                act(stream, topic, watcher)
            if number % TOGETHER == 0:
                time.sleep(0)

    def end(self) -> None:
        """Stop, for tests; the streams are others' to end."""
        self._ended = True
        self._woken.set()
        for thread in self._threads:
            thread.join(5)


def connect() -> psycopg.Connection:
    """Return a connection of the listener's own: to PostgreSQL itself, since PgBouncer gives one away after each
    transaction and hears nothing.
    """
    named = connection.settings_dict | settings.DATABASE_LISTEN
    params = DatabaseWrapper(named, "listen").get_connection_params()
    return psycopg.connect(**params | {"autocommit": True, "application_name": "eventmate seats"})


def can_listen() -> bool:
    """Whether what the settings say leads to a server that can be listened to."""
    return bool(settings.DATABASE_LISTEN) or not settings.BEHIND_PGBOUNCER


hub = Hub()
