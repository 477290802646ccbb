"""Every answer, whatever it is, says who may keep it, in which language it is, and what it may load."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils.translation import get_language

from myapp.web import policies
from myapp.web.middleware import PrivateByDefault

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django import Settings

    from myapp.accounts.models import User

SIGN_IN = "/accounts/login/"


class TestStampPublicPages:
    @pytest.mark.parametrize(
        ("address", "status", "seconds"),
        [
            ("/page/", 200, "30"),
            ("/page", 301, "10"),
            ("/thing/moved/", 301, "30"),
            ("/thing/missing/", 404, "30"),
            ("/thing/gone/", 410, "30"),
            ("/nowhere/", 404, "10"),
            ("/nowhere/?q=%00", 400, "10"),
            ("/page/?q=%FF", 400, "10"),
        ],
    )
    def test_every_answer_of_a_public_url_may_be_kept(
        self, client: Client, address: str, status: int, seconds: str
    ) -> None:
        response = client.get(address)

        assert response.status_code == status
        assert response["X-Accel-Expires"] == seconds
        assert response["Cache-Control"] == "public, no-cache"
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")

    @pytest.mark.parametrize("address", ["/page/", "/page/?q=%FF", "/nowhere/"])
    def test_the_refusal_of_a_foreign_host_is_not_kept(self, client: Client, address: str) -> None:
        """Who may keep a refusal by the header alone could put it in the place of any page."""
        response = client.get(address, headers={"host": "elsewhere.example"})

        assert response.status_code == 400
        assert "X-Accel-Expires" not in response
        assert "no-store" in response["Cache-Control"]

    def test_the_stamp_comes_before_the_browsers_orders(self, client: Client) -> None:
        """Nginx takes the first of the two that it reads."""
        names = [name for name, _value in client.get("/page/").items()]

        assert names.index("X-Accel-Expires") < names.index("Cache-Control")

    @pytest.mark.parametrize("address", ["/shell/", "/mine/", "/alive/", "/forgotten/", SIGN_IN])
    @pytest.mark.django_db
    def test_nothing_else_may_be_kept(self, client: Client, address: str) -> None:
        response = client.get(address)

        assert "X-Accel-Expires" not in response
        assert "no-store" in response["Cache-Control"]

    def test_a_broken_page_does_not_replace_the_good_one(self, client: Client) -> None:
        client.raise_request_exception = False

        response = client.get("/thing/broken/")

        assert response.status_code == 500
        assert "X-Accel-Expires" not in response
        assert "no-store" in response["Cache-Control"]

    def test_a_form_sent_to_a_public_page_is_refused(self, client: Client) -> None:
        response = client.post("/page/")

        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
        assert "X-Accel-Expires" not in response

    def test_not_found_is_the_same_for_everyone(self, client: Client, ada: User) -> None:
        signed_in = Client()
        signed_in.force_login(ada)

        for address in ("/nowhere/", "/thing/missing/", "/thing/gone/"):
            assert client.get(address).content == signed_in.get(address).content

    def test_invented_parameters_make_no_entries_in_a_cache(self, client: Client) -> None:
        response = client.get("/page/?unknown=1")

        assert (response.status_code, response["Location"]) == (302, "/page/")
        assert "X-Accel-Expires" not in response
        assert "no-store" in response["Cache-Control"]


class TestPrivateByDefault:
    @pytest.mark.parametrize("address", ["/page/", "/shell/", "/alive/", "/thing/here/"])
    @pytest.mark.django_db
    def test_what_is_not_private_needs_nobody(self, client: Client, address: str) -> None:
        assert client.get(address).status_code == 200

    @pytest.mark.parametrize("address", ["/mine/", "/forgotten/"])
    def test_a_visitor_is_sent_to_sign_in_and_back(self, client: Client, address: str) -> None:
        response = client.get(address + "?a=b&c=d")

        assert (response.status_code, response["Location"]) == (
            302,
            f"{SIGN_IN}?next={address.replace('/', '%2F')}%3Fa%3Db%26c%3Dd",
        )

    def test_htmx_is_sent_with_the_whole_page(self, client: Client) -> None:
        """A plain redirect would be followed unseen, and the sign-in page swapped into a card."""
        response = client.get(
            "/mine/", headers={"hx-request": "true", "hx-current-url": "http://testserver/events/?q=a"}
        )

        assert response.status_code == 200
        assert response["HX-Redirect"] == f"{SIGN_IN}?next=%2Fevents%2F%3Fq%3Da"
        assert response.content == b""

    @pytest.mark.parametrize(
        "current", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""]
    )
    def test_the_way_back_never_leaves_the_site(self, client: Client, current: str) -> None:
        response = client.get("/mine/", headers={"hx-request": "true", "hx-current-url": current})

        assert response["HX-Redirect"] == SIGN_IN

    def test_a_form_leads_back_to_its_page(self, client: Client) -> None:
        response = client.post("/mine/", headers={"referer": "http://testserver/events/a/#form"})

        assert response["Location"] == f"{SIGN_IN}?next=%2Fevents%2Fa%2F"

    def test_a_person_comes_in(self, client: Client, ada: User) -> None:
        client.force_login(ada)

        assert client.get("/mine/").content == b"page of ada"
        assert client.get("/forgotten/").content == b"open"

    def test_without_it_the_door_is_open(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        """The guard's own guard: what holds the door is this middleware and nothing else."""
        monkeypatch.delattr(PrivateByDefault, "process_view")

        assert client.get("/mine/").status_code == 200

    @pytest.mark.django_db
    def test_an_island_never_redirects(self, client: Client) -> None:
        assert client.get("/shell/").content == b""

    def test_methods_are_restricted(self, client: Client, ada: User) -> None:
        client.force_login(ada)

        assert client.post("/mine/").status_code == 200
        assert client.put("/mine/").status_code == 405
        assert client.post("/shell/").status_code == 405


