"""htmx decides the shape of an answer, on pages that nobody else is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import RequestFactory

from myapp.web.htmx import go_to

if TYPE_CHECKING:
    from django.test import Client

    from myapp.accounts.models import User


@pytest.mark.parametrize(
    ("headers", "shape"),
    [
        ({}, "page"),
        ({"hx-request": "true"}, "page"),
        ({"hx-request": "true", "hx-target": "div#results"}, "fragment"),
        ({"hx-request": "true", "hx-target": "results"}, "fragment"),
        ({"hx-request": "true", "hx-target": "div#other"}, "page"),
        ({"hx-request": "true", "hx-target": "div"}, "page"),
        ({"hx-target": "div#results"}, "page"),
        ({"hx-request": "true", "hx-target": "div#results", "hx-boosted": "true"}, "page"),
        ({"hx-request": "true", "hx-target": "div#results", "hx-history-restore-request": "true"}, "page"),
        ({"hx-request": "true", "hx-target": "div#results", "hx-request-type": "full"}, "page"),
        ({"hx-request": "true", "hx-target": "div#results", "hx-request-type": "partial"}, "fragment"),
    ],
)
def test_a_fragment_goes_only_to_its_target(
    client: Client, ada: User, headers: dict[str, str], shape: str
) -> None:
    client.force_login(ada)

    response = client.get("/mine/", headers=headers)

    assert response.content.decode() == f"{shape} of ada"
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}


def test_a_redirect_is_for_the_whole_page() -> None:
    plain = go_to(RequestFactory().get("/"), "/events/")
    htmx = go_to(RequestFactory().get("/", headers={"hx-request": "true"}), "/events/")

    assert (plain.status_code, plain["Location"]) == (302, "/events/")
    assert (htmx.status_code, htmx["HX-Redirect"]) == (200, "/events/")
