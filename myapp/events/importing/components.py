"""The text of an iCalendar file into a tree of components and properties (RFC 5545 §3.1, §3.4; RFC 6868).

The ``icalendar`` library writes our own feeds, but other people's files are read here: it reads a whole calendar or
raises, so one broken line costs a campus its feed, and it keeps the zones one file defines for the next file it reads.
This reader never raises on content. A line that is none is counted, a component that is never closed is closed.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from myapp.events.importing import deadline
from myapp.events.importing.encodings import decode

MAX_DEPTH = 20

_NAME = re.compile(r"[ \t]*([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)?)[ \t]*(?=[;:])")
_PARAMETER = re.compile(
    r'[ \t]*;[ \t]*([^=;:"]*?)[ \t]*=[ \t]*((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)[ \t]*(?=[;:])'
)
_PARAMETER_VALUE = re.compile(r'"([^"]*)"|([^,"]+)')
_CARET = {"^n": "\n", "^^": "^", "^'": '"'}
_ESCAPE = re.compile(r"\\([nN,;:\\\"])")
_COMMA_OR_ESCAPE = re.compile(r"\\.|,", re.DOTALL)


@dataclass(slots=True)
class Property:
    """One content line: ``value`` is as written, still escaped."""

    name: str
    value: str
    parameters: dict[str, list[str]] = field(default_factory=dict)

    def parameter(self, name: str) -> str:
        """Return the first value of a parameter, or an empty text."""
        return next(iter(self.parameters.get(name, ())), "")

    @property
    def text(self) -> str:
        """The value as TEXT, unescaped."""
        return unescape(self.value)

    @property
    def texts(self) -> list[str]:
        """The value as a list of TEXT."""
        return [unescape(part) for part in split_list(self.value)]


@dataclass(slots=True)
class Component:
    """A BEGIN … END block."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    children: list[Component] = field(default_factory=list)
    closed: bool = False

    def first(self, name: str) -> Property | None:
        """Return the first property of that name that holds anything, else the first."""
        found = self.properties.get(name)
        if not found:
            return None
        return next((one for one in found if one.value.strip()), found[0])

    def all(self, name: str) -> list[Property]:
        """Return every property of that name."""
        return self.properties.get(name, [])

    def text(self, name: str) -> str:
        """Return the first property of that name as text, stripped."""
        found = self.first(name)
        return found.text.strip() if found else ""

    def walk(self, name: str) -> Iterator[Component]:
        """Give every component of that name below this one, itself excluded, in the order of the file."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.walk(name)


def unescape(value: str) -> str:
    r"""Return a TEXT value without its escapes, in one pass (``\\n`` is a backslash and an n)."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def split_list(value: str) -> list[str]:
    """Return the comma-separated parts of a value, still escaped."""
    if "\\" not in value:
        return value.split(",")
    parts, start = [], 0
    for found in _COMMA_OR_ESCAPE.finditer(value):
        if found[0] == ",":
            parts.append(value[start : found.start()])
            start = found.end()
    return [*parts, value[start:]]


def parse_line(line: str) -> Property | None:
    """Return the property a content line holds, or ``None`` when it is none. Linear in its length."""
    name = _NAME.match(line)
    if name is None:
        return None
    at = name.end()
    parameters: dict[str, list[str]] = {}
    while line[at] == ";":
        found = _PARAMETER.match(line, at)
        if found is None:
            return None
        values = [
            _uncaret(one[1] if one[1] is not None else one[2].strip())
            for one in _PARAMETER_VALUE.finditer(found[2])
        ]
        parameters.setdefault(found[1].upper(), []).extend(values)
        at = found.end()
    value = line[at + 1 :]
    if parameters.get("ENCODING") == ["QUOTED-PRINTABLE"]:
        value = _escape(decode(quopri.decodestring(value.encode("utf-8", "replace")))[0])
    return Property(name[1].upper(), value, parameters)


def parse(text: str) -> tuple[Component, int]:
    """Return a nameless component holding all of ``text`` (already unfolded), and how many lines were none."""
    root = Component("")
    open_ones = [root]
    too_deep = unreadable = 0
    for number, line in enumerate(_logical_lines(text)):
        if not number % 500:
            deadline.check()
        prop = parse_line(line)
        if prop is None:
            unreadable += bool(line.strip())
        elif prop.name == "BEGIN":
            child = Component(prop.value.strip().upper())
            # A calendar never stands inside another: the one before was left open.
            if child.name == "VCALENDAR":
                del open_ones[1:]
                too_deep = 0
            elif len(open_ones) > MAX_DEPTH:
                too_deep += 1
                continue
            open_ones[-1].children.append(child)
            open_ones.append(child)
        elif prop.name == "END":
            if too_deep:
                too_deep -= 1
                continue
            _close(open_ones, prop.value.strip().upper())
        elif not too_deep:
            open_ones[-1].properties.setdefault(prop.name, []).append(prop)
    return root, unreadable


def _close(open_ones: list[Component], name: str) -> None:
    """Close the innermost open component of that name and what is open inside it; ignore an END of nothing."""
    for depth in range(len(open_ones) - 1, 0, -1):
        if open_ones[depth].name == name:
            open_ones[depth].closed = True
            del open_ones[depth:]
            return


def _logical_lines(text: str) -> Iterator[str]:
    """Give the lines, with the soft breaks of quoted-printable text (vCalendar 1.0) joined."""
    held = ""
    for line in text.split("\n"):
        whole, held = held + line, ""
        if whole.endswith("=") and "QUOTED-PRINTABLE" in whole[:200].upper() and len(whole) < 100_000:
            held = whole[:-1]
        else:
            yield whole
    if held:
        yield held


def _uncaret(value: str) -> str:
    if "^" not in value:
        return value
    return re.sub(r"\^[n^']", lambda found: _CARET[found[0]], value)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
