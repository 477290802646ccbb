"""The rules of the house, as questions to a template or a module; each answers with what breaks it.

Rules that a linter knows are the linter's. These are ours: a page that works without JavaScript, under a strict content
security policy, in every language.
"""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_FILE = 400
LONGEST_VIEW = 20
# An island asks for itself what its default content already answers; its element carries nothing to click.
ISLAND_TRIGGER = "signed-in from:body"
_REQUESTS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")
_SPOKEN = ("alt", "aria-label", "placeholder", "title")
_NAMES = {"event", "mate", "EventMate", "Google", "Outlook"}  # the same in every language
_SILENT = {"script", "style", "code"}
_KINDS = ("public_page", "island", "private_page", "open_page", "link_page", "stream", "operators_page")


class _Markup(HTMLParser):
    """Collects what breaks a rule in a template whose Django parts have been taken out."""

    def __init__(self, *, is_page: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.is_page = is_page
        self.broken: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.silent += tag in _SILENT
        if tag == "script" and "src" not in given and "json" not in given.get("type", ""):
            self.broken.append("an inline script")
        if tag == "style":
            self.broken.append("an inline style sheet")
        self.broken += list(_broken_attributes(tag, given))
        if "hx-swap-oob" in given and self.is_page:
            self.broken.append("hx-swap-oob outside of a fragment: every full page would fire it")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent and _words(data):
            self.broken.append(f"words that nobody can translate: {data.strip()!r}")


def _broken_attributes(tag: str, given: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with the attributes of one element."""
    if "style" in given:
        yield f"a style attribute on <{tag}>"
    for name, value in given.items():
        if re.match(r"on[a-z]+$", name) or name.startswith("hx-on"):
            yield f"{name}: scripts stand in static/js"
        if name in {"href", "action", "src"} and value.strip().lower().startswith("javascript:"):
            yield f"a script as {name}"
        if name in _SPOKEN and _words(value):
            yield f"words that nobody can translate: {name}={value!r}"
    if given.get("href") == "#":
        yield 'href="#": a link that leads nowhere'
    asks = [name for name in _REQUESTS if name.partition(":")[0] in {key.partition(":")[0] for key in given}]
    if asks and not ({"href", "action", "formaction"} & set(given) or is_island(given)):
        yield f"{asks[0]} on <{tag}>, which does nothing without JavaScript"


def _words(text: str) -> set[str]:
    """Return the words of a text that somebody would have to translate."""
    return set(re.findall(r"[^\W\d_]{2,}", text)) - _NAMES


def is_island(given: dict[str, str]) -> bool:
    """Whether these attributes make an element an island."""
    return given.get("hx-trigger", "").startswith(ISLAND_TRIGGER)


def broken_in_template(source: str) -> list[str]:
    """Return what in a template breaks a rule, in its order."""
    parts = (
        r"\{#.*?#\}",
        r"\{%\s*comment.*?endcomment\s*%\}",
        r"\{%\s*block\s+\w*class\w*\s*%\}.*?\{%\s*endblock\b.*?%\}",
        r"\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}",
    )
    for part in parts:
        source = re.sub(part, "", source, flags=re.DOTALL)
    markup = _Markup(is_page=re.search(r"\{%\s*extends\b|<html\b", source) is not None)
    # A variable stands for some text without words, a tag for none: `href="{% url … %}"` is there, and leads somewhere.
    markup.feed(
        re.sub(
            r"\{%.*?%\}",
            "",
            re.sub(r"\{\{.*?\}\}|\{%\s*(?:url|static)\b.*?%\}", "0", source, flags=re.DOTALL),
            flags=re.DOTALL,
        )
    )
    markup.close()
    return markup.broken


def broken_in_module(source: str) -> list[str]:
    """Return what in a Python module breaks a rule, in its order."""
    broken = []
    lines = source.count("\n")
    if lines > LONGEST_FILE:
        broken.append(f"{lines} lines; split it at {LONGEST_FILE}")
    if found := re.search(r"\b(TODO|FIXME|XXX)\b", source):
        broken.append(found[0])
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _is_view(node):
            length = _length(node)
            if length > LONGEST_VIEW:
                broken.append(f"the view {node.name} has {length} lines")
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and "assert_num_queries" in _snake(node.value)
        ):
            broken.append(f"line {node.lineno}: counts queries of nothing; use it with `with`")
    return broken


def _is_view(node: ast.FunctionDef) -> bool:
    """Whether a function states a page kind."""
    names = (
        decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list
    )
    return any(isinstance(name, ast.Name) and name.id in _KINDS for name in names)


def _length(node: ast.FunctionDef) -> int:
    """Return how many lines a function has, from `def` to its end, without its docstring."""
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def _snake(call: ast.Call) -> str:
    """Return the name of what is called, in small letters with underscores."""
    name = ast.unparse(call.func).rpartition(".")[2]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
