"""Many who use the site at once, while something happens to it."""

import threading
from typing import Self

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from myapp.accounts.models import User
from myapp.testing.servers import Answer, Site, wait_for


def sign_in(user: User) -> str:
    """Return the cookies of somebody who signed in before anything happened; in the database alone."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"sessionid={session.session_key}; signed_in=1"


class Crowd:
    """People who keep asking for pages until told to stop; what they got is in `answers`."""

    PATHS = ("/", "/events/", "/_mine/shell/", "/events/?q=talk", "/organisations/", "/accounts/email/")

    def __init__(self, site: Site, cookies: str) -> None:
        """Let three of them have the same cookies."""
        self.site, self.cookies = site, cookies
        self.answers: list[tuple[str, Answer | str]] = []
        self._over = threading.Event()
        self._people = [threading.Thread(target=self._ask, args=[offset]) for offset in range(3)]

    def __enter__(self) -> Self:
        """Begin to ask."""
        for person in self._people:
            person.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop asking."""
        self._over.set()
        for person in self._people:
            person.join(30)

    def _ask(self, turn: int) -> None:
        while not self._over.is_set():
            turn += 1
            path = self.PATHS[turn % len(self.PATHS)]
            try:
                self.answers.append((path, self.site.get(path, cookies=self.cookies)))
            except OSError as error:
                self.answers.append((path, repr(error)))

    def wait_for_more(self, number: int = 30) -> None:
        """Return when they got so many more answers."""
        most = len(self.answers) + number
        wait_for(lambda: len(self.answers) >= most)

    def complaints(self, *, knows: str) -> list[str]:
        """Return what no one should have got: anything but a page, or an island that does not know a name."""
        return [
            f"{path}: {answer if isinstance(answer, str) else answer.status}"
            for path, answer in self.answers
            if isinstance(answer, str)
            or answer.status != 200
            or (path == "/_mine/shell/" and knows not in answer.body)
        ]
