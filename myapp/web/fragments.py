"""Kept parts of public pages: what costs a query or more and is the same on many pages that are made anew.

The table below is the list of all there are, with how long each is kept and what forgets it. A part that `follows`
changes belongs to the site's generation (page_store.py), which every action moves that changes what a public page
shows; it is made anew then. One that does not is kept its whole time.

    choices = kept("list.choices", get_language(), make=choices)

A part is looked for in this process, then in the cache, else made and left in both; the first costs nothing, the second
a round trip. What it is kept under must be all it depends on but the data: language, day, id. It knows no person. A part
that follows changes is for the makers of public pages, whose generation it takes; elsewhere, and without Redis, it is made
each time. One that does not may be asked for anywhere.

Parts are shared, not copied: whoever gets one must not change it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.core.cache import cache

from myapp.web import page_store

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MINUTE, HOUR = 60, 3600
# A process holds so many; what was put there first goes first. Redis holds them all.
MOST_HERE = 500


class Fragment(NamedTuple):
    """One kind of kept part: for how many seconds, whether changes forget it, and what it spares."""

    seconds: int
    follows: bool
    spares: str


FRAGMENTS = {
    "home.busy_days": Fragment(MINUTE, True, "the strip of days: one query over nine days"),
    "list.choices": Fragment(
        10 * MINUTE, True, "what lists can be narrowed to: one query over all that is to come"
    ),
    "event.similar": Fragment(5 * MINUTE, True, "what is like an event: one query of sixty rows"),
    "organisations.kinds": Fragment(
        24 * HOUR, True, "how many organisations there are of each kind: one query"
    ),
    "organisation.past": Fragment(
        HOUR, True, "how much an organisation has put on: one query over all that is over"
    ),
    "line.came_back": Fragment(
        10 * MINUTE, False, "how many places came back at an organisation's events: one query over its year"
    ),
    # A second with a million events, for machines that come once a day and follow no minute.
    "sitemap.sections": Fragment(6 * HOUR, False, "the parts of the sitemap: four queries over everything"),
}


class _Kept(NamedTuple):
    generation: str
    until: float
    value: Any


_here: dict[str, _Kept] = {}
_watchers: list[Callable[[str, bool], None]] = []


def on_lookup(watcher: Callable[[str, bool], None]) -> None:
    """Have `watcher(name, found)` called at each look for a part; once a process, by whoever counts."""
    if watcher not in _watchers:
        _watchers.append(watcher)


def kept(name: str, *under: object, make: Callable[[], T]) -> T:
    """Return a part of the table that was made before, or make it; `under` is what it depends on.

    No cache round trip where this process has it, one where another made it, two where it is made.
    """
    fragment = FRAGMENTS[name]
    generation = page_store.generation_of_this_page() if fragment.follows else page_store.is_on() and "any"
    if not generation:
        return make()
    key = f"fragment:{name}:{':'.join(map(str, under))}"
    found = _found(key, generation)
    for watcher in _watchers:
        watcher(name, found is not None)
    if found is None:
        found = _Kept(generation, time.time() + fragment.seconds, make())
        cache.set(key, tuple(found), timeout=fragment.seconds)
        _keep_here(key, found)
    value: T = found.value
    return value


def _found(key: str, generation: str) -> _Kept | None:
    """Return what is kept, here or in the cache, if it is of this generation and its time is not up."""
    now = time.time()
    here = _here.get(key)
    if here is not None and here.generation == generation and here.until > now:
        return here
    elsewhere = cache.get(key)
    if not elsewhere:
        return None
    found = _Kept(*elsewhere)
    if found.generation != generation or found.until <= now:
        return None
    _keep_here(key, found)
    return found


def _keep_here(key: str, found: _Kept) -> None:
    _here.pop(key, None)
    while len(_here) >= MOST_HERE:
        _here.pop(next(iter(_here)), None)
    _here[key] = found


def forget_here() -> None:
    """Forget what this process holds, for tests."""
    _here.clear()
