"""Thousands of people who press the button at once: browsers of which only the bytes on the wire are left."""

from __future__ import annotations

import datetime as dt
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from myapp.accounts.models import User
from myapp.testing.people import hashed

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Browser(NamedTuple):
    """Somebody who has signed in: the person, and the cookies that prove it."""

    user_id: int
    cookies: str
    token: str


def make_browsers(number: int, *, prefix: str = "rush") -> list[Browser]:
    """Create that many people who have signed in; two inserts, whatever their number."""
    password = hashed()
    people = User.objects.bulk_create(
        User(
            username=f"{prefix}{each}",
            email=f"{prefix}{each}@example.edu",
            name=f"Person {each}",
            password=password,
        )
        for each in range(number)
    )
    store, browsers, sessions = SessionStore(), [], []
    until = timezone.now() + dt.timedelta(days=1)
    for person in people:
        key, token = secrets.token_hex(16), secrets.token_hex(16)
        told = {
            SESSION_KEY: str(person.pk),
            BACKEND_SESSION_KEY: _BACKEND,
            HASH_SESSION_KEY: person.get_session_auth_hash(),
        }
        sessions.append(Session(session_key=key, session_data=store.encode(told), expire_date=until))
        browsers.append(Browser(person.pk, f"sessionid={key}; csrftoken={token}; signed_in=1", token))
    Session.objects.bulk_create(sessions)
    return browsers


def form(browser: Browser, path: str, host: str, **fields: str) -> bytes:
    """Return the request that sends a form of a page."""
    body = urlencode({"csrfmiddlewaretoken": browser.token, **fields})
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {browser.cookies}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
    ).encode()


def page(browser: Browser, path: str, host: str) -> bytes:
    """Return the request that asks for a page."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {browser.cookies}\r\n\r\n".encode()


@dataclass
class Rush:
    """What became of many requests: how many answers of each status, how long each took, and what got none.

    `led` says where each answer led ("" for one that is no redirect), with its request.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    unanswered: list[bytes] = field(default_factory=list)
    led: list[tuple[str, bytes]] = field(default_factory=list)
    took: float = 0.0

    def percentile(self, share: float) -> float:
        """Return how long the slowest but that share of the answers took."""
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))] if self.seconds else 0.0


def rush(port: int, requests: Sequence[bytes], *, hands: int = 32, within: float = 0.0) -> Rush:
    """Send requests, so many at a time, on connections that stay open; `within` spreads them over so many seconds."""
    seen, lock = Rush(), threading.Lock()
    began = time.monotonic()
    line = iter(_paced(requests, began, within))

    def send() -> None:
        connection: socket.socket | None = None
        while True:
            with lock:
                entry = next(line, None)
            if entry is None:
                break
            due, request = entry
            time.sleep(max(due - time.monotonic(), 0))
            since = time.monotonic() if not within else due
            try:
                connection = connection or socket.create_connection(("127.0.0.1", port), timeout=60)
                connection.sendall(request)
                status, location, stays_open = _read_answer(connection)
            except OSError:
                if connection:
                    connection.close()
                connection = None
                with lock:
                    seen.unanswered.append(request)
                continue
            if not stays_open:
                connection.close()
                connection = None
            with lock:
                seen.statuses[status] += 1
                seen.led.append((location, request))
                seen.seconds.append(time.monotonic() - since)
        if connection:
            connection.close()

    threads = [threading.Thread(target=send, daemon=True) for _ in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.took = time.monotonic() - began
    return seen


def _paced(requests: Iterable[bytes], began: float, within: float) -> Iterator[tuple[float, bytes]]:
    requests = list(requests)
    pause = within / len(requests) if within and requests else 0.0
    for number, request in enumerate(requests):
        yield (began + number * pause if pause else time.monotonic()), request


def _read_answer(connection: socket.socket) -> tuple[int, str, bool]:
    """Read one answer; returns its status, where it leads, and whether the connection may be used again."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            raise ConnectionResetError("The connection was closed before the answer was there.")
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    headers = head.lower().split(b"\r\n")
    length = next((int(each.split(b":")[1]) for each in headers if each.startswith(b"content-length:")), 0)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            raise ConnectionResetError("The connection was closed in the middle of an answer.")
        body += more
    leads = next((each.split(b": ", 1)[1] for each in headers if each.startswith(b"location: ")), b"")
    return int(head.split(b" ", 2)[1]), leads.decode(), b"connection: close" not in headers
