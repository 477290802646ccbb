"""What people who are signed in cost the site: looking at an event, getting a place, coming in.

    DATABASE_URL=… REDIS_URL=… python benchmarks/signed_in.py [--requests 50] [--rounds 12] [--profile ROW]

The page of an event is the same for everybody and costs a worker nothing where Nginx holds it. What is one person's is two
islands, the shell and the place, so a signed-in page view costs their sum. Beside them stand the press of the button and a
scan at the door, each from another person or with another ticket. Everything runs in this process through the whole of the
middleware, without the HTTP server, which adds some tenths of a millisecond; benchmarks/places.py and door.py go through
it. Calling for the delivery of mails, once a second and process, is left out.

The rows take turns, and of each the best round counts. "session + user" is Django's own floor: what asking who is there
costs before any page of ours begins. On a machine that is slow or busy, milliseconds say little: there a row is held to its
multiple of that floor in the same run.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import secrets
import time
import uuid
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from shell_island import (  # it also finds the project
    cookies_of_somebody,
    environ,
    round_trips,
    site_with_floors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from myapp.accounts.models import User
    from myapp.registrations.models import Desk
    from myapp.testing.rush import Browser


class Budget(NamedTuple):
    """Milliseconds of processor time, the same as a multiple of "session + user", round trips to Redis and SQL."""

    milliseconds: float
    share: float
    redis: int
    sql: int


FLOOR = "session + user"
# A worker that answers 500 presses a second has two milliseconds for each, and the server itself needs some of that.
BUDGETS = {
    "shell island": Budget(1.6, 1.35, 2, 1),
    "place island: nothing yet": Budget(1.6, 1.45, 2, 1),
    "place island: has a place": Budget(1.6, 1.45, 2, 1),
    "place island: waits": Budget(1.6, 1.45, 2, 1),
    "press, browser": Budget(1.7, 1.6, 1, 2),
    "press, htmx": Budget(2.4, 2.0, 2, 3),
    "press, full": Budget(1.05, 0.7, 1, 0),
    "scan": Budget(2.5, 2.0, 1, 3),
}


class Asked(NamedTuple):
    """A request as it is sent, and the statuses that are an answer to it."""

    environ: dict[str, Any]
    body: bytes
    statuses: tuple[int, ...]


def get(path: str, cookies: str) -> Asked:
    """Return the request that htmx sends for an island."""
    return Asked(environ(path, cookies), b"", (200,))


def post(path: str, cookies: str, body: str, statuses: tuple[int, ...], **headers: str) -> Asked:
    """Return a request that sends something."""
    asked = environ(path, cookies) | {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))}
    asked |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_HX_REQUEST": ""} | headers
    return Asked(asked, body.encode(), statuses)


def answer(handler: Any, asked: Asked) -> bytes:
    """Send a request through the site; anything but an answer stops the measurement."""
    seen: list[str] = []
    given = asked.environ | {"wsgi.input": BytesIO(asked.body)}
    response = handler(given, lambda status, _headers: seen.append(status))
    body = b"".join(response)
    response.close()
    if int(seen[0][:3]) not in asked.statuses:
        raise SystemExit(f"{given['PATH_INFO']} answered {seen[0]}: {body[:300]!r}")
    return body


def new_desk(**fields: Any) -> Desk:
    """Open a desk at an event in a week."""
    from myapp.testing.factories import make_desk, make_event, make_organisation, tomorrow

    club = make_organisation(f"Bench {time.time_ns()}")
    event = make_event(organisation=club, starts_at=tomorrow() + dt.timedelta(days=7), status="published")
    return make_desk(event, **fields)


def island_of(desk: Desk) -> str:
    """Return the address of a desk's place island."""
    return f"/_mine/events/{desk.event.slug}/place/"


def places_islands(person: User, others: list[User], cookies: str) -> dict[str, Asked]:
    """Return the place island in the states in which it is asked for most."""
    from myapp.testing.factories import make_registration

    free, held, full = new_desk(capacity=100), new_desk(capacity=100), new_desk(capacity=30)
    make_registration(held.types.get(), person)
    for other in others[:35]:
        make_registration(full.types.get(), other, wait=True)
    make_registration(full.types.get(), person, wait=True)
    return {
        "place island: nothing yet": get(island_of(free), cookies),
        "place island: has a place": get(island_of(held), cookies),
        "place island: waits": get(island_of(full), cookies),
    }


def presses(
    browsers: list[Browser], capacity: int | None, statuses: tuple[int, ...], **more: str
) -> list[Asked]:
    """Return the press of everybody, at an event of its own."""
    desk = new_desk(capacity=capacity)
    path, kind = island_of(desk), desk.types.get().pk
    return [
        post(path, each.cookies, f"csrfmiddlewaretoken={each.token}&ticket={kind}", statuses, **more)
        for each in browsers
    ]


