"""Kept parts: made once, forgotten by what changes them, absent without harm."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache

from eventmate.services.holding import ROOT
from myapp.web import fragments, page_store
from myapp.web.fragments import FRAGMENTS, Fragment, kept

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was made, by parts of two kinds."""
    monkeypatch.setitem(FRAGMENTS, "follows", Fragment(60, True, ""))
    monkeypatch.setitem(FRAGMENTS, "stays", Fragment(3600, False, ""))
    return []


def ask(made: list[int], *under: object, name: str = "follows", generation: str = "one") -> int:
    def make() -> int:
        made.append(len(made) + 1)
        return made[-1]

    with page_store.making(generation):
        return kept(name, *under, make=make)


def test_a_part_is_made_once_for_each_thing_it_is_under(made: list[int]) -> None:
    assert [ask(made, "en"), ask(made, "en"), ask(made, "fr"), ask(made, "en")] == [1, 1, 2, 1]


def test_another_process_finds_it_in_the_cache(made: list[int]) -> None:
    ask(made)
    fragments.forget_here()

    assert ask(made) == 1


def test_a_part_that_is_here_costs_no_round_trip(made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    ask(made)
    monkeypatch.setattr(fragments, "cache", None)

    assert ask(made) == 1


def test_what_changed_forgets_what_follows_and_nothing_else(made: list[int]) -> None:
    assert (ask(made), ask(made, name="stays")) == (1, 2)
    assert (ask(made, generation="two"), ask(made, name="stays", generation="two")) == (3, 2)
    assert ask(made, generation="two") == 3


def test_a_part_of_an_old_generation_does_not_come_from_the_cache(made: list[int]) -> None:
    ask(made)
    fragments.forget_here()

    assert ask(made, generation="two") == 2


def test_time_is_up_everywhere_at_once(made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    ask(made)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 59)
    fragments.forget_here()
    assert ask(made) == 1
    monkeypatch.setattr(time, "time", lambda: now + 61)

    assert ask(made) == 2


def test_without_a_store_what_follows_is_made_each_time(made: list[int]) -> None:
    assert [ask(made, generation=""), ask(made, generation="")] == [1, 2]
    assert not fragments._here


def test_what_follows_nothing_is_kept_without_a_generation_too(made: list[int], settings: Settings) -> None:
    assert [ask(made, name="stays", generation=""), ask(made, name="stays", generation="")] == [1, 1]
    settings.KEEP_PUBLIC_PAGES = False
    assert ask(made, name="stays", generation="") == 2


def test_outside_of_a_public_page_each_is_made(made: list[int]) -> None:
    """The generation of a page before, on the same connection, is none of the next one's."""
    ask(made)

    assert page_store.generation_of_this_page() == ""
    assert kept("follows", make=lambda: 7) == 7


def test_a_making_that_fails_leaves_nothing(made: list[int]) -> None:
    def fail() -> int:
        raise RuntimeError

    with page_store.making("one"), pytest.raises(RuntimeError):
        kept("follows", make=fail)

    assert ask(made) == 1


def test_a_process_holds_so_many_and_no_more(made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "MOST_HERE", 3)
    for number in range(10):
        ask(made, number)

    assert len(fragments._here) == 3
    assert ask(made, 9) == 10


def test_each_look_is_told_by_name(made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, bool]] = []
    monkeypatch.setattr(fragments, "_watchers", [])
    fragments.on_lookup(lambda name, found: told.append((name, found)))
    ask(made)
    ask(made)

    assert told == [("follows", False), ("follows", True)]


def test_without_redis_nothing_raises(made: list[int], settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "eventmate.caches.ForgetfulRedis",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True, "REDIS_CLIENT_CLASS": "eventmate.breaker.GuardedRedis"},
        }
    }
    assert ask(made) == 1
    assert cache.get("anything") is None


def test_the_table_is_complete_and_each_part_has_a_user() -> None:
    used: set[str] = set()
    for path in (ROOT / "myapp").rglob("*.py"):
        if "tests" not in path.parts:
            used |= set(re.findall(r'\bkept\(\s*"([\w.]+)"', path.read_text()))

    assert used == set(FRAGMENTS)
    assert all(60 <= each.seconds <= 24 * 3600 and each.spares for each in FRAGMENTS.values())
