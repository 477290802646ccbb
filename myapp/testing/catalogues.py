"""Translations as they are written (django.po), for promises about them: no gettext needs to be installed to read them."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d+)\])?) )?(".*")')


@dataclass
class Message:
    """One entry: what stands in code and templates, and how it is said; `said` has one form, or one for each number."""

    context: str = ""
    id: str = ""
    plural: str = ""
    said: dict[int, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two messages the same."""
        return self.context, self.id, self.plural

    def compiled(self) -> dict[object, str]:
        """Return its entries in the catalogue that Python's gettext reads from the django.mo."""
        name = f"{self.context}\x04{self.id}" if self.context else self.id
        if not self.plural:
            return {name: self.said[0]}
        return {(name, number): words for number, words in self.said.items()}


def read_catalogue(path: Path) -> list[Message]:
    """Return the messages of a django.po without its head. Raises `ValueError` at a line that is none of a catalogue."""
    messages = [_message(block) for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8").strip())]
    return [message for message in messages if message.id]


def _message(block: str) -> Message:
    message, name, number = Message(), "", 0
    for line in block.splitlines():
        if line.startswith("#"):
            message.flags |= set(re.split(r"[,\s]+", line[2:])) if line.startswith("#,") else set()
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"This is no line of a catalogue: {line}")
        if match[1]:
            name, number = match[1].partition("[")[0], int(match[2] or 0)
        text = ast.literal_eval(match[3])
        if name == "msgstr":
            message.said[number] = message.said.get(number, "") + text
        else:
            attribute = {"msgctxt": "context", "msgid": "id", "msgid_plural": "plural"}[name]
            setattr(message, attribute, getattr(message, attribute) + text)
    return message
