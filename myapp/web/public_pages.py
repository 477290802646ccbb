"""The guard of public pages: what is the same for everyone is made without knowing anyone.

While a public page is made, the request's session, user, messages and cookies are replaced by watchers, and its headers
are taken away but for those that name the site. A watcher records every touch: templates swallow exceptions
(`{% if user.is_authenticated and … %}` is simply false when its condition raises), so raising alone would let a page
through that had asked. In tests and development a touch also raises at once. In production it is logged, the page
is made as its author meant it, and nobody may keep it: a mistake costs speed, not privacy.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import HttpHeaders

from myapp.web.page_store import forget_public_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PersonalDataOnPublicPage", "forget_public_pages", "impersonal", "is_personal"]

logger = logging.getLogger(__name__)

WATCHED = ("session", "user", "auser", "_messages", "COOKIES", "htmx")
# What a page may know of the request's headers: where it is. Everything else differs from visitor to visitor.
SHARED_HEADERS = frozenset({"HTTP_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"})
_PERSONAL = frozenset({"REMOTE_ADDR", "REMOTE_PORT", "REMOTE_HOST", "REMOTE_USER"})
_TOKEN = frozenset({"CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE"})
_MISSING: Any = object()


class PersonalDataOnPublicPage(Exception):
    """A page that everybody shares asked who is looking at it."""


class Watcher:
    """Stands for one personal thing of the request; records that it was used, then raises or hands on to it."""

    __slots__ = ("_name", "_real", "_touched")

    def __init__(self, name: str, real: object, touched: list[str]) -> None:
        """Watch `real`, known on the request as `name`, and append to `touched` what is done with it."""
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_real", real)
        object.__setattr__(self, "_touched", touched)

    def _touch(self, how: str) -> Any:
        what = f"request.{object.__getattribute__(self, '_name')}{how}"
        object.__getattribute__(self, "_touched").append(what)
        if _is_strict():
            raise PersonalDataOnPublicPage(f"A public page may not use {what}.")
        return object.__getattribute__(self, "_real")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._touch(f".{name}"), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._touch(f".{name}"), name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._touch(f"[{key!r}]")[key]

    def __setitem__(self, key: Any, value: object) -> None:
        self._touch(f"[{key!r}]")[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._touch(f"[{key!r}]")[key]

    def __contains__(self, key: object) -> bool:
        return key in self._touch(f"[{key!r}]")

    def __iter__(self) -> Iterator[Any]:
        return iter(self._touch(""))

    def __len__(self) -> int:
        return len(self._touch(""))

    def __bool__(self) -> bool:
        return bool(self._touch(""))

    def __str__(self) -> str:
        return str(self._touch(""))

    def __eq__(self, other: object) -> bool:
        return bool(self._touch("") == other)

    def __hash__(self) -> int:
        return hash(self._touch(""))

    def __repr__(self) -> str:
        # A debugger's or `{{ perms }}`'s look counts as a touch, but may not raise: error pages call it.
        object.__getattribute__(self, "_touched").append(f"request.{object.__getattribute__(self, '_name')}")
        return f"<watched {object.__getattribute__(self, '_name')}>"


@contextmanager
def impersonal(request: HttpRequest) -> Iterator[list[HttpResponse]]:
    """Make a page inside this block and append it to the list given; it has seen nothing personal, or it is not kept.

    A response that renders late is rendered here. Raises `PersonalDataOnPublicPage` in tests and development when
    something personal was touched, even where a template swallowed the first exception; in production the request
    `is_personal` from then on. No queries of its own.
    """
    touched: list[str] = []
    made: list[HttpResponse] = []
    before = {name: request.__dict__.get(name, _MISSING) for name in (*WATCHED, "META", "headers")}
    meta = before["META"]
    shared = {
        name: value
        for name, value in meta.items()
        if (not name.startswith("HTTP_") or name in SHARED_HEADERS) and name not in _PERSONAL | _TOKEN
    }
    _put(request, before, touched, shared)
    try:
        yield made
        for response in made:
            _render(response)
    except Exception:
        # A "not found" that depends on the person is as personal as a page that does.
        _judge(request, touched)
        raise
    finally:
        for name, value in before.items():
            if value is _MISSING:
                request.__dict__.pop(name, None)
            else:
                request.__dict__[name] = value
    if shared.get("CSRF_COOKIE_NEEDS_UPDATE"):
        touched.append("the CSRF token")
        meta.update({name: shared[name] for name in _TOKEN})
    for response in made:
        touched += [f"the cookie {name} it sets" for name in response.cookies]
        touched += ["Vary: Cookie"] if "cookie" in response.get("Vary", "").lower() else []
    _judge(request, touched)


def is_personal(request: HttpRequest) -> bool:
    """Return whether a page of this request asked who is looking, so that nobody may keep the answer."""
    return getattr(request, "_is_personal", False)


def _put(request: HttpRequest, before: dict[str, Any], touched: list[str], shared: dict[str, Any]) -> None:
    """Replace what is personal on the request by watchers and its headers by the shared ones."""
    for name in WATCHED:
        real = before[name]
        if real is not _MISSING:
            request.__dict__[name] = Watcher(name, real, touched)
        elif name == "COOKIES":
            request.__dict__[name] = Watcher(name, request.COOKIES, touched)
    request.META = shared
    request.__dict__["headers"] = HttpHeaders(shared)


def _render(response: HttpResponse) -> None:
    """Render a TemplateResponse now: later it would find the real session and user again."""
    if response.streaming:
        message = "A public page must be whole when its view returns; a stream would be made unguarded."
        raise TypeError(message)
    render = getattr(response, "render", None)
    if callable(render):
        render()


def _judge(request: HttpRequest, touched: list[str]) -> None:
    """Raise or, in production, remember that what was made is not the same for everyone."""
    if not touched:
        return
    message = f"{request.path} is a public page but depends on {', '.join(dict.fromkeys(touched))}."
    if _is_strict():
        raise PersonalDataOnPublicPage(message)
    logger.error(message)
    request._is_personal = True  # type: ignore[attr-defined]  # noqa: SLF001 - our own mark


def _is_strict() -> bool:
    """Return whether a touch is an error to mend now rather than to survive."""
    return bool(getattr(settings, "RAISE_ON_PERSONAL_DATA", settings.DEBUG))
