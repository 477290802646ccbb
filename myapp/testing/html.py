"""Questions to a page, for tests: what it links to, what its forms send, which words a part of it holds.

A page is read into a small tree by Python's own parser. Parts are named as in CSS, within what tests need:
`main a.event[href]`, `form#search`, `[data-category="talk"]`; a space is the only combinator.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.http import HttpResponse
from django.http.response import HttpResponseBase

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_SILENT = frozenset({"script", "style", "template"})
_BLOCKS = frozenset(
    "address article aside blockquote body br dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 "
    "h3 h4 h5 h6 header hr li main nav ol option p pre section summary table td th tr ul".split()
)
# An opening tag that closes an open one before it, where HTML lets the end tag be left out.
_CLOSES = {
    "li": {"li"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "tr": {"tr", "td", "th"},
    "td": {"td", "th"},
    "th": {"td", "th"},
    "option": {"option"},
}
_STEP = re.compile(r"""([\w-]+)|\#([\w-]+)|\.([\w-]+)|\[([\w:-]+)(?:=["']?([^"'\]]*)["']?)?\]""")


@dataclass
class Element:
    """One element: its name, attributes and what is in it."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    children: "list[Element | str]" = field(default_factory=list)

    @property
    def classes(self) -> set[str]:
        """The words of its class attribute."""
        return set(self.attrs.get("class", "").split())

    def walk(self) -> "Iterator[Element]":
        """Yield it and everything in it, in the page's order."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def text(self) -> str:
        """Return what a person reads in it, on one line."""
        return re.sub(r"\s+", " ", "".join(self._pieces())).strip()

    def _pieces(self) -> Iterator[str]:
        if self.tag in _SILENT:
            return
        gap = " " if self.tag in _BLOCKS else ""
        yield gap
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._pieces()
        yield gap

    def all(self, selector: str) -> "list[Element]":
        """Return the elements in it that the selector names, in the page's order, each once."""
        found = [self]
        for step in selector.split():
            matches = _matcher(step)
            seen: dict[int, Element] = {}
            for outer in found:
                for inner in outer.walk():
                    if inner is not outer and matches(inner):
                        seen.setdefault(id(inner), inner)
            found = list(seen.values())
        order = {id(element): place for place, element in enumerate(self.walk())}
        return sorted(found, key=lambda element: order[id(element)])

    def one(self, selector: str) -> "Element":
        """Return the only element that the selector names; AssertionError where there is none or a second."""
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} elements match {selector!r}, not one"
        return found[0]

    def has(self, selector: str) -> bool:
        """Whether anything in it is named by the selector."""
        return bool(self.all(selector))


class _Matcher:
    """One compound step of a selector."""

    def __init__(self, step: str) -> None:
        matches = list(_STEP.finditer(step))
        if "".join(match[0] for match in matches) != step:
            raise ValueError(f"{step!r} is more CSS than this helper reads")
        self.parts = [match.groups() for match in matches]

    def __call__(self, element: Element) -> bool:
        return all(self._holds(element, *part) for part in self.parts)

    @staticmethod
    def _holds(
        element: Element,
        tag: str | None,
        id_: str | None,
        class_: str | None,
        name: str | None,
        value: str | None,
    ) -> bool:
        if tag:
            return element.tag == tag
        if id_:
            return element.attrs.get("id") == id_
        if class_:
            return class_ in element.classes
        assert name is not None
        return name in element.attrs and (value is None or element.attrs[name] == value)


_matcher = _Matcher


class _Reader(HTMLParser):
    """Builds the tree; an end tag that nothing opened is passed over, as browsers do."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#page")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.open[-1].tag in _CLOSES.get(tag, ()) or (
            self.open[-1].tag == "p" and tag in _BLOCKS - {"br"}
        ):
            self.open.pop()
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].tag == tag:
                del self.open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


@dataclass(frozen=True)
class Link:
    """A link as a person meets it."""

    text: str
    href: str
    element: Element = field(repr=False, compare=False, hash=False)


@dataclass(frozen=True)
class Form:
    """A form as the browser would send it untouched."""

    action: str
    method: str
    fields: dict[str, list[str]]
    element: Element = field(repr=False, compare=False, hash=False)

    def filled(self, **values: str | list[str]) -> dict[str, list[str]]:
        """Return what is sent when these fields are filled in; KeyError for a field that the form does not have."""
        for name in values:
            if not any(name == control.attrs.get("name") for control in self.element.walk()):
                raise KeyError(f"the form has no field {name!r}")
        given = {name: [value] if isinstance(value, str) else value for name, value in values.items()}
        return self.fields | given


def parse(page: HttpResponseBase | str) -> Element:
    """Return the tree of a response or of a piece of HTML."""
    reader = _Reader()
    if isinstance(page, str):
        reader.feed(page)
    else:
        assert isinstance(page, HttpResponse), "a stream has no text yet"
        reader.feed(page.content.decode(page.charset))
    reader.close()
    return reader.root


def text_of(page: HttpResponseBase | str, selector: str = "") -> str:
    """Return the words of the page, or of the one element that the selector names."""
    root = parse(page)
    return (root.one(selector) if selector else root).text()


def links(page: HttpResponseBase | str | Element, selector: str = "a[href]") -> list[Link]:
    """Return the links in the page's order; `selector` narrows them down: `nav a[href]`."""
    root = page if isinstance(page, Element) else parse(page)
    return [Link(found.text(), found.attrs.get("href", ""), found) for found in root.all(selector)]


def hrefs(page: HttpResponseBase | str | Element, selector: str = "a[href]") -> list[str]:
    """Return where the links lead, in the page's order."""
    return [link.href for link in links(page, selector)]


def forms(page: HttpResponseBase | str | Element, selector: str = "form") -> list[Form]:
    """Return the forms in the page's order with what they hold."""
    root = page if isinstance(page, Element) else parse(page)
    return [
        Form(found.attrs.get("action", ""), found.attrs.get("method", "get").lower(), _fields(found), found)
        for found in root.all(selector)
    ]


def _fields(form: Element) -> dict[str, list[str]]:
    """What a browser sends for the form untouched: https://html.spec.whatwg.org/#constructing-the-form-data-set."""
    sent: dict[str, list[str]] = {}
    for control in form.walk():
        name = control.attrs.get("name", "")
        if not name or "disabled" in control.attrs:
            continue
        for value in _values(control):
            sent.setdefault(name, []).append(value)
    return sent


def _values(control: Element) -> list[str]:
    """What one control sends."""
    kind = control.attrs.get("type", "text").lower()
    if control.tag == "input" and kind in {"checkbox", "radio"}:
        return [control.attrs.get("value", "on")] if "checked" in control.attrs else []
    if control.tag == "input" and kind not in {"submit", "button", "image", "reset", "file"}:
        return [control.attrs.get("value", "")]
    if control.tag == "textarea":
        # The first newline belongs to the markup, not to the text.
        return ["".join(child for child in control.children if isinstance(child, str)).removeprefix("\n")]
    if control.tag == "select":
        options = control.all("option")
        chosen = [option for option in options if "selected" in option.attrs]
        if not chosen and "multiple" not in control.attrs:
            chosen = options[:1]
        return [option.attrs.get("value", option.text()) for option in chosen]
    return []
