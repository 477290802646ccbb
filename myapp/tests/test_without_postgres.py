"""PostgreSQL is killed and brought back under the site as it runs in production: it says so, and it recovers by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from myapp.testing.crowds import Crowd
from myapp.testing.servers import PostgresServer, RedisServer, Site, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

ADA = """
import django; django.setup()
from myapp.testing.crowds import sign_in
from myapp.testing.factories import make_events
from myapp.testing.people import ADA, make_account
make_events(30)
print(sign_in(make_account(ADA)))
"""
PRIVATE = "/accounts/email/"


@pytest.fixture(scope="module")
def cookies(postgres_cluster: PostgresServer) -> str:
    """Ada's, in a campus with thirty events."""
    return postgres_cluster.run("-c", ADA).splitlines()[-1]


@pytest.fixture
def site(
    postgres_server: PostgresServer, redis_server: RedisServer, start_site: Callable[..., Site], cookies: str
) -> Site:
    """The site on servers of its own."""
    site = start_site(DATABASE_URL=postgres_server.url, REDIS_URL=redis_server.url)
    assert site.get(PRIVATE, cookies=cookies).status == 200
    return site


def test_postgres_killed_under_load_is_told_and_forgotten(
    site: Site, postgres_server: PostgresServer, cookies: str
) -> None:
    with Crowd(site, cookies) as crowd:
        crowd.wait_for_more()
        assert crowd.complaints(knows="Ada Okonkwo") == []
        postgres_server.kill()
        crowd.wait_for_more(60)
        wait_for(lambda: site.get("/buildings/").status == 503, seconds=10)
        refused = [
            site.get(path, cookies=cookies)
            for path in (PRIVATE, "/_mine/shell/", "/buildings/", "/fr/rooms/")
        ]
        form = site.post("/accounts/login/", {"login": "ada"}, cookies=cookies)
        alive = site.get("/health/live/")
        while_gone = len(crowd.answers)
        postgres_server.start()
        began = time.monotonic()
        wait_for(lambda: site.get(PRIVATE, cookies=cookies).status == 200, seconds=10)
        recovered = time.monotonic() - began
        since = len(crowd.answers)
        crowd.wait_for_more()

    assert recovered < 3
    assert {answer if isinstance(answer, str) else answer.status for _path, answer in crowd.answers} == {
        200,
        503,
    }
    assert [answer.status for _path, answer in crowd.answers[since + 3 :]] == [200] * len(
        crowd.answers[since + 3 :]
    )
    assert max(answer.seconds for _path, answer in crowd.answers[:while_gone]) < 3
    assert alive.status == 200
    for answer in refused:
        assert answer.status == 503
        assert 5 <= int(answer.headers["Retry-After"]) <= 15
        assert answer.headers["Refresh"] == answer.headers["Retry-After"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert "X-Accel-Expires" not in answer.headers
        assert answer.seconds < 1
    assert "tries again by itself" in refused[0].body
    assert 'lang="fr"' in refused[3].body
    assert "tries again" not in refused[3].body  # in French, please
    assert form.status in {403, 503}
    told = site.log.read_text()
    assert "Traceback" not in told
    assert (told.count("PostgreSQL is not there: "), told.count("PostgreSQL is there again")) == (1, 1)
    assert "error connecting" not in told


def test_what_is_kept_is_served_without_postgres(site: Site, postgres_server: PostgresServer) -> None:
    kept = site.get("/events/")
    postgres_server.kill()

    assert site.get("/events/").body == kept.body
    assert site.get("/buildings/").status == 503


def test_a_restart_that_nobody_saw_is_seen_by_nobody(
    site: Site, postgres_server: PostgresServer, cookies: str
) -> None:
    """Idle connections died with the server; the first who comes is not the one who finds out."""
    with Crowd(site, cookies) as crowd:  # so that there are several connections
        crowd.wait_for_more()
    postgres_server.stop()
    postgres_server.start()

    answers = [site.get(path, cookies=cookies) for path in (PRIVATE, "/buildings/", PRIVATE, "/_mine/shell/")]

    assert [answer.status for answer in answers] == [200] * 4
    assert max(answer.seconds for answer in answers) < 2


def test_without_both_the_site_says_so_and_recovers(
    site: Site, postgres_server: PostgresServer, redis_server: RedisServer, cookies: str
) -> None:
    postgres_server.kill()
    redis_server.kill()
    for path in ("/", PRIVATE, "/_mine/shell/"):
        assert site.get(path, cookies=cookies).status == 503
    redis_server.start()
    postgres_server.start()
    wait_for(lambda: site.get(PRIVATE, cookies=cookies).status == 200, seconds=10)

    assert "Ada Okonkwo" in site.get("/_mine/shell/", cookies=cookies).body
    assert site.get("/").status == 200
