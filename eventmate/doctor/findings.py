"""What a finding is, and how all of them are collected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on what is the matter, one on what to do; `is_trouble` is false for what works and could be better."""

    what: str
    remedy: str
    is_trouble: bool = True


def advice(what: str, remedy: str) -> Finding:
    """Return a finding that asks for nothing today."""
    return Finding(what, remedy, is_trouble=False)


def examine(examinations: Iterable[tuple[str, Callable[[], Iterable[Finding]]]]) -> Iterator[Finding]:
    """Yield what each named examination finds; one that breaks is a finding, and the others go on."""
    for name, examination in examinations:
        try:
            yield from examination()
        except Exception as error:  # noqa: BLE001 - the doctor is there for machines on which anything may fail
            yield Finding(
                f"The {name} could not be examined: {type(error).__name__}: {first_line(error)}",
                "If nothing else is found that would explain it, this is a mistake of ours; please report it.",
            )


def first_line(error: BaseException) -> str:
    """Return what an error says, without what follows."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
