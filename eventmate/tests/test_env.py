"""Readers of the environment: right, absent, or a sentence that names the variable."""

from __future__ import annotations

import ipaddress

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventmate import env


def test_networks_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETS", "10.0.0.0/8, 192.168.1.7,2001:db8::/32")

    assert [str(network) for network in env.networks("NETS")] == [
        "10.0.0.0/8",
        "192.168.1.7/32",
        "2001:db8::/32",
    ]
    assert ipaddress.ip_address("10.9.9.9") in env.networks("NETS")[0]


def test_no_networks_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETS", raising=False)

    assert env.networks("NETS") == []


@pytest.mark.parametrize("value", ["10.0.0.1/8", "everyone", "10.0.0.0/33", "*"])
def test_a_wrong_network_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("NETS", value)

    with pytest.raises(ImproperlyConfigured, match="NETS holds"):
        env.networks("NETS")


def test_a_choice_is_one_of_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOW", "JSON")
    assert env.choice("HOW", among=("plain", "json")) == "json"
    monkeypatch.delenv("HOW")
    assert env.choice("HOW", among=("plain", "json")) == "plain"
    monkeypatch.setenv("HOW", "xml")
    with pytest.raises(ImproperlyConfigured, match="HOW must be plain or json"):
        env.choice("HOW", among=("plain", "json"))
