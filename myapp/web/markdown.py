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


def _below_the_page(html: str) -> str:
    """Let a text's own headings start at the third level and leave none out: the page has the first two."""
    used = sorted({level for _end, level in _HEADING.findall(html)})
    levels = {level: min(rank, 6) for rank, level in enumerate(used, start=3)}
    return _HEADING.sub(lambda match: f"<{match[1]}h{levels[match[2]]}>", html)


def to_html(text: str) -> SafeString:
    """Return the sanitised HTML of a Markdown text; the empty string for an empty one."""
    if not text.strip():
        return SafeString("")
    html = _below_the_page(_READER.render(text.replace("\x00", "")))
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
