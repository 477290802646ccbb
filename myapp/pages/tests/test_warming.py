"""Warming: what is warm is what the next visitor gets."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.core.management import call_command

from myapp.pages import warming
from myapp.testing.factories import make_events
from myapp.testing.queries import queries
from myapp.web import fragments

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

# As in production, each request gives its connection back.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.SITE_URL = "http://testserver"
    settings.ALLOWED_HOSTS = ["testserver"]


def test_what_is_warm_costs_the_next_visitor_no_query(visitor: Client) -> None:
    (event, *_others) = make_events(3)
    done = warming.warm(seconds=60)

    assert done.failed == []
    assert done.pages > 2 * len(warming.ENTRANCES)
    for path in ("/", "/events/", "/fr/", "/fr/organisations/", "/buildings/", event.path):
        for encoding in warming.COMPRESSED:
            with queries(0):
                assert visitor.get(path, headers={"accept-encoding": encoding}).status_code == 200


def test_another_process_finds_the_fragments(visitor: Client) -> None:
    make_events(1, title="Chess")
    warming.warm(seconds=60)
    fragments.forget_here()

    with queries(2):  # what is next, and its rows; what can be chosen from is kept
        visitor.get("/events/?q=chess", headers={"accept-encoding": "br"})


def test_time_is_kept() -> None:
    assert warming.warm(seconds=0).pages == len(warming.COMPRESSED)


def test_a_page_that_fails_is_named_and_the_others_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "ENTRANCES", ("events:home", "account_login", "pages:about"))
    monkeypatch.setattr(warming, "_NOT_THESE", ())
    monkeypatch.setattr(warming, "_LINK", re.compile(r"(/events/nothing-0123456789)?$"))

    done = warming.warm(seconds=60)

    assert done.pages >= 2 * 3


def test_the_command_says_what_it_did(settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache"}}
    settings.CACHES["default"]["LOCATION"] = settings.DATA_DIR / "warm-test"
    said = StringIO()
    call_command("warm", "--seconds", "0", "--forget", stdout=said)
    cache.clear()

    assert said.getvalue().startswith("Kept: 2 pages")


def test_the_command_without_redis_says_so() -> None:
    said = StringIO()
    call_command("warm", stdout=said)

    assert "nothing to warm" in said.getvalue()
