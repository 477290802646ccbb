"""The words of a search, marked where they stand in what was found.

The marks follow the search: case and accents do not matter, the last word may be the beginning of one, and forms of the
same word are the same. Everything else is escaped here, so that what comes out is safe HTML whatever stood in the text.
"""

import re
from collections.abc import Iterable
from itertools import chain

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from myapp.events.queries import Row
from myapp.events.spelling import folded
from myapp.events.terms import is_beginning, stem_of, terms

_EXCERPT = 160
_LEAD = 60
_HEAD = 3
# Letters whose plain form is one letter: folding a text by these keeps every position where it was. Latin, Greek and
# Cyrillic with their extensions, and the wide forms of Latin.
_ALPHABETS = chain(range(0x530), range(0x1E00, 0x2000), range(0xFF21, 0xFF5B))
_PLAIN = {
    code: plain
    for code in _ALPHABETS
    if chr(code).isalpha() and len(plain := folded(chr(code))) == 1 and plain != chr(code)
}


class Marker:
    """Marks the words of one search in any text."""

    def __init__(self, words: str) -> None:
        """Read the words as the search does; what must not be there is not marked either."""
        asked = [term for term in terms(words) if not term.is_excluded]
        found = [word for term in asked for word in re.findall(r"\w+", _fold(term.text))]
        self._words = frozenset(found)
        self._stems = frozenset(map(stem_of, found))
        goes_on = bool(found) and not asked[-1].is_phrase and is_beginning(asked[-1].text)
        self._beginning = found[-1] if goes_on else ""
        # Words that begin alike are found fast by a pattern; only these are compared.
        heads = sorted({re.escape(word[:_HEAD]) for word in found})
        self._alike = re.compile(rf"\b(?:{'|'.join(heads)})\w*") if heads else None

    def places(self, text: str) -> Iterable[tuple[int, int]]:
        """Yield from where to where each of the words stands."""
        if self._alike is None:
            return
        for match in self._alike.finditer(_fold(text)):
            word = match[0]
            begun = self._beginning and word.startswith(self._beginning)
            if begun or word in self._words or stem_of(word) in self._stems:
                yield match.span()

    def mark(self, text: str) -> SafeString:
        """Return the text as HTML with its words marked."""
        parts, at = [], 0
        for start, end in self.places(text):
            parts += [escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>"]
            at = end
        return mark_safe("".join([*parts, escape(text[at:])]))  # noqa: S308 - every part was escaped

    def excerpt(self, *texts: str) -> SafeString:
        """Return the part of the first text that holds one of the words, marked; nothing where none does."""
        for text in texts:
            first = next(iter(self.places(text)), None)
            if first is not None:
                return self.mark(_around(text, first[0]))
        return SafeString("")


def mark_rows(rows: Iterable[Row], words: str) -> None:
    """Mark the words in what the rows of a list show, and add an `excerpt` of the texts they bring. For templates only."""
    marker = Marker(words)
    for row in rows:
        row["excerpt"] = marker.excerpt(row.pop("summary", ""), row.pop("beginning", ""))
        for name in ("title", "organisation_name", "place_label"):
            row[name] = marker.mark(row[name])


def _fold(text: str) -> str:
    """Lower case and no accents, letter for letter."""
    return text.lower() if text.isascii() else text.translate(_PLAIN)


def _around(text: str, at: int) -> str:
    """Cut a stretch of whole words out of a text, with an ellipsis where something is left out."""
    start = 0 if at <= _LEAD else max(text.rfind(" ", 0, at - _LEAD) + 1, at - 2 * _LEAD)
    end = start + _EXCERPT
    if end < len(text):
        space = text.rfind(" ", at, end)
        end = space if space > at else end
    return ("… " if start else "") + text[start:end].strip() + (" …" if end < len(text) else "")
