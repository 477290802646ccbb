"""Descriptions as Markdown: organisers go on editing what was imported, so HTML is not kept.

HTML goes through nh3 first, which drops scripts, styles and whatever else a feed brings, and leaves a small well-formed
tree; turning that into Markdown takes the hundred lines below. (``markdownify`` does it as well, on top of
BeautifulSoup: two more dependencies, and it recurses, so a description nested a thousand deep ends it.)

Text that is no HTML is shown as it was written: characters that mean something to Markdown are escaped, but lists and
line breaks stay what they look like.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import nh3

from myapp.events.importing.encodings import strip_controls
from myapp.events.importing.texts import DESCRIPTION, address

_KEPT = {
    *("p", "div", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code"),
    *("b", "strong", "i", "em", "ul", "ol", "li", "a", "table", "tr", "td", "th", "section", "article"),
}
_HTML = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|em|strong|ul|ol|li|h[1-6]|table|tr|td|font|html|body|img|pre|code|blockquote|hr|s|small)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"([\\`*_\[\]<~|])")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_LINE_START = re.compile(r"^( {0,3})(#{1,6}(?=\s|$)|>|=+\s*$|-{2,}\s*$|\+(?=\s)|-(?=\s*$))", re.MULTILINE)
_NUMBER_ALONE = re.compile(r"^( {0,3}\d{1,9})([.)])(?=\s*$)", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]{4,}", re.MULTILINE)
_BLANKS = re.compile(r"\n{3,}")
_OTHER_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def from_text(text: str, *, base: str = "") -> str:
    """Return a plain-text or HTML description as Markdown; relative links are read from ``base``, the event's page."""
    text = strip_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    return _cut(from_html(text, base=base) if is_html(text) else escape(text).strip())


def from_markdown(text: str, *, base: str = "") -> str:
    """Return a description that may be Markdown with HTML in it: the Markdown stays, the HTML is turned into it."""
    text = strip_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    if is_html(text):
        return _cut(from_html(text, base=base, escape_text=False))
    return _cut(_OTHER_TAG.sub(r"\\<", text).strip())


def is_html(text: str) -> bool:
    """Whether the text uses one of the tags that editors write; ``a < b`` and ``<script>`` are text."""
    return "<" in text and bool(_HTML.search(text))


def escape(text: str) -> str:
    """Return text that Markdown shows as it is. Lists stay lists: they are meant as such."""
    text = _ENTITY.sub("&amp;", _SPECIAL.sub(r"\\\1", text))
    # "* point" is a list in plain text too; only the star at the beginning of a line with a space behind it is.
    text = re.sub(r"^( {0,3})\\\*(?= +\S)", r"\1*", text, flags=re.MULTILINE)
    text = _INDENT.sub("   ", text)
    text = _NUMBER_ALONE.sub(r"\1\\\2", text)
    return _LINE_START.sub(r"\1\\\2", text)


