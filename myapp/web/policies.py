"""What kind of URL a view is: public page, island, private page, stream … Every view is exactly one.

The decorator stands on top, where a reader looks first. It states the policy (`view.policy`), restricts the methods and
sees to caching; who may come in is decided by `PrivateByDefault` in middleware.py, which reads the policy before the
view runs.

    @public_page(keep=30, reads=("q", "day"))     the same bytes for everyone, kept by us and by the cache in front
    @island                                       one person's part of a public page; never kept, never a redirect
    @private_page                                 one person's page; needs signing in; never kept
    @open_page                                    one person's page, and a visitor's who has not signed in; never kept
    @link_page                                    what a signed link opens, for whoever holds it; never kept
    @stream                                       an answer that stays open and knows nobody; never kept, no session
    @operators_page                               for machines that watch the site; never kept, no session
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast, overload

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers, get_conditional_response, patch_vary_headers
from django.utils.translation import get_language

from myapp.web import page_store
from myapp.web.encodings import LEAST_BYTES, compressed, is_compressible, wanted_encoding
from myapp.web.page_store import KeptPage
from myapp.web.public_pages import impersonal, is_personal
from myapp.web.query_strings import canonical
from myapp.web.traces import looked_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http.response import HttpResponseBase

    View = Callable[..., HttpResponse]

READING = ("GET", "HEAD")


class Kind(StrEnum):
    """The kinds of URL."""

    PUBLIC = "public"
    ISLAND = "island"
    PRIVATE = "private"
    OPEN = "open"
    LINK = "link"
    STREAM = "stream"
    OPERATORS = "operators"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a view states about itself. `keep`, `keep_unchanged` (seconds) and `reads` (query parameters) are public pages'."""

    kind: Kind
    methods: tuple[str, ...] = READING
    keep: int = 0
    reads: tuple[str, ...] = ()
    keep_unchanged: int = 0


def policy_of(view: object) -> Policy | None:
    """Return the policy a view states, or None for a view that is not ours (sign-in, admin)."""
    return getattr(view, "policy", None)


class ToCanonical(HttpResponseRedirect):
    """Leads an address with parameters that no page reads to the one without them.

    Never kept, unlike all else a public URL answers: it can never have to replace a page, and keeping it would let
    anybody fill a shared cache by inventing parameters.
    """


def public_page(*, keep: int, reads: tuple[str, ...] = (), keep_unchanged: int = 0) -> Callable[[View], View]:
    """Make a view a public page, kept `keep` seconds; `reads` are the query parameters it reads.

    A page all of whose changes forget it (see page_store.py) may be kept `keep_unchanged` seconds by ourselves: the cache
    in front asks as often, and is told the same without its being made anew. Only time itself makes such a page old.

    The view sees its address and nothing else (see public_pages.py). A parameter it does not read, and an empty one,
    is redirected away, so that nobody can multiply the entries of a cache by inventing some. Costs one cache round
    trip when kept; the view's own queries when not.
    """
    policy = Policy(Kind.PUBLIC, READING, keep, tuple(sorted(reads)), max(keep, keep_unchanged))
    if keep <= 0:
        message = "keep must be positive: an answer that may not be kept cannot replace one that was."
        raise ValueError(message)

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in READING:
                return HttpResponseNotAllowed(READING)
            query, has_more = canonical(request.META.get("QUERY_STRING", ""), policy.reads)
            if has_more:
                return ToCanonical(request.path + ("?" + query if query else ""))
            return _kept_or_made(request, policy, query, lambda: view(request, *args, **kwargs))

        return _stating(policy, page)

    return decorate


