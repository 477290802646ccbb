"""The refusal for what was here once and is not coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Way(NamedTuple):
    """A way on from a dead end: where it leads, in words, and its address."""

    title: str
    url: str


class Gone(Exception):
    """Raised by a view: answer 410 with a sentence and ways on, the same for everyone.

    Not an Http404: search engines and calendars drop a 410 at once and retry a 404 for months.
    """

    def __init__(self, sentence: str, ways: Sequence[Way] = ()) -> None:
        """Say what is gone in a sentence for people, and where they may go instead."""
        super().__init__(sentence)
        self.sentence = sentence
        self.ways = tuple(ways)