def scans(number: int, keeper: Browser) -> list[Asked]:
    """Return that many scans of different tickets, by somebody who organises the event."""
    from django.db.models import F

    from myapp.accounts.models import User
    from myapp.events.models import Event, Role
    from myapp.registrations import tokens
    from myapp.registrations.models import Desk, Registration, State

    desk = new_desk(capacity=number)
    # Doors let nobody in a week early.
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
    Event.objects.filter(pk=desk.pk).update(starts_at=soon, ends_at=soon + dt.timedelta(hours=2))
    desk.event.organisation.memberships.create(user=User.objects.get(pk=keeper.user_id), role=Role.ORGANISER)
    kind = desk.types.get()
    made = Registration.objects.bulk_create(
        Registration(
            desk=desk, ticket_type=kind, name=f"P {each}", email=f"{each}@example.org", state=State.CONFIRMED
        )
        for each in range(number)
    )
    Desk.objects.filter(pk=desk.pk).update(taken=F("taken") + number)
    desk.types.update(taken=F("taken") + number)
    return [
        post(
            f"/checkin/{desk.event.slug}/scan/",
            keeper.cookies,
            json.dumps(
                {
                    "nonce": str(uuid.uuid4()),
                    "direction": "in",
                    "how": "camera",
                    "door": "A",
                    "device": "d",
                    "text": tokens.make(each),
                }
            ),
            (200,),
            CONTENT_TYPE="application/json",
            HTTP_X_CSRFTOKEN=keeper.token,
        )
        for each in made
    ]


def rounds_of(handler: Any, number: int) -> dict[str, Callable[[], list[Asked]]]:
    """Return for each row what makes the requests of a round; making them is not measured."""
    from myapp.accounts.models import User
    from myapp.testing.rush import make_browsers

    browsers = make_browsers(number, prefix=f"bench{secrets.token_hex(4)}-")
    for each in browsers:  # their sessions become warm
        answer(handler, get("/_mine/shell/", each.cookies))
    cookies = cookies_of_somebody()
    person = User.objects.get(username="bench")
    others = list(User.objects.filter(pk__in=[each.user_id for each in browsers]))
    htmx = {"HTTP_HX_REQUEST": "true"}
    rows: dict[str, Callable[[], list[Asked]]] = {}

    def always(name: str, asked: Asked) -> None:
        rows[name] = lambda: [asked] * number

    always("floor", get("/bench/floor/", cookies))
    always(FLOOR, get("/bench/user/", cookies))
    always("shell island", get("/_mine/shell/", cookies))
    for name, asked in places_islands(person, others, cookies).items():
        always(name, asked)
    rows["press, browser"] = lambda: presses(browsers, None, (302,))
    rows["press, htmx"] = lambda: presses(browsers, None, (200,), **htmx)
    rows["press, full"] = lambda: presses(browsers, 0, (422,), **htmx)
    rows["scan"] = lambda: scans(number, browsers[0])
    return rows


def spent(handler: Any, asked: list[Asked]) -> Iterator[float]:
    """Send the requests of a round, and yield the processor time of one of them in milliseconds."""
    answer(handler, asked[0])
    started = time.process_time()
    for each in asked[1:]:
        answer(handler, each)
    yield (time.process_time() - started) / (len(asked) - 1) * 1000


def profile(handler: Any, make: Callable[[], list[Asked]]) -> None:
    """Print where the processor time of a row goes."""
    import cProfile
    import pstats

    for each in make():
        answer(handler, each)
    asked = make()
    seen = cProfile.Profile()
    seen.enable()
    for each in asked:
        answer(handler, each)
    seen.disable()
    for order in ("cumulative", "tottime"):
        pstats.Stats(seen).sort_stats(order).print_stats(70)


def main() -> int:
    """Measure, print a table, and return 1 where a budget is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--profile")
    options = parser.parse_args()

    handler = site_with_floors()
    from django.core.management import call_command

    from myapp.notify import outbox

    call_command("collectstatic", verbosity=0, interactive=False)  # pages name files by what is in them
    outbox.SECONDS_BETWEEN_NUDGES = float("inf")
    rows = rounds_of(handler, options.requests)
    if options.profile:
        profile(handler, rows[options.profile])
        return 0
    trips = {}
    for name, make in rows.items():
        first, second, *_ = make()
        answer(handler, first)
        trips[name] = round_trips(lambda second=second: answer(handler, second))  # type: ignore[misc]
    best = dict.fromkeys(rows, float("inf"))
    for _ in range(options.rounds):
        for name, make in rows.items():
            best[name] = min(best[name], *spent(handler, make()), float("inf"))
    print(f"{'':28}{'CPU ms':>8}{'× floor':>9}{'Redis':>7}{'SQL':>5}")
    broken = []
    for name, cost in best.items():
        share, seen, budget = cost / best[FLOOR], trips[name], BUDGETS.get(name)
        print(f"{name:28}{cost:8.2f}{share:9.2f}{seen['Redis']:7}{seen['SQL']:5}")
        if budget and (
            (cost > budget.milliseconds and share > budget.share)
            or seen["Redis"] > budget.redis
            or seen["SQL"] > budget.sql
        ):
            broken.append(f"{name}: {budget}")
    view = best["shell island"] + best["place island: has a place"]
    print(
        f"a signed-in view of an event: {view:.2f} ms, {view / best[FLOOR]:.2f} of {FLOOR}, the page itself from Nginx"
    )
    print("budgets:", "; ".join(broken) or "kept")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
