"""Every view is exactly one kind of page, and lives where its kind lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import include, path

from myapp.testing.routes import Route, address_of, every_route, make_world, routes_of
from myapp.web.policies import Kind
from myapp.web.tests import site

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.test import Client

# Views that others wrote, which guard themselves. Nothing of them is kept, see StampPublicPages.
OTHERS = ("accounts/", "admin/")
# What the cache in front of us must never keep; docs and Nginx say the same.
UNKEPT = (*OTHERS, "_mine/", "_live/", "my/", "tickets/", "r/", "checkin/", "organise/", "health/")


def without_policy(routes: Iterable[Route]) -> list[str]:
    """Return the routes whose views state no policy though they are ours."""
    return [str(route) for route in routes if route.policy is None and not route.pattern.startswith(OTHERS)]


def misplaced(routes: Iterable[Route]) -> list[str]:
    """Return the routes whose address does not fit their kind."""
    wrong = []
    for route in routes:
        if route.policy is None:
            continue
        home = {
            Kind.ISLAND: ("_mine/",),
            Kind.STREAM: ("_live/",),
            Kind.OPERATORS: ("health/", "metrics"),
        }.get(route.policy.kind, UNKEPT)
        if route.pattern.startswith(home) is (route.policy.kind is Kind.PUBLIC):
            wrong.append(f"{route.policy.kind}: {route}")
    return wrong


def test_every_view_states_its_policy() -> None:
    assert without_policy(every_route()) == []


def test_a_view_that_states_none_is_found() -> None:
    assert without_policy(every_route(site.urlpatterns)) == ["forgotten/"]
    assert without_policy(every_route([path("x/", include([path("y/", site.forgotten)]))])) == ["x/y/"]


def test_every_kind_lives_under_its_own_prefixes() -> None:
    """The cache in front decides by the address alone."""
    assert misplaced(every_route()) == []


def test_a_private_page_among_the_public_ones_is_found() -> None:
    patterns = [
        path("events/mine/", site.mine),
        path("my/page/", site.page),
        path("events/island/", site.shell),
    ]

    assert misplaced(every_route(patterns)) == [
        "private: events/mine/",
        "public: my/page/",
        "island: events/island/",
    ]


def test_every_route_of_ours_has_a_name_of_its_own() -> None:
    ours = [route for route in every_route() if route.policy is not None]

    assert [route.pattern for route in ours if not route.name] == []
    assert len({route.name for route in ours}) == len(ours)


@pytest.mark.django_db
@pytest.mark.parametrize("route", routes_of(Kind.PRIVATE), ids=str)
def test_a_private_page_sends_visitors_to_sign_in(client: Client, route: Route) -> None:
    response = client.get(address_of(route, make_world()))

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("route", routes_of(Kind.ISLAND), ids=str)
def test_an_island_answers_visitors_where_they_are(client: Client, route: Route) -> None:
    """Never a redirect: htmx would swap a sign-in page into a card."""
    response = client.get(address_of(route, make_world()), headers={"hx-request": "true"})

    assert response.status_code in {200, 204}
    assert not {"Location", "HX-Redirect", "HX-Location", "X-Accel-Expires"} & set(response.headers)
    assert "no-store" in response["Cache-Control"]
    assert b"<html" not in response.content
