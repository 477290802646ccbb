"""How much processor time the shell island costs, beside what Django costs before any page of ours begins.

    DATABASE_URL=… REDIS_URL=… python benchmarks/shell_island.py [--requests 100] [--rounds 25]

Each row asks for one address again and again, in this process, through the whole of the middleware. "floor" is a view
that answers an empty page; "session + user" one that also asks who is there. The rows take turns, and of each the best
round counts: what else this machine does makes rounds slower, never faster. On a machine that is slow or busy the
milliseconds of the budget say little; there the island is held to its share of the floor in the same run.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
os.environ.setdefault("SECRET_KEY", "bench" * 12)

BUDGET = 1.6  # milliseconds of processor time
SHARE = 1.35  # of "session + user", which is 1.1 to 1.3 ms where the budget was set
ROUND_TRIPS = {"Redis": 2, "SQL": 1}


def environ(path: str, cookies: str) -> dict[str, Any]:
    """Return what a server hands to Django for a request, as a browser sends it."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_COOKIE": cookies,
        "HTTP_ACCEPT_ENCODING": "gzip, br",
        "HTTP_HX_REQUEST": "true",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
    }


def asker(handler: Any, path: str, cookies: str) -> Callable[[], bytes]:
    """Return a function that asks once and returns the body; anything but 200 stops the measurement."""

    def ask() -> bytes:
        answered = []
        response = handler(environ(path, cookies), lambda status, _headers: answered.append(status))
        body = b"".join(response)
        response.close()
        if not answered[0].startswith("200"):
            raise SystemExit(f"{path} answered {answered[0]}")
        return body

    return ask


def milliseconds(rows: dict[str, Callable[[], bytes]], requests: int, rounds: int) -> dict[str, float]:
    """Return for each row the processor time of one request in its best round."""
    best = dict.fromkeys(rows, float("inf"))
    for _ in range(rounds):
        for name, ask in rows.items():
            started = time.process_time()
            for _ in range(requests):
                ask()
            best[name] = min(best[name], (time.process_time() - started) / requests * 1000)
    return best


def round_trips(ask: Callable[[], object]) -> dict[str, int]:
    """Return how often one request asks Redis and PostgreSQL."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from redis.connection import AbstractConnection

    sent = 0
    send = AbstractConnection.send_packed_command

    def counting(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal sent
        sent += 1
        return send(self, *args, **kwargs)  # type: ignore[no-untyped-call]

    AbstractConnection.send_packed_command = counting  # type: ignore[method-assign]
    try:
        with CaptureQueriesContext(connection) as captured:
            ask()
    finally:
        AbstractConnection.send_packed_command = send  # type: ignore[method-assign]
    return {"Redis": sent, "SQL": len(captured)}


def cookies_of_somebody() -> str:
    """Return the cookies of a person who is signed in; makes the person where there is none yet."""
    from django.conf import settings
    from django.test import Client

    from myapp.accounts.models import User

    person, _ = User.objects.get_or_create(
        username="bench", defaults={"name": "Bench Person", "email": "bench@example.edu"}
    )
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    client.get("/_mine/shell/")  # brings the cookie for forms
    return "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())


def site_with_floors() -> Any:
    """Set Django up and return the site, with /bench/floor/, an empty page, and /bench/user/, which asks who is there."""
    import django

    django.setup()
    from django.contrib import auth
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.management import call_command
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    from eventmate import urls
    from myapp.web.policies import island

    @island
    def floor(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @island
    def session_and_user(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(auth.get_user(request).is_authenticated))  # Django's own, without ours

    urls.urlpatterns[:0] = [path("bench/floor/", floor), path("bench/user/", session_and_user)]
    call_command("migrate", verbosity=0)
    return WSGIHandler()


def main() -> int:
    """Measure, print a table, and return 1 where the budget is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()

    handler, cookies = site_with_floors(), cookies_of_somebody()
    rows = {
        "floor": asker(handler, "/bench/floor/", cookies),
        "session + user": asker(handler, "/bench/user/", cookies),
        "shell island": asker(handler, "/_mine/shell/", cookies),
        "shell, signed out": asker(handler, "/_mine/shell/", ""),
    }
    if b"BP" not in rows["shell island"]():
        raise SystemExit("The island does not know the person.")
    print(f"{'':20}{'CPU ms':>8}{'Redis':>8}{'SQL':>6}")
    trips = {name: (ask(), round_trips(ask))[1] for name, ask in rows.items()}
    cost = milliseconds(rows, options.requests, options.rounds)
    for name in rows:
        print(f"{name:20}{cost[name]:8.2f}{trips[name]['Redis']:8}{trips[name]['SQL']:6}")
    island_cost, share = cost["shell island"], cost["shell island"] / cost["session + user"]
    kept = (island_cost <= BUDGET or share <= SHARE) and all(
        trips["shell island"][what] <= most for what, most in ROUND_TRIPS.items()
    )
    print(
        f"the island takes {share:.2f} of session + user; "
        f"its budget of {BUDGET} ms or {SHARE}, 2 Redis, 1 SQL: {'kept' if kept else 'broken'}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
