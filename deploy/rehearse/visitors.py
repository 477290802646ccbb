"""People who look at the site while it is changed or broken, and remember every answer that was none."""

from __future__ import annotations

import http.client
import itertools
import re
import socket
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from machine import DOMAIN, must

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET = "/run/eventmate/eventmate.sock"
PATIENCE = 60.0  # as long as Nginx waits for a personal page

_trusting = ssl.create_default_context()
_trusting.check_hostname = False
_trusting.verify_mode = ssl.CERT_NONE


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str
    cookies: list[str] = field(default_factory=list)


def ask(path: str, *, method: str = "GET", body: str = "", directly: str = "", **headers: str) -> Answer:
    """Ask over a new connection: Nginx by TLS, or the application's socket directly."""
    connection = http.client.HTTPConnection(DOMAIN, timeout=PATIENCE)
    if directly:
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(PATIENCE)
        plain.connect(directly)
        connection.sock = plain
    else:
        plain = socket.create_connection(("127.0.0.1", 443), PATIENCE)
        connection.sock = _trusting.wrap_socket(plain, server_hostname=DOMAIN)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, given | {"Connection": "close"})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        cookies = answer.headers.get_all("Set-Cookie") or []
        return Answer(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, text, cookies
        )
    finally:
        connection.close()


class Person:
    """Somebody with a browser: keeps cookies, fills in forms."""

    def __init__(self) -> None:
        """Begin without a cookie."""
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        """Look at a page."""
        return self._ask(path)

    def post(self, path: str, **fields: str) -> Answer:
        """Send the form of a page, with the token that stands in it."""
        page = self.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)
        must(token, f"{path} has no form ({page.status})")
        fields["csrfmiddlewaretoken"] = token[1] if token else ""
        return self._ask(
            path,
            method="POST",
            body=urlencode(fields),
            Content_Type="application/x-www-form-urlencoded",
            Referer=f"https://{DOMAIN}{path}",
        )

    def sign_in(self, login: str, password: str) -> Self:
        """Sign in, and see that the site knows it."""
        answer = self.post("/accounts/login/", login=login, password=password)
        must(answer.status == 302, f"{login} cannot sign in: {answer.status}")
        must(self.is_signed_in(), f"{login} has signed in and the site does not know it")
        return self

    def is_signed_in(self) -> bool:
        """Whether the island at the top of every page knows them."""
        return "/accounts/logout/" in self.get("/_mine/shell/").body

    def _ask(self, path: str, **options: str) -> Answer:
        answer = ask(
            path, **options, Cookie="; ".join(f"{name}={value}" for name, value in self.cookies.items())
        )
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


class Crowd:
    """Visitors who come one after the other until the crowd is left; `failed` holds what went wrong.

    Some see pages that Nginx keeps, some search for what nobody has searched for, some sign in, one has signed in; and
    some ask the application directly, as fast as it answers, so that not one moment of a restart goes unnoticed.
    """

    def __init__(self, person: Person | None = None, *, directly: tuple[str, ...] = (SOCKET,)) -> None:
        """Make them ready; `directly` names the sockets that are asked without Nginx."""
        self.asked: Counter[str] = Counter()
        self.failed: list[str] = []
        self.slowest = 0.0
        self._leave = threading.Event()
        self._words = itertools.count()
        visits = [
            self._visit("/", 0.02),
            self._visit("/accounts/login/", 0.3),
            self._visit("/events/?q={}", 0.1),
        ]
        visits += [self._visit("/events/?q={}", 0.0, socket) for socket in directly for _ in range(3)]
        if person:
            visits.append(self._visit("/_mine/shell/", 0.8, person=person))
        self._threads = [threading.Thread(target=self._walk, args=(visit,), daemon=True) for visit in visits]

    def __enter__(self) -> Self:
        """Let them in, and wait until each has been answered once."""
        for thread in self._threads:
            thread.start()
        time.sleep(1.0)
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the last answers."""
        time.sleep(1.0)
        self._leave.set()
        for thread in self._threads:
            thread.join(PATIENCE + 5)

    def _visit(
        self, path: str, pause: float, directly: str = "", person: Person | None = None
    ) -> Iterator[str]:
        """Yield what went wrong with each visit, an empty text when nothing did."""
        headers = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "127.0.0.1"} if directly else {}
        while not self._leave.wait(pause):
            address = path.format(next(self._words))
            began = time.monotonic()
            try:
                answer = person.get(address) if person else ask(address, directly=directly, **headers)
                wrong = (
                    ""
                    if answer.status == 200
                    else f"{answer.status} {answer.headers.get('x-cache-status', '')}"
                )
            except (OSError, http.client.HTTPException) as error:
                wrong = repr(error)
            took = time.monotonic() - began
            self.slowest = max(self.slowest, took)
            yield f"{address}{' directly' * bool(directly)} after {took:.2f} s: {wrong}" if wrong else ""

    def _walk(self, visit: Iterator[str]) -> None:
        for wrong in visit:
            self.asked["all"] += 1
            if wrong:
                self.failed.append(wrong)

    def told(self) -> str:
        """Return how many asked, how many failed, and how long the slowest waited."""
        return f"{len(self.failed)} of {self.asked['all']} requests failed, the slowest took {self.slowest:.1f} s"

    def must_all_be_answered(self) -> str:
        """Return what was seen; a lie if one request failed."""
        self.must_fail_at_most(0)
        return self.told()

    def must_fail_at_most(self, number: int) -> None:
        """Raise a lie that names the requests which failed, if these are more."""
        must(len(self.failed) <= number, "\n      ".join([self.told(), *self.failed[:20]]))
