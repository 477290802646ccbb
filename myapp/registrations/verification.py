"""Checking what is published, from nothing but what is published: a draw, and a log of registrations.

Written a second time on purpose. `lottery.py` and the database make these; what is here shares no line with them, so a
mistake there is not a mistake here. Each check yields sentences, the first difference first.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from typing import Any

_WITH_PLACE = {"held", "offered", "confirmed"}
_MOVED_UP = {"came_free", "more_places"}


class NotReadable(Exception):
    """What was given is no draw and no log; the message says why."""


def wrong_with_draw(told: Any) -> Iterator[str]:
    """Yield what is wrong with a draw as it is published (a dictionary read from its JSON)."""
    try:
        yield from _wrong_with_draw(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotReadable(f"This is not a draw as EventMate publishes it: {error!r}") from error


def _wrong_with_draw(told: Any) -> Iterator[str]:
    if told["format"] != "EventMate draw 1":
        yield f"The format is {told['format']!r}, which this program does not know."
        return
    if hashlib.sha256(told["seed"].encode("utf-8")).hexdigest() != told["seed_hash"]:
        yield "The seed is not the one whose hash was published before the draw."
    entries = {each["alias"]: each for each in told["entries"]}
    if len(entries) != len(told["entries"]):
        yield "Somebody is in the draw twice."
        return
    drawn = [(each["alias"], bool(each["has_place"])) for each in told["result"]]
    expected = _expected(told, entries)
    for number, (was, should) in enumerate(zip(drawn, expected, strict=False), start=1):
        if was[0] != should[0]:
            yield f"Number {number} of the draw is {was[0]}, and should be {should[0]}."
            return
        if was[1] != should[1]:
            yield f"{was[0]}, number {number} of the draw, {'has' if was[1] else 'has not'} a place, and should {'not ' if was[1] else ''}have one."
            return
    if len(drawn) != len(expected):
        yield f"{len(entries)} people entered, but {len(drawn)} were drawn."


def _expected(told: Any, entries: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return the result anew. Here each ticket type is a line of its own, and the best of their heads is always next."""
    seed = told["seed"]
    numbers = {
        alias: int.from_bytes(hashlib.sha256(f"{seed}|{alias}".encode()).digest(), "big") for alias in entries
    }
    lines: dict[int, deque[str]] = {}
    for alias in sorted(entries, key=numbers.__getitem__):
        lines.setdefault(int(entries[alias]["type"]), deque()).append(alias)
    rooms = {int(key): kind["places"] for key, kind in told["types"].items()}
    rest, given = told["places"], set()
    while lines:
        kind = min(lines, key=lambda each: numbers[lines[each][0]])
        head, wanted = lines[kind][0], int(entries[lines[kind][0]]["places"])
        if rooms[kind] is not None and rooms[kind] < wanted:
            del lines[kind]
            continue
        if rest is not None and rest < wanted:
            break
        given.add(head)
        rest = rest if rest is None else rest - wanted
        rooms[kind] = rooms[kind] if rooms[kind] is None else rooms[kind] - wanted
        lines[kind].popleft()
        if not lines[kind]:
            del lines[kind]
    return [(alias, alias in given) for alias in sorted(entries, key=numbers.__getitem__)]


def wrong_with_draw_in_log(told: Any, lines: list[str]) -> Iterator[str]:
    """Yield where a draw is not what the log of the same event says: who had entered, until when, and what came of it."""
    rows = [text.split("|") for text in lines]
    first = next((place for place, row in enumerate(rows) if row[5] in {"drawn", "not_drawn"}), len(rows))
    last = {row[2]: row for row in rows[:first] if row[2]}
    in_log = {alias: (row[3], row[6]) for alias, row in last.items() if row[4] == "entered"}
    in_draw = {each["alias"]: (str(each["type"]), str(each["places"])) for each in told["entries"]}
    for alias in sorted(in_log.keys() | in_draw.keys()):
        if in_log.get(alias) != in_draw.get(alias):
            yield f"The log and the draw do not agree on how {alias} entered."
            return
    ended = told["entering_ended"].replace("+00:00", "Z")
    late = [row for row in rows[:first] if row[4] == "entered" and row[1][:19] > ended[:19]]
    if late:
        yield f"Line {late[0][0]}: {late[0][2]} entered after entering had ended."
    came_of = {row[2]: row[4] in _WITH_PLACE for row in rows[first:] if row[5] in {"drawn", "not_drawn"}}
    for each in told["result"]:
        if came_of.get(each["alias"]) != bool(each["has_place"]):
            yield f"The log does not say of {each['alias']} what the draw says."
            return


def wrong_with_log(lines: list[str]) -> Iterator[str]:
    """Yield what is wrong with a log: its chain first, then the order of the waiting list, then the places.

    A line is `number|time|alias|ticket type|state|because|places|number in the queue|digest`.
    """
    digest = ""
    for number, text in enumerate(lines, start=1):
        line, _bar, said = text.rpartition("|")
        digest = hashlib.sha256(f"{digest}|{line}".encode()).hexdigest()
        if line.split("|")[0] != str(number):
            yield f"Line {number} says that it is line {line.split('|')[0]}."
            return
        if digest != said:
            yield f"Line {number} does not follow from the lines before it."
            return
    yield from _Replay().run(lines)


class _Replay:
    """Goes through a log and looks whether anybody was passed over, or more places were given than there were."""

    def __init__(self) -> None:
        self.waiting: dict[str, tuple[str, int]] = {}
        self.holds: dict[str, tuple[str, int]] = {}
        self.capacities: dict[str, int | None] = {}
        self.taken: dict[str, int] = {"": 0}
        self.last_number = 0

    def run(self, lines: list[str]) -> Iterator[str]:
        """Yield the first sentence about each line that breaks a rule."""
        for text in lines:
            parts = text.split("|")
            if len(parts) != 9:
                raise NotReadable(f"This is not a line of a log: {text[:80]!r}")
            number, _at, alias, kind, state, because, places, turn, _digest = parts
            if state == "capacity":
                self.capacities[kind] = int(places) if places else None
            else:
                yield from self._step(number, alias, kind, state, because, int(places), int(turn or 0))

    def _step(
        self, number: str, alias: str, kind: str, state: str, because: str, places: int, turn: int
    ) -> Iterator[str]:
        if because in _MOVED_UP and state in _WITH_PLACE:
            before = [other for other, (line, at) in self.waiting.items() if line == kind and at < turn]
            if before:
                yield f"Line {number}: {alias} was moved up before {before[0]}, who came earlier."
        was = self.waiting.pop(alias, None)
        if state == "waiting":
            if (was is None or was[0] != kind) and turn <= self.last_number:
                yield f"Line {number}: {alias} joined the queue with a number that was given before."
            self.last_number = max(self.last_number, turn)
            self.waiting[alias] = (kind, turn)
        old_kind, old_places = self.holds.pop(alias, (kind, 0))
        now_places = places if state in _WITH_PLACE else 0
        if now_places:
            self.holds[alias] = (kind, places)
        for line, change in ((old_kind, -old_places), (kind, now_places), ("", now_places - old_places)):
            self.taken[line] = self.taken.get(line, 0) + change
        for line, of in (("", "the event"), (kind, f"ticket type {kind}")):
            capacity = self.capacities.get(line)
            if now_places > old_places and capacity is not None and self.taken[line] > capacity:
                yield f"Line {number}: {self.taken[line]} places of {of} are taken, and there are {capacity}."