def _kept_or_made(
    request: HttpRequest, policy: Policy, query: str, make: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer from the page store, or make the page and keep it."""
    encoding = wanted_encoding(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    key = page_store.address_key(
        request.scheme or "", request.get_host(), request.path, query, get_language() or "", encoding
    )
    generation, kept = page_store.look_up(key)
    looked_up("pages", found=kept is not None)
    if kept is None:
        with page_store.flight(key, generation) as flight:
            if flight.page is None:
                with page_store.making(generation):
                    response = _made(request, query, make)
                if not _can_be_kept(request, response):
                    return response
                flight.page = _packed(response, encoding)
                page_store.keep(key, generation, flight.page, seconds=policy.keep_unchanged)
            kept = flight.page
    return _unpacked(request, kept)


def _made(request: HttpRequest, query: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    """Make the page from its canonical address alone."""
    request.META["QUERY_STRING"] = query
    request.__dict__.pop("GET", None)  # read anew from the canonical query string
    with impersonal(request) as made:
        made.append(make())
    return made[0]


def _can_be_kept(request: HttpRequest, response: HttpResponse) -> bool:
    """Whole and shared pages are kept; redirects and "not found" are cheap, and anyone can ask for thousands."""
    return response.status_code == 200 and not is_personal(request)


def _packed(response: HttpResponse, encoding: str) -> KeptPage:
    """Return a page as it goes over the wire: compressed, with the ETag of its plain body."""
    body = response.content
    response["ETag"] = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
    if is_compressible(response.get("Content-Type", "")):
        # Stated for the plain variant too, or a cache would hand it to everyone.
        patch_vary_headers(response, ["Accept-Encoding"])
        if encoding and len(body) >= LEAST_BYTES:
            body = compressed(body, encoding)
            response["Content-Encoding"] = encoding
    response["Content-Length"] = str(len(body))
    return KeptPage(tuple(response.items()), body)


def _unpacked(request: HttpRequest, kept: KeptPage) -> HttpResponse:
    """Return a kept page, or "not modified" to whom has it already."""
    response = HttpResponse(kept.body, headers=dict(kept.headers))
    if "HTTP_IF_NONE_MATCH" in request.META:
        answer = get_conditional_response(request, etag=response["ETag"], response=response)
        return cast("HttpResponse", answer)
    return response


@overload
def island(view: View) -> View: ...
@overload
def island(*, methods: tuple[str, ...]) -> Callable[[View], View]: ...
def island(view: View | None = None, *, methods: tuple[str, ...] = READING) -> View | Callable[[View], View]:
    """Make a view an island: one person's part of a public page.

    It answers everyone, visitors with the signed-out part or 204, and never redirects to the sign-in page.
    """
    return _never_kept(view, Policy(Kind.ISLAND, methods))


@overload
def private_page(view: View) -> View: ...
@overload
def private_page(*, methods: tuple[str, ...]) -> Callable[[View], View]: ...
def private_page(
    view: View | None = None, *, methods: tuple[str, ...] = READING
) -> View | Callable[[View], View]:
    """Make a view a private page; its request is a `SignedInRequest`. Say the methods if it takes forms."""
    return _never_kept(view, Policy(Kind.PRIVATE, methods))


def open_page(*, methods: tuple[str, ...] = READING) -> Callable[[View], View]:
    """Make a view a page that knows who asks and lets visitors in as well: it says to them what signing in would change."""
    return cast("Callable[[View], View]", _never_kept(None, Policy(Kind.OPEN, methods)))


def link_page(*, methods: tuple[str, ...] = READING) -> Callable[[View], View]:
    """Make a view one for whoever holds a link, mostly from a mail: what is signed in its address says who or what.

    It asks for no session, checks what is signed before anything else, answers 404 where that is wrong, and allows no more
    than the link was given for.
    """
    return cast("Callable[[View], View]", _never_kept(None, Policy(Kind.LINK, methods)))


def stream(view: Callable[..., HttpResponseBase]) -> View:
    """Make a view a stream: it answers `streams.Held`, which stays open, or why there is none; it knows nobody."""
    return cast("View", _never_kept(cast("View", view), Policy(Kind.STREAM, ("GET",))))


@overload
def operators_page(view: View) -> View: ...
@overload
def operators_page(*, methods: tuple[str, ...]) -> Callable[[View], View]: ...
def operators_page(
    view: View | None = None, *, methods: tuple[str, ...] = READING
) -> View | Callable[[View], View]:
    """Make a view one for the machines that watch the site: anyone may ask, nobody is asked who they are."""
    return _never_kept(view, Policy(Kind.OPERATORS, methods))


def _never_kept(view: View | None, policy: Policy) -> View | Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in policy.methods:
                return HttpResponseNotAllowed(policy.methods)
            response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        return _stating(policy, page)

    return decorate(view) if view else decorate


def _stating(policy: Policy, page: View) -> View:
    """Return the view with its policy; a second policy on one view is a mistake, raised when it is imported."""
    if policy_of(page) is not None:
        message = f"{page.__module__}.{page.__qualname__} states two policies; keep one."
        raise TypeError(message)
    page.policy = policy  # type: ignore[attr-defined]
    return page
