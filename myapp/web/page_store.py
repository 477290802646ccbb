"""The page store: a public page is made once for all its visitors, until it is old or anything changed.

Every kept page carries the site's *generation*. One round trip fetches both, a page of another generation counts as
absent, so `forget_public_pages()` forgets all of them by changing one value. The generation is read before a page is
made: a page made from data that changed meanwhile carries the old one and is never served.

Without Redis pages are made each time.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

GENERATION = "public-pages:generation"
LONGEST_WAIT = 10.0
_generation: ContextVar[str] = ContextVar("generation", default="")


class KeptPage(NamedTuple):
    """A page as it goes over the wire."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def address_key(*parts: str) -> str:
    """Return the key of an address (its parts: host, path, query, language, encoding), short and fit for any cache."""
    return "page:" + blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def is_on() -> bool:
    """Return whether anything is kept at all: in development nothing is."""
    return bool(getattr(settings, "KEEP_PUBLIC_PAGES", not settings.DEBUG))


def look_up(key: str) -> tuple[str, KeptPage | None]:
    """Return the site's generation and the kept page, if there is one of it: one round trip when warm.

    The generation is empty when there is no store at present.
    """
    if not is_on():
        return "", None
    found = cache.get_many((GENERATION, key))
    generation = found.get(GENERATION)
    if generation is None:
        cache.add(GENERATION, secrets.token_hex(8), timeout=None)
        generation = cache.get(GENERATION)  # ours, or that of another process; what add() says may be a guess
        if generation is None:
            return "", None
    kept = found.get(key)
    return generation, KeptPage(kept[1], kept[2]) if kept and kept[0] == generation else None


@contextmanager
def making(generation: str) -> Iterator[None]:
    """Let what is made inside know the generation it belongs to."""
    token = _generation.set(generation)
    try:
        yield
    finally:
        _generation.reset(token)


def generation_of_this_page() -> str:
    """Return the generation of the public page that is being made; empty outside of one, and without a store."""
    return _generation.get()


def keep(key: str, generation: str, page: KeptPage, *, seconds: int) -> None:
    """Keep a page that was made after `generation` was looked up; does nothing without a store."""
    if generation:
        cache.set(key, (generation, page.headers, page.body), timeout=seconds)


def forget_public_pages() -> None:
    """Forget every kept page once the running transaction has committed, at once outside of one.

    Call it from every action that changes what a public page shows; calling it often in one transaction costs one
    round trip. What the cache in front of us holds is the business of refresh.py.
    """
    connection = transaction.get_connection()
    here = set(connection.savepoint_ids)
    # An entry of an outer block is as good as ours; one of a block already left could be rolled back without us.
    if not any(forget is forget_at_once and sids <= here for sids, forget, _ in connection.run_on_commit):
        transaction.on_commit(forget_at_once, robust=True)


def forget_at_once() -> None:
    """Forget every kept page now; what a running transaction has changed may be kept again as it was before."""
    cache.set(GENERATION, secrets.token_hex(8), timeout=None)


class Flight:
    """One making of a page, and those who wait for it. `page` is what its maker leaves for them."""

    __slots__ = ("landed", "page")

    def __init__(self) -> None:
        """Begin with nothing made."""
        self.landed = threading.Event()
        self.page: KeptPage | None = None


_flights: dict[tuple[str, str], Flight] = {}
_flights_lock = threading.Lock()


@contextmanager
def flight(key: str, generation: str) -> Iterator[Flight]:
    """Let one visitor of this process make a page while the others wait for it.

    The first finds `page` empty, makes the page and leaves it there if all may have it. Those who come meanwhile find
    it filled, or empty when it came to nothing; then each makes its own.
    """
    with _flights_lock:
        ahead = _flights.get((generation, key))
        if ahead is None:
            mine = _flights[generation, key] = Flight()
    if ahead is not None:
        ahead.landed.wait(LONGEST_WAIT)
        yield ahead
        return
    try:
        yield mine
    finally:
        with _flights_lock:
            del _flights[generation, key]
        mine.landed.set()
