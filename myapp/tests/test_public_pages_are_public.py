"""Every public address gives everyone the same bytes, and every answer it can give may be kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path

from myapp.events.models import Status, Visibility
from myapp.testing.factories import make_event
from myapp.testing.html import parse
from myapp.testing.people import browser_of
from myapp.testing.routes import SAMPLES, Route, World, address_of, every_route, make_world, routes_of
from myapp.web.policies import Kind
from myapp.web.public_pages import PersonalDataOnPublicPage
from myapp.web.tests import site

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from pytest_django import Settings

    from myapp.accounts.models import User

PUBLIC = routes_of(Kind.PUBLIC)
WITH_SLUG = [route for route in PUBLIC if "<slug:slug>" in route.pattern]
every_public_route = pytest.mark.parametrize("route", PUBLIC, ids=str)
# Two people could not ask more differently.
FOREIGN = {
    "user-agent": "Calendar/1.0",
    "accept-language": "fr;q=0.9, ja",
    "accept": "*/*",
    "hx-request": "true",
    "hx-target": "main#main",
    "referer": "https://elsewhere.example/",
    "x-requested-with": "XMLHttpRequest",
}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def unkept(settings: Settings) -> None:
    """Pages are made each time: two that are alike were made alike."""
    settings.KEEP_PUBLIC_PAGES = False


def ask(browser: Client, address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return everything that goes over the wire."""
    response = browser.get(address, headers=headers or None)
    assert not response.cookies
    return response.status_code, dict(response.items()), response.content


def assert_may_be_kept(response: HttpResponseBase) -> None:
    assert int(response["X-Accel-Expires"]) > 0
    assert response["Cache-Control"] == "public, no-cache"
    assert not response.cookies
    varies = {name.strip().lower() for name in response.get("Vary", "").split(",") if name}
    assert varies <= {"accept-encoding"}


def test_there_are_public_pages() -> None:
    assert {"events:home", "events:detail", "events:list"} <= {route.name for route in PUBLIC}


@every_public_route
@pytest.mark.usefixtures("unkept")
def test_ada_and_a_visitor_get_the_same_bytes(world: World, route: Route, ada: User, rosa: User) -> None:
    address = address_of(route, world)

    seen = [
        ask(Client(), address),
        ask(browser_of(ada), address),
        ask(browser_of(rosa), address, **FOREIGN),
        ask(Client(), address, **FOREIGN, cookie="signed_in=1; sessionid=x; csrftoken=y"),
    ]

    assert seen[0][0] == 200
    assert all(answer == seen[0] for answer in seen[1:])


@every_public_route
def test_its_answer_may_be_kept(world: World, client: Client, route: Route) -> None:
    response = client.get(address_of(route, world))

    assert response.status_code == 200
    assert_may_be_kept(response)
    assert response["Content-Language"] == "en"


