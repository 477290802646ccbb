"""Markdown that people wrote, as HTML that is safe to show.

The text is read as CommonMark (https://spec.commonmark.org/) with tables and strikethrough; HTML inside it is let
through to nh3, which keeps a short list of harmless elements and drops everything else, scripts with their content.
"""

import re
from html import unescape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_READER = MarkdownIt("commonmark", {"html": True, "linkify": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)
_ELEMENTS = {
    *("p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "b", "i", "s", "del", "sub", "sup"),
    *("ul", "ol", "li", "h3", "h4", "h5", "h6", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "th": {"scope"}}
_SPACE = re.compile(r"\s+")
_HEADING = re.compile(r"<(/?)h([1-6])>")


def _below_the_page(match: re.Match[str]) -> str:
    """A text's own headings start at the third level: the page has the first two."""
    return f"<{match[1]}h{min(int(match[2]) + 2, 6)}>"


def to_html(text: str) -> SafeString:
    """Return the sanitised HTML of a Markdown text; the empty string for an empty one."""
    if not text.strip():
        return SafeString("")
    html = _HEADING.sub(_below_the_page, _READER.render(text.replace("\x00", "")))
    clean = nh3.clean(
        html,
        tags=_ELEMENTS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="nofollow ugc noopener",
    )
    return mark_safe(clean)  # noqa: S308 - nh3 has just made it safe


def to_text(html: str) -> str:
    """Return the words of sanitised HTML on one line, for search, summaries and feeds."""
    spaced = re.sub(r"<(?:/p|br|/li|/h\d|/td|/th|hr|/pre)[^>]*>", " ", html)
    return _SPACE.sub(" ", unescape(nh3.clean(spaced, tags=set()))).strip()
