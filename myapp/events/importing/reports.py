"""What the import commands show: a bar while they work, and a table of what could not be taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from myapp.events.importing.encodings import strip_controls
from myapp.events.importing.items import Remark, Skipped

MOST_ROWS = 40
_WIDTH = 24


class Out(Protocol):
    """A stream as commands have it."""

    def write(self, msg: str = "", style_func: None = None, ending: str | None = None) -> None:
        """Write a line."""

    def isatty(self) -> bool:
        """Whether a person is watching."""


class Progress:
    """A bar on standard error, for people only: a log or a pipe gets none of it."""

    def __init__(self, total: int, out: Out) -> None:
        self._total, self._done, self._out = total, -1, out
        self._shown = out.isatty()

    def show(self, name: str) -> None:
        """Move on to the next source."""
        self._done += 1
        if self._shown:
            filled = _WIDTH * self._done // max(self._total, 1)
            bar = "█" * filled + "░" * (_WIDTH - filled)
            self._out.write(f"\r\x1b[K{bar} {self._done}/{self._total} {_plain(name)[-60:]}", ending="")

    def clear(self) -> None:
        """Take the bar away, so that a line can be written."""
        if self._shown:
            self._out.write("\r\x1b[K", ending="")


def print_rows(out: Out, skipped: Sequence[Skipped], remarks: Sequence[Remark], *, everything: bool) -> None:
    """Write where and why, skipped ones first; the first forty unless ``everything`` is wanted."""
    rows = [("skipped", *one) for one in skipped] + [("taken, but", *one) for one in remarks]
    shown = rows if everything else rows[:MOST_ROWS]
    width = min(max((len(_plain(where)) for _kind, where, _reason in shown), default=0), 40)
    for kind, where, reason in shown:
        out.write(f"  {kind:<10}  {_plain(where)[:40]:<{width}}  {_plain(reason)}")
    if len(shown) < len(rows):
        out.write(f"  … and {len(rows) - len(shown)} more (--verbosity 2 shows them all)")


def _plain(text: str) -> str:
    """Return text of a feed that cannot move a terminal's cursor."""
    return " ".join(strip_controls(text).split())