class TestHintCookie:
    def test_it_comes_with_signing_in_and_goes_with_the_session(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        hint = client.get("/shell/").cookies["signed_in"]
        assert (hint.value, hint["httponly"], hint["samesite"], hint["path"]) == ("1", "", "Lax", "/")

        client.cookies["sessionid"] = "expired"
        gone = client.get("/shell/").cookies["signed_in"]
        assert (gone.value, gone["max-age"]) == ("", 0)

    def test_it_is_set_once(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        client.get("/shell/")

        assert "signed_in" not in client.get("/shell/").cookies

    def test_it_lasts_as_long_as_the_session(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        session = client.session
        session.set_expiry(1000)
        session.save()

        assert client.get("/shell/").cookies["signed_in"]["max-age"] in range(990, 1001)

    def test_it_goes_with_the_browser_when_the_session_does(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        session = client.session
        session.set_expiry(0)
        session.save()

        assert client.get("/shell/").cookies["signed_in"]["max-age"] == ""

    def test_it_is_secure_where_the_session_is(self, client: Client, ada: User, settings: Settings) -> None:
        settings.SESSION_COOKIE_SECURE = True
        client.force_login(ada)

        assert client.get("/shell/", secure=True).cookies["signed_in"]["secure"] is True

    @pytest.mark.parametrize("session", ["too short", "as-long-as-one-but-nobodys-0123456789"])
    @pytest.mark.parametrize("address", ["/page/", "/page/?q=a", "/nowhere/", "/page"])
    def test_public_answers_leave_cookies_alone(self, client: Client, address: str, session: str) -> None:
        """Django itself deletes a session cookie that is too short, without anybody asking for the session."""
        client.cookies = SimpleCookie({"signed_in": "1", "sessionid": session})

        response = client.get(address, headers={"accept-encoding": "br"})

        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")
        assert address.startswith("/page/") == ("Accept-Encoding" in response.get("Vary", ""))

    @pytest.mark.django_db
    def test_visitors_get_none(self, client: Client) -> None:
        assert not client.get("/shell/").cookies


class TestLanguageFromPath:
    @pytest.mark.parametrize(
        ("address", "language"), [("/page/", "en"), ("/fr/page/", "fr"), ("/de/page/", "en"), ("/fr", "fr")]
    )
    def test_the_address_says_the_language(self, client: Client, address: str, language: str) -> None:
        response = client.get(address, headers={"accept-language": "de"})

        assert response["Content-Language"] == language
        assert "Accept-Language" not in response.get("Vary", "")

    def test_no_language_is_left_behind(self, client: Client) -> None:
        client.get("/fr/page/")

        assert get_language() == "en"


class TestSecurityHeaders:
    @pytest.mark.parametrize("address", ["/page/", "/nowhere/", "/page/?q=%00", "/alive/", "/mine/"])
    def test_every_answer_says_what_it_may_load(self, client: Client, address: str) -> None:
        response = client.get(address)

        directives = [part.split() for part in response["Content-Security-Policy"].split(";")]
        policy = {name: values for name, *values in directives}
        assert policy["default-src"] == ["'none'"]
        assert policy["script-src"] == policy["style-src"] == ["'self'"]
        assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
        assert "unsafe" not in response["Content-Security-Policy"]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in response["Permissions-Policy"]

    def test_settings_may_name_another_source(self, client: Client, settings: Settings) -> None:
        settings.CONTENT_SECURITY_POLICY = {"img-src": "https://res.example.com"}

        assert (
            "img-src 'self' data: https://res.example.com;" in client.get("/page/")["Content-Security-Policy"]
        )

    def test_https_asks_for_https(self, client: Client, settings: Settings) -> None:
        settings.HTTPS = True

        assert "upgrade-insecure-requests" in client.get("/page/")["Content-Security-Policy"]


def test_a_view_has_one_policy() -> None:
    def view(request: object) -> HttpResponse:
        raise NotImplementedError

    with pytest.raises(TypeError, match="states two policies"):
        policies.island(policies.private_page(view))


def test_a_page_must_be_kept_for_some_time() -> None:
    with pytest.raises(ValueError, match="positive"):
        policies.public_page(keep=0)
