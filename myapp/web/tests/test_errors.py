"""Error pages: the right status, a sentence, nothing about anybody, and never a second error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.test import Client, RequestFactory
from django_ratelimit.exceptions import Ratelimited

from myapp.testing.html import hrefs, text_of
from myapp.web import errors
from myapp.web.gone import Gone, Way

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

REQUEST = RequestFactory().get("/somewhere/")
PAGES: dict[int, Callable[[HttpRequest], HttpResponse]] = {
    400: lambda request: errors.bad_request(request, BadRequest("That is no day.")),
    403: lambda request: errors.permission_denied(request, PermissionDenied()),
    404: errors.page_not_found,
    410: lambda request: errors.gone(
        request, Gone("It is over.", [Way("Other talks", "/events/?category=talk")])
    ),
    429: lambda request: errors.permission_denied(request, Ratelimited()),
    500: errors.server_error,
}


@pytest.fixture
def no_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("no template can be rendered")

    monkeypatch.setattr(errors, "render_to_string", broken)


@pytest.mark.parametrize("status", PAGES)
def test_an_error_has_its_status_and_a_way_on(status: int) -> None:
    response = PAGES[status](REQUEST)

    assert response.status_code == status
    assert "/" in hrefs(response)
    assert not response.cookies


@pytest.mark.usefixtures("no_templates")
@pytest.mark.parametrize("status", PAGES)
def test_an_error_without_templates_is_a_plain_page(status: int) -> None:
    response = PAGES[status](REQUEST)

    assert response.status_code == status
    assert str(status) in text_of(response, "h1")
    assert hrefs(response)[-1] == "/"


def test_a_refusal_written_for_people_is_shown(client: Client) -> None:
    assert "not written in UTF-8" in text_of(client.get("/page/?q=%ff"))


def test_not_found_does_not_say_what_was_looked_for(client: Client) -> None:
    assert b"secret" not in client.get("/thing/missing/").content


def test_gone_says_what_and_where_to_go(client: Client) -> None:
    response = client.get("/thing/gone/")

    assert response.status_code == 410
    assert "This event is over & gone." in text_of(response)
    assert "/events/?category=talk" in hrefs(response)
    assert "Other <talks>" in text_of(response)


def test_too_often_says_when_to_come_back() -> None:
    assert PAGES[429](REQUEST)["Retry-After"] == "60"


def test_a_form_without_its_token_says_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)

    response = client.post("/mine/", {"a": "b"})

    assert response.status_code == 403
    assert "reload" in text_of(response)
    assert "no-store" in response["Cache-Control"]


def test_an_unknown_host_gets_a_page(client: Client) -> None:
    response = client.get("/page/", headers={"host": "evil.example"})

    assert response.status_code == 400
    assert b"evil" not in response.content


@pytest.mark.parametrize("path", ["/nul%00/", "/page%00/", "/thing/a%00b/"])
def test_a_path_with_nul_is_refused(client: Client, path: str) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.parametrize("path", ["/%ff/", "/thing/%C3%28/", "/%F0%9F%8E%89/", "/" + "a" * 3000 + "/"])
def test_any_other_path_is_answered(client: Client, path: str) -> None:
    assert client.get(path).status_code in {200, 404}
