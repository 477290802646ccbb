"""Only this machine and the allowed networks look inside, whatever a request claims."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

PROXY = ("HTTP_X_FORWARDED_PROTO", "https")
MACHINE_PAGES = ["/health/ready/", "/metrics/", "/metrics/?format=json"]
pytestmark = pytest.mark.parametrize("page", MACHINE_PAGES)


@pytest.fixture(autouse=True)
def _parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without parts and numbers: this is about who may ask."""
    monkeypatch.setattr("health.parts.PARTS", {})
    monkeypatch.setattr("health.gauges.ask_all", lambda _questions: {})


def allow(settings: Settings, *networks: str) -> None:
    settings.METRICS_ALLOW = [ipaddress.ip_network(network) for network in networks]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1", ""])
@pytest.mark.parametrize("proxy", [PROXY, None], ids=["behind a proxy", "alone"])
def test_this_machine_may(
    client: Client, settings: Settings, page: str, peer: str, proxy: tuple[str, str] | None
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = proxy

    assert client.get(page, REMOTE_ADDR=peer).status_code == 200


@pytest.mark.parametrize("peer", ["10.0.0.1", "2001:db8::1", "unix:", "localhost", "127.0.0.1.evil.example"])
def test_others_may_not(client: Client, page: str, peer: str) -> None:
    response = client.get(page, REMOTE_ADDR=peer)

    assert response.status_code == 403
    assert response.json() == {"status": "forbidden"}
    assert "no-store" in response["Cache-Control"]


def test_an_allowed_network_may(client: Client, settings: Settings, page: str) -> None:
    allow(settings, "10.1.0.0/16", "2001:db8::/32")

    assert client.get(page, REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get(page, REMOTE_ADDR="::ffff:10.1.2.3").status_code == 200
    assert client.get(page, REMOTE_ADDR="2001:db8::7").status_code == 200
    assert client.get(page, REMOTE_ADDR="10.2.0.1").status_code == 403


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", ""])
@pytest.mark.parametrize(
    "header",
    [
        {"x-forwarded-for": "127.0.0.1"},
        {"x-forwarded-for": "::1, 203.0.113.9"},
        {"x-forwarded-for": ""},
        {"x-forwarded-for": "localhost"},
        {"x-forwarded-for": "10.1.2.3, 203.0.113.9"},
        {"x-forwarded-proto": "https"},
        {"x-forwarded-host": "localhost"},
        {"forwarded": "for=127.0.0.1"},
        {"x-real-ip": "127.0.0.1"},
        {"via": "1.1 proxy"},
    ],
    ids=str,
)
@pytest.mark.parametrize("proxy", [PROXY, None], ids=["behind a proxy", "alone"])
def test_whoever_comes_by_a_proxy_is_not_this_machine(
    client: Client,
    settings: Settings,
    page: str,
    peer: str,
    header: dict[str, str],
    proxy: tuple[str, str] | None,
) -> None:
    """Nginx's own connection comes from this machine, so only what it was handed on for counts."""
    settings.SECURE_PROXY_SSL_HEADER = proxy
    allow(settings, "10.1.0.0/16")

    assert client.get(page, REMOTE_ADDR=peer, headers=header).status_code == 403


def test_behind_the_proxy_its_own_last_word_counts(client: Client, settings: Settings, page: str) -> None:
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    allow(settings, "10.1.0.0/16")

    for claim, status in {
        "10.1.2.3": 200,
        "203.0.113.9, 10.1.2.3": 200,
        "10.1.2.3, 203.0.113.9": 403,
    }.items():
        answer = client.get(page, REMOTE_ADDR="127.0.0.1", headers={"x-forwarded-for": claim})
        assert answer.status_code == status, claim


def test_without_a_proxy_nobody_speaks_for_another(client: Client, settings: Settings, page: str) -> None:
    settings.SECURE_PROXY_SSL_HEADER = None
    allow(settings, "10.1.0.0/16")

    forged = {"x-forwarded-for": "10.1.2.3"}
    assert client.get(page, REMOTE_ADDR="203.0.113.9", headers=forged).status_code == 403
    assert client.get(page, REMOTE_ADDR="10.1.2.3", headers={"x-forwarded-for": "1.2.3.4"}).status_code == 200
