"""How much processor time a list of thirty events costs, made anew and from the page store, beside Django's own floor.

    DATABASE_URL=… REDIS_URL=… python benchmarks/list_page.py [--requests 60] [--rounds 15]

Each row asks for one address again and again, in this process, through the whole of the middleware, as a browser with
somebody's session does. "floor" is a view that answers an empty page. "cold" makes the page, compresses and keeps it
each time; "warm" finds it. The rows take turns, and of each the best round counts. On a machine that is slow or busy
the milliseconds say little; there the pages are held to their multiple of the floor in the same run.
"""

import argparse
import sys
from collections.abc import Callable
from unittest.mock import patch

from shell_island import asker, milliseconds, round_trips  # it also finds the project

# Row: milliseconds, multiple of the floor, SQL statements, Redis round trips
BUDGETS = {
    "/ cold": (5.0, 19.0, 4, 2),
    "/events/ cold": (5.0, 19.0, 4, 2),
    "/ warm": (0.8, 3.0, 0, 1),
    "/events/ warm": (0.8, 3.0, 0, 1),
}
COOKIES = "sessionid=0123456789abcdefghijklmnopqrstuv; signed_in=1"


def cold(ask: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return the same question to a page store that holds only other pages."""
    from myapp.web import page_store

    look_up = page_store.look_up

    def ask_anew() -> bytes:
        with patch.object(page_store, "look_up", lambda key: (look_up(key)[0], None)):
            return ask()

    return ask_anew


def measure(options: argparse.Namespace) -> bool:
    """Measure, print a table, and return whether every budget was kept."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    from eventmate import urls
    from myapp.web.policies import operators_page

    @operators_page
    def floor(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    urls.urlpatterns[:0] = [path("bench/floor/", floor)]
    handler = WSGIHandler()
    home, listed = (asker(handler, page, COOKIES) for page in ("/", "/events/"))
    rows = {
        "floor": asker(handler, "/bench/floor/", COOKIES),
        "/ cold": cold(home),
        "/events/ cold": cold(listed),
        "/ warm": home,
        "/events/ warm": listed,
    }
    trips = {name: (ask(), round_trips(ask))[1] for name, ask in rows.items()}
    cost = milliseconds(rows, options.requests, options.rounds)
    print(f"{'':16}{'CPU ms':>8}{'x floor':>9}{'SQL':>5}{'Redis':>7}")
    kept = True
    for name, ms in cost.items():
        times, sql, redis = ms / cost["floor"], trips[name]["SQL"], trips[name]["Redis"]
        most = BUDGETS.get(name, (ms, times, sql, redis))
        keeps = (ms <= most[0] or times <= most[1]) and sql <= most[2] and redis <= most[3]
        print(f"{name:16}{ms:8.2f}{times:9.1f}{sql:5}{redis:7}{'' if keeps else '  over its budget'}")
        kept = kept and keeps
    print(f"a list cold 5 ms and 4 queries, warm 0.8 ms and 1 round trip: {'kept' if kept else 'broken'}")
    return kept


def main() -> int:
    """Measure on events that are gone again afterwards; return 1 where a budget is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()

    import django

    django.setup()
    from django.core.management import call_command

    from myapp.testing.factories import make_events, make_organisation, make_room
    from myapp.web.public_pages import forget_public_pages

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)  # pages name files by what is in them
    room, organisation = make_room(), make_organisation()
    try:
        make_events(60, organisation=organisation, room=room, building=room.building)
        return 0 if measure(options) else 1
    finally:
        organisation.events.all().delete()
        organisation.delete()
        room.delete()
        room.building.delete()
        forget_public_pages()


if __name__ == "__main__":
    sys.exit(main())
