"""Numbers of the product that operators want to see beside those of the machine.

@number("eventmate_people", "Accounts of people.")
def people() -> int: ...

An app's numbers stand in its `numbers.py`, which its AppConfig imports; health asks them now and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Number(NamedTuple):
    """The name of a metric, a sentence on what it counts, and how to count it: by one cheap query."""

    name: str
    sentence: str
    ask: Callable[[], int]


every_number: list[Number] = []


def number(name: str, sentence: str) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Make a function of no arguments that counts something a number of the product."""

    def decorate(ask: Callable[[], int]) -> Callable[[], int]:
        every_number.append(Number(name, sentence, ask))
        return ask

    return decorate
