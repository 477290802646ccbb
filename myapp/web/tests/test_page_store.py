"""The page store: kept once, forgotten at once, absent without harm."""

from __future__ import annotations

import gzip
import threading
import time
from typing import TYPE_CHECKING

import brotli
import pytest
from django.core.cache import cache
from django.db import transaction

from myapp.web import page_store
from myapp.web.public_pages import forget_public_pages
from myapp.web.tests import site

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings


def test_a_page_is_made_once(client: Client) -> None:
    first, second = client.get("/page/"), client.get("/page/")

    assert site.made == ["/page/"]
    assert first.content == second.content
    assert dict(first.items()) == dict(second.items())


def test_what_only_time_makes_old_is_kept_longer_here_than_in_front(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = ("/page/", "/lasting/")
    first = [client.get(page) for page in pages]
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 60)

    assert [client.get(page).content for page in pages] == [answer.content for answer in first]
    assert site.made == ["/page/", "/lasting/", "/page/"]
    assert [answer["X-Accel-Expires"] for answer in first] == ["30", "30"]


def test_a_warm_page_costs_one_round_trip(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.get("/page/")
    asked = []
    backend = type(cache._connections["default"])  # type: ignore[attr-defined]
    for name in ("get", "get_many", "set", "add"):
        real = getattr(backend, name)

        def counting(self, *args, _real=real, _name=name, **kwargs):  # type: ignore[no-untyped-def]
            asked.append(_name)
            return _real(self, *args, **kwargs)

        monkeypatch.setattr(backend, name, counting)

    client.get("/page/")

    assert asked[0] == "get_many"
    assert set(asked[1:]) <= {"get"}  # the local cache answers get_many by its own gets


@pytest.mark.parametrize("query", ["q=x&day=2026-11-20", "day=2026-11-20&q=x"])
def test_order_of_parameters_makes_no_other_page(client: Client, query: str) -> None:
    client.get("/page/?day=2026-11-20&q=x")

    assert client.get(f"/page/?{query}").content.startswith(b"<p>day=2026-11-20&q=x</p>")
    assert site.made == ["/page/?day=2026-11-20&q=x"]


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("/page/?utm_source=mail", "/page/"),
        ("/page/?q=chess&fbclid=1", "/page/?q=chess"),
        ("/page/?q=&day=", "/page/"),
        ("/page/?q=%20", "/page/"),
        ("/page/?q=a+b&x=1&day=today", "/page/?day=today&q=a+b"),
    ],
)
def test_what_a_page_does_not_read_is_redirected_away(client: Client, asked: str, canonical: str) -> None:
    response = client.get(asked)

    assert (response.status_code, response["Location"]) == (302, canonical)
    assert "X-Accel-Expires" not in response
    assert site.made == []


def test_forgetting_makes_pages_anew(db: None, client: Client, django_capture_on_commit_callbacks) -> None:  # type: ignore[no-untyped-def]
    client.get("/page/")

    with django_capture_on_commit_callbacks(execute=True):
        forget_public_pages()
        client.get("/page/")  # not committed yet: others still see what was
    client.get("/page/")

    assert site.made == ["/page/", "/page/"]


