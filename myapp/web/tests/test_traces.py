"""What is known of a request while it is under way, and that nothing changes by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from myapp.web import traces
from myapp.web.tests import site

if TYPE_CHECKING:
    from django.test import Client, RequestFactory
    from pytest_django import Settings

NGINX = "0123456789abcdef0123456789abcdef"


def trace_of(response: Any) -> traces.Trace:
    found = vars(response.wsgi_request)["trace"]
    assert isinstance(found, traces.Trace)
    return found


@pytest.mark.parametrize(
    ("given", "behind_proxy", "is_taken"),
    [
        (NGINX, True, True),
        (NGINX, False, False),
        ("", True, False),
        ("short", True, False),
        ("a" * 65, True, False),
        ("0123456789 <script>", True, False),
        ('0123456789"\n"x', True, False),
    ],
)
def test_the_proxys_number_is_taken_where_there_is_one(
    rf: RequestFactory, settings: Settings, given: str, behind_proxy: bool, is_taken: bool
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if behind_proxy else None
    trace = traces.Trace(rf.get("/", HTTP_X_REQUEST_ID=given))

    assert (trace.id == given) is is_taken
    assert len(trace.id) == 32
    assert trace.id == trace.id


@pytest.mark.parametrize(
    ("path", "route"), [("/static/nothing.css", "static"), ("/nothing/", "nowhere"), ("/page/", "")]
)
def test_an_address_has_a_route(client: Client, path: str, route: str) -> None:
    trace = trace_of(client.get(path))

    assert trace.route == (route or "myapp.web.tests.site.page")


def test_who_is_there_is_known_once_somebody_asked(rf: RequestFactory) -> None:
    trace = traces.Trace(rf.get("/"))
    assert trace.user_id is None
    trace.request._cached_user = AnonymousUser()  # type: ignore[attr-defined]
    assert trace.user_id is None


def test_a_public_page_stays_asleep_and_the_same(client: Client) -> None:
    """Whole answers are compared, with their headers: what may be kept names no request."""
    client.cookies["sessionid"] = "of somebody"
    answers = [client.get("/page/", headers={"x-request-id": NGINX + str(n)}) for n in range(3)]

    assert len({(answer.status_code, answer.content, tuple(answer.items())) for answer in answers}) == 1
    assert "X-Request-ID" not in answers[0]
    assert not answers[0].wsgi_request.session.accessed
    assert len({trace_of(answer).id for answer in answers}) == 3


@pytest.mark.parametrize(
    "path", ["/page/", "/thing/moved/", "/thing/missing/", "/thing/gone/", "/nowhere/", "/page/?q=%ff"]
)
def test_nothing_that_may_be_kept_names_a_request(client: Client, path: str) -> None:
    response = client.get(path)

    assert "X-Accel-Expires" in response
    assert "X-Request-ID" not in response
    assert trace_of(response).id not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/shell/", "/mine/", "/alive/", "/thing/broken/"])
def test_what_nobody_keeps_names_its_request(client: Client, path: str) -> None:
    client.raise_request_exception = False
    response = client.get(path)

    assert "no-store" in response["Cache-Control"]
    assert response["X-Request-ID"] == trace_of(response).id


def test_pages_that_were_looked_up_are_remembered(client: Client) -> None:
    first, second, island = (trace_of(client.get(path)) for path in ("/page/", "/page/", "/alive/"))

    assert (first.lookups, second.lookups, island.lookups) == ([("pages", False)], [("pages", True)], [])
    assert site.made == ["/page/"]


@pytest.mark.django_db
def test_queries_are_counted_without_their_parameters(rf: RequestFactory) -> None:
    trace, end = traces.begin(rf.get("/"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text", ["jo@example.edu"])
        cursor.executemany("SELECT %s::int", [[1], [2]])
    end()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 3")

    assert trace.statements == ["SELECT %s::text", "SELECT %s::int"]
    assert trace.queries == 2
    assert 0 < trace.query_seconds < trace.seconds
    assert traces.current_trace() is None


@pytest.mark.django_db
def test_a_flood_of_queries_is_counted_but_not_kept(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "MOST_STATEMENTS", 3)
    trace, end = traces.begin(rf.get("/"))
    with connection.cursor() as cursor:
        for _ in range(5):
            cursor.execute("SELECT 1")
    end()

    assert (trace.queries, len(trace.statements)) == (5, 3)
