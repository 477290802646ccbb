"""The guard: what touches a person is found, in whatever way it is done."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from myapp.web import public_pages
from myapp.web.public_pages import PersonalDataOnPublicPage
from myapp.web.tests.site import MISTAKES

if TYPE_CHECKING:
    from pytest_django import Settings

    from myapp.accounts.models import User


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_touch_of_a_person_raises(client: Client, mistake: str) -> None:
    with pytest.raises(PersonalDataOnPublicPage):
        client.get(f"/mistake/{mistake}/")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_in_production_a_mistake_is_logged_and_nobody_may_keep_the_page(
    db: None, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture, mistake: str
) -> None:
    settings.RAISE_ON_PERSONAL_DATA = False

    with caplog.at_level(logging.ERROR, "myapp.web.public_pages"):
        first, second = (client.get(f"/mistake/{mistake}/") for _ in range(2))

    assert "is a public page but depends on" in caplog.text
    for response in (first, second):
        assert "no-store" in response["Cache-Control"]
        assert "X-Accel-Expires" not in response


def test_in_production_a_mistaken_page_still_knows_its_visitor(
    client: Client, settings: Settings, ada: User
) -> None:
    settings.RAISE_ON_PERSONAL_DATA = False
    client.force_login(ada)

    assert client.get("/mistake/user in a condition/").content == b"you."
    assert Client().get("/mistake/user in a condition/").content == b"."


def test_raising_alone_would_let_a_template_through(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard without its record: this page asks for the user, and nobody notices."""
    monkeypatch.setattr(public_pages, "_judge", lambda request, touched: None)

    response = client.get("/mistake/user in a condition that swallows/")

    assert response.content == b"."
    assert response["X-Accel-Expires"] == "30"


def test_a_stream_is_refused(client: Client) -> None:
    with pytest.raises(TypeError, match="must be whole"):
        client.get("/thing/stream/")


def test_headers_of_the_visitor_are_not_there(client: Client) -> None:
    client.cookies["signed_in"] = "1"

    response = client.get(
        "/headers/", headers={"user-agent": "x", "accept-language": "fr", "hx-request": "true"}
    )

    assert response.content == b"[None, None, None, None] None testserver"


def test_the_request_is_itself_again_afterwards(client: Client) -> None:
    """The real session is back for the middleware: a signed-in person stays signed in after a public page."""
    response = client.get("/headers/", headers={"user-agent": "browser"})

    request = response.wsgi_request
    assert request.headers["User-Agent"] == "browser"
    assert request.META["HTTP_USER_AGENT"] == "browser"
    assert not request.session.accessed
    assert str(request.COOKIES) == "{}"


def test_a_signed_in_person_costs_a_public_page_no_query(
    client: Client, ada: User, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    client.force_login(ada)

    with django_assert_num_queries(0):  # type: ignore[operator]
        response = client.get("/page/")

    assert "Vary" not in response or "Cookie" not in response["Vary"]
    assert not response.cookies