def test_a_page_made_from_data_that_changed_meanwhile_is_not_served(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = page_store.keep

    def forget_just_before(*args: object, **kwargs: object) -> None:
        page_store.forget_at_once()
        keep(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(page_store, "keep", forget_just_before)
    client.get("/page/")
    client.get("/page/")

    assert site.made == ["/page/", "/page/"]


@pytest.mark.django_db(transaction=True)
def test_many_changes_in_one_transaction_forget_once(monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten = []
    monkeypatch.setattr(page_store, "forget_at_once", lambda: forgotten.append(1))

    with transaction.atomic():
        forget_public_pages()
        with transaction.atomic():
            forget_public_pages()

    assert forgotten == [1]


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_rolled_back_does_not_take_the_forgetting_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forgotten = []
    monkeypatch.setattr(page_store, "forget_at_once", lambda: forgotten.append(1))

    with transaction.atomic():
        undone = transaction.savepoint()
        forget_public_pages()
        transaction.savepoint_rollback(undone)
        forget_public_pages()

    assert forgotten == [1]


@pytest.mark.parametrize(
    ("accept", "encoding", "unpack"),
    [
        ("br, gzip", "br", brotli.decompress),
        ("gzip, deflate", "gzip", gzip.decompress),
        ("", None, bytes),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
    ],
)
def test_a_page_is_kept_compressed(client: Client, accept: str, encoding: str | None, unpack) -> None:  # type: ignore[no-untyped-def]
    plain = client.get("/page/").content
    first, second = (client.get("/page/", headers={"accept-encoding": accept}) for _ in range(2))

    assert unpack(first.content) == plain
    assert first.content == second.content
    assert second.get("Content-Encoding") == encoding
    assert second["Vary"] == "Accept-Encoding"
    assert second["Content-Length"] == str(len(second.content))


def test_the_etag_is_the_pages_whatever_its_encoding(client: Client) -> None:
    tags = {client.get("/page/", headers={"accept-encoding": name})["ETag"] for name in ("br", "gzip", "")}
    (tag,) = tags

    response = client.get("/page/", headers={"if-none-match": tag})

    assert response.status_code == 304
    assert response.content == b""
    assert (response["ETag"], response["X-Accel-Expires"]) == (tag, "30")
    assert client.get("/page/?q=other", headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize("name", ["missing", "moved", "gone"])
def test_what_is_no_page_is_not_kept(client: Client, name: str) -> None:
    client.get(f"/thing/{name}/")

    assert not any("page:" in key for key in cache._cache)  # type: ignore[attr-defined]


def test_each_language_has_its_own_page(client: Client) -> None:
    english, french = client.get("/page/"), client.get("/fr/page/")

    assert (english["Content-Language"], french["Content-Language"]) == ("en", "fr")
    assert len(site.made) == 2


def test_visitors_who_come_at_once_share_one_making() -> None:
    started, go_on, results = threading.Event(), threading.Event(), []

    def first() -> None:
        with page_store.flight("key", "1") as flight:
            started.set()
            go_on.wait(5)
            flight.page = page_store.KeptPage((), b"made")

    def second() -> None:
        with page_store.flight("key", "1") as flight:
            results.append(flight.page)

    makers = [threading.Thread(target=first), threading.Thread(target=second)]
    makers[0].start()
    started.wait(5)
    makers[1].start()
    go_on.set()
    for maker in makers:
        maker.join(5)

    assert results == [page_store.KeptPage((), b"made")]
    assert not page_store._flights


def test_a_making_that_fails_lets_the_next_one_try() -> None:
    with pytest.raises(RuntimeError), page_store.flight("key", "1"):
        raise RuntimeError

    with page_store.flight("key", "1") as flight:
        assert flight.page is None


class TestWithoutRedis:
    """A Redis that refuses connections: pages are made and nothing raises."""

    @pytest.fixture(autouse=True, params=["django_redis.cache.RedisCache", "eventmate.caches.ForgetfulRedis"])
    def _dead(self, settings: Settings, request: pytest.FixtureRequest) -> None:
        settings.CACHES = {
            "default": {
                "BACKEND": request.param,
                "LOCATION": "redis://127.0.0.1:1/0",
                "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.05},
            }
        }

    def test_pages_are_made_each_time(self, client: Client) -> None:
        responses = [client.get("/page/") for _ in range(3)]

        assert [response.status_code for response in responses] == [200, 200, 200]
        assert len(site.made) == 3
        assert responses[0]["X-Accel-Expires"] == "30"

    def test_forgetting_raises_nothing(self) -> None:
        page_store.forget_at_once()


def test_without_the_store_pages_are_made_each_time(client: Client, settings: Settings) -> None:
    settings.KEEP_PUBLIC_PAGES = False

    client.get("/page/")
    client.get("/page/")

    assert len(site.made) == 2