def from_html(html: str, *, base: str = "", escape_text: bool = True) -> str:
    """Return HTML as Markdown, without anything nh3 does not let through. Linear; never recurses."""
    clean = nh3.clean(
        html[: 4 * DESCRIPTION],
        tags=_KEPT,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    writer = _MarkdownWriter(base, escape_text=escape_text)
    writer.feed(clean)
    writer.close()
    return writer.markdown()


class _MarkdownWriter(HTMLParser):
    """Writes the small well-formed tree that nh3 leaves."""

    def __init__(self, base: str, *, escape_text: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._base, self._escape_text = base, escape_text
        self._out: list[str] = []
        self._lists: list[int | None] = []
        """Open lists: the last number, or ``None`` for bullets."""
        self._quotes = self._pre = 0
        self._links: list[tuple[str, int]] = []
        self._marks: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write what a tag begins with."""
        if tag == "br":
            self._write("\n" + self._margin())
        elif tag == "li":
            self._item()
        elif tag in {"b", "strong", "i", "em"}:
            # Emphasis inside emphasis inside emphasis is somebody's attack, not somebody's text.
            self._marks.append(len(self._out) if len(self._marks) < 2 else -1)
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._out)))
        elif tag in {"td", "th"}:
            self._write(" ")
        elif tag != "code":
            self._begin_block(tag)

    def _begin_block(self, tag: str) -> None:
        self._quotes += tag == "blockquote"
        self._pre += tag == "pre"
        if tag not in {"ul", "ol"} or not self._lists:
            self._block()
        if tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "hr":
            self._write("---")
            self._block()
        elif tag[0] == "h" and tag[1:].isdigit():
            self._write(f"{'#' * int(tag[1])} ")

    def handle_endtag(self, tag: str) -> None:
        """Write what a tag ends with."""
        if tag in ("ul", "ol"):
            if self._lists:
                self._lists.pop()
            if not self._lists:
                self._block()
        elif tag in ("b", "strong"):
            self._mark("**")
        elif tag in ("i", "em"):
            self._mark("*")
        elif tag == "a":
            self._link()
        elif tag == "blockquote":
            self._quotes -= 1
            self._block()
        elif tag == "pre":
            self._pre -= 1
            self._block()
        elif tag not in ("li", "code", "td", "th"):
            self._block()

    def handle_data(self, data: str) -> None:
        """Write the text between two tags."""
        data = data.replace("\xa0", " ")
        if self._pre or not self._escape_text:
            text = escape(data) if self._escape_text else _OTHER_TAG.sub(r"\\<", data)
            self._write(text.replace("\n", "\n" + self._margin()))
            return
        text = re.sub(r"\s+", " ", data)
        if not self._out or self._out[-1].endswith(("\n", " ")):
            text = text.lstrip()
        self._write(escape(text))

    def markdown(self) -> str:
        """Return what was written, trimmed."""
        text = "\n".join(line.rstrip() for line in "".join(self._out).split("\n"))
        return _BLANKS.sub("\n\n", text).strip()

    def _write(self, text: str) -> None:
        if text:
            self._out.append(text)

    def _margin(self) -> str:
        # Deeper nesting than a reader can follow is written at the depth of six.
        return "> " * min(self._quotes, 3) + "   " * min(max(len(self._lists) - 1, 0), 6)

    def _block(self) -> None:
        if self._out:
            self._write("\n\n" + self._margin())

    def _item(self) -> None:
        last = self._lists[-1] if self._lists else None
        mark = "- "
        if last is not None:
            self._lists[-1] = last + 1
            mark = f"{last + 1}. "
        self._write("\n" + self._margin() + mark)

    def _mark(self, mark: str) -> None:
        """Put emphasis round what was written since it was opened; Markdown wants no space inside the marks."""
        if not self._marks:
            return
        start = self._marks.pop()
        if start < 0:
            return
        inner = "".join(self._out[start:])
        words = inner.strip()
        if not words or "\n" in words:
            return
        before, after = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
        self._out[start:] = [f"{before}{mark}{words}{mark}{after}"]

    def _absolute(self, href: str) -> str:
        """Return a link as it is on the event's own page; nothing for one that nobody can resolve."""
        try:
            return urljoin(self._base, href)
        except ValueError:
            return ""

    def _link(self) -> None:
        if not self._links:
            return
        href, start = self._links.pop()
        href = self._absolute(href)
        words = "".join(self._out[start:]).strip()
        if not href or not (address(href) or href.startswith("mailto:")) or "\n" in words:
            return
        target = href.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
        plain = href.removeprefix("mailto:")
        same = not words or re.sub(r"\\(.)", r"\1", words) in (href, plain)
        self._out[start:] = [f"<{plain}>" if same and "%" not in target else f"[{words or plain}]({target})"]


def _cut(text: str) -> str:
    return text if len(text) <= DESCRIPTION else f"{text[: DESCRIPTION - 1].rstrip()}…"
