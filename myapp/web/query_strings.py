"""Query strings in one form, so that one page has one address.

The canonical form holds only the names a page declares, without empty values, sorted by name; values keep their order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes, urlencode

from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Longer than any search a person types and any link we make; shorter than the limits of the servers in front of us.
LONGEST_QUERY = 4000
LONGEST_VALUE = 1000
MOST_VALUES = 100
_WSGI = "iso-8859-1"  # WSGI hands over bytes in a str of this encoding, whatever they are


class Canonical(NamedTuple):
    """A query string in its one form, and whether the form asked for said something the page does not read."""

    text: str
    has_more: bool


@lru_cache(maxsize=1024)
def canonical(raw: str, reads: tuple[str, ...]) -> Canonical:
    """Return the canonical form of a raw query string for a page that reads these names; no queries.

    Raises `BadRequest` as `refuse_malformed` does.
    """
    if not raw:
        return Canonical("", has_more=False)
    refuse_malformed(raw)
    asked = QueryDict(raw.encode(_WSGI))
    text = query_string({name: asked.getlist(name) for name in asked if name in reads})
    return Canonical(text, has_more=_count(text) < _count(raw))


def query_string(values: Mapping[str, object | Iterable[object]]) -> str:
    """Return values as a canonical query string: sorted by name; None, empty and blank values left out."""
    pairs = []
    for name in sorted(values):
        several = values[name]
        if isinstance(several, (str, bytes)) or not hasattr(several, "__iter__"):
            several = [several]
        pairs += [(name, text) for value in several if value is not None and (text := str(value)).strip()]
    return urlencode(pairs)


@lru_cache(maxsize=1024)
def refuse_malformed(raw: str) -> None:
    """Raise `BadRequest`, with a sentence for people, on a query string that no link or form of ours can produce.

    That is: NUL bytes, bytes that are not UTF-8, too many or too long values.
    """
    if len(raw) > LONGEST_QUERY:
        raise BadRequest(_("That address is too long."))
    decoded = unquote_to_bytes(raw.encode(_WSGI))
    if b"\0" in decoded:
        raise BadRequest(_("That address contains a character that no text has."))
    try:
        decoded.decode()
    except UnicodeDecodeError:
        raise BadRequest(_("That address is not written in UTF-8.")) from None
    parts = raw.split("&")
    if len(parts) > MOST_VALUES or any(len(unquote_to_bytes(part)) > LONGEST_VALUE for part in parts):
        raise BadRequest(_("That address asks for too much at once."))


def _count(raw: str) -> int:
    """Return how many values a query string holds, empty parts such as in `a=1&&b=2` not counted."""
    return sum(1 for part in raw.split("&") if part)