@every_public_route
def test_it_is_not_sent_twice(world: World, client: Client, route: Route) -> None:
    address = address_of(route, world)
    first = client.get(address)

    again = client.get(address, headers={"if-none-match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert_may_be_kept(again)


@every_public_route
def test_head_says_what_get_says(world: World, client: Client, route: Route) -> None:
    address = address_of(route, world)

    assert dict(client.head(address).items()) == dict(client.get(address).items())


@every_public_route
@pytest.mark.usefixtures("unkept")
def test_knowing_somebody_costs_it_nothing(world: World, route: Route, ada: User) -> None:
    address = address_of(route, world)
    known = browser_of(ada)
    Client().get(address)

    with CaptureQueriesContext(connection) as of_visitor:
        Client().get(address)
    with CaptureQueriesContext(connection) as of_ada:
        known.get(address)

    assert len(of_ada) == len(of_visitor)
    assert not [query["sql"] for query in of_ada if "session" in query["sql"]]


@every_public_route
def test_once_kept_it_costs_no_query(world: World, client: Client, route: Route) -> None:
    address = address_of(route, world)
    client.get(address)

    with CaptureQueriesContext(connection) as queries:
        client.get(address)

    assert len(queries) == 0


@every_public_route
def test_what_it_does_not_read_makes_no_entry(world: World, client: Client, route: Route) -> None:
    address = address_of(route, world)

    response = client.get(f"{address}?utm_source=mail&zzz=1")

    assert (response.status_code, response["Location"]) == (302, address)
    assert "X-Accel-Expires" not in response


@every_public_route
@pytest.mark.parametrize("query", ["%00", "%ff", "a" * 5000, "=&=&&", "%", "a=%F0%9F"])
def test_any_query_string_has_an_answer_that_may_be_kept(
    world: World, client: Client, route: Route, query: str
) -> None:
    for name in (*(route.policy.reads if route.policy else ()), "other"):
        response = client.get(address_of(route, world), QUERY_STRING=f"{name}={query}")

        assert response.status_code in {200, 302, 400}
        if response.status_code != 302:
            assert_may_be_kept(response)


@every_public_route
def test_forms_are_not_sent_to_it(world: World, route: Route) -> None:
    response = Client().post(address_of(route, world))

    assert response.status_code == 405
    assert "X-Accel-Expires" not in response


@every_public_route
def test_no_form_in_it_needs_a_token(world: World, client: Client, route: Route) -> None:
    response = client.get(address_of(route, world))

    if response["Content-Type"].startswith("text/html"):
        page = parse(response)
        assert not page.has("[name=csrfmiddlewaretoken]")
        assert not [form for form in page.all("form") if form.attrs.get("method", "get").lower() == "post"]


@every_public_route
def test_other_languages_have_their_own_address(world: World, client: Client, route: Route) -> None:
    if route.pattern in {"push-worker.js", "robots.txt", "sitemap.xml", "sw.js"}:
        pytest.skip("one for all languages")

    response = client.get("/fr" + address_of(route, world))

    assert (response.status_code, response["Content-Language"]) == (200, "fr")
    assert_may_be_kept(response)


@pytest.mark.parametrize("route", WITH_SLUG, ids=str)
@pytest.mark.parametrize("slug", ["of-another-life", "of-another-life-0000000000", "a" * 300])
@pytest.mark.usefixtures("unkept")
def test_a_slug_of_another_life_is_not_found_for_anyone(
    world: World, ada: User, route: Route, slug: str
) -> None:
    address = address_of(route, world).replace(SAMPLES[route.name](world)["slug"], slug)
    answers = [ask(Client(), address), ask(browser_of(ada), address)]

    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert_may_be_kept(Client().get(address))


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("visibility", Visibility.values)
@pytest.mark.parametrize("name", ["events:detail", "events:panel"])
@pytest.mark.usefixtures("unkept")
def test_an_event_in_any_state_looks_the_same_to_its_organiser(
    world: World, omar: User, omars_club: object, name: str, status: str, visibility: str
) -> None:
    """Also what only some may see: its address says for whom it is, and the rest comes by an island."""
    event = make_event("Secret rehearsal", organisation=omars_club, status=status, visibility=visibility)
    (route,) = (route for route in PUBLIC if route.name == name)
    address = address_of(route, replace(world, event=event))

    visitors, omars = ask(Client(), address), ask(browser_of(omar), address)

    assert visitors == omars
    assert_may_be_kept(Client().get(address))
    is_open = status in {Status.PUBLISHED, Status.CANCELLED} and visibility in {
        Visibility.EVERYONE,
        Visibility.LINK,
    }
    assert (b"Secret rehearsal" in visitors[2]) is is_open


def test_a_page_that_asks_for_the_user_would_be_found(
    world: World, ada: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What these promises would say of `{% if user.is_staff and … %}` in a template: the guard's own test."""
    settings.ROOT_URLCONF = "myapp.web.tests.site"
    monkeypatch.setattr(site, "urlpatterns", [*site.urlpatterns, path("<path:any>", site.page)])

    with pytest.raises(PersonalDataOnPublicPage):
        Client().get("/mistake/user in a condition that swallows/")


def test_every_sample_belongs_to_a_page() -> None:
    assert set(SAMPLES) - {route.name for route in every_route()} == set()


@pytest.mark.parametrize(
    "address", ["/nowhere/", "/events", "/events/no-such/page/", "/_mine/nothing/", "/favicon.ico"]
)
@pytest.mark.django_db
def test_an_address_that_leads_nowhere_does_so_for_everyone(ada: User, address: str) -> None:
    answers = [ask(Client(), address), ask(browser_of(ada), address, **FOREIGN)]

    assert answers[0] == answers[1]
    assert_may_be_kept(Client().get(address))
