"""Descriptions: HTML becomes Markdown, text stays what it looks like, and nothing alive gets through."""

import json
import re

import pytest
from hypothesis import given, strategies as st

from myapp.events.importing import markup
from myapp.events.importing.encodings import strip_controls
from myapp.testing.needs import needs_shared_data
from myapp.web.markdown import to_html, to_text


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>One <b>two </b>three</p><p>Four</p>", "One **two** three\n\nFour"),
        ("One<br>two<br/><br>three", "One\ntwo\n\nthree"),
        ("<ul><li>one<li>two</ul>after", "- one\n- two\n\nafter"),
        ("<ol><li>one<ul><li>in</ul><li>two</ol>", "1. one\n   - in\n2. two"),
        ('<a href="https://x.org/a_(b)">see *here*</a>', "[see \\*here\\*](https://x.org/a_%28b%29)"),
        ('<a href="https://x.org/">https://x.org/</a>', "<https://x.org/>"),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ('<a href="/here">click</a>', "click"),
        ("<h2>Title</h2>text", "## Title\n\ntext"),
        ("<script>alert(1)</script><style>p{}</style><p>x</p>", "x"),
        ("<p>a &amp; b &lt;c&gt;</p>", "a & b \\<c>"),
        ('<p onclick="x()" style="y">z</p><img src=x onerror=alert(1)>', "z"),
        ("<b></b><i> </i><p>x</p>", "x"),
    ],
)
def test_html_as_markdown(html, markdown):
    assert markup.from_text(html) == markdown


def test_relative_link_is_read_from_the_events_page():
    assert markup.from_text('<a href="/map">map</a>', base="https://x.org/e/1") == "[map](https://x.org/map)"


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "2*3*4 = 24, __init__, `code`",
        "# not a heading\n> not a quote\n====\none",
        "[no](link) ![no](picture) | no | table |",
        "    not code",
        "&amp; &#38; &copy;",
        "<script>alert(1)</script>",
        "\\n is no line",
        "---\ntitle",
    ],
)
def test_text_is_shown_as_it_was_written(text):
    shown = to_text(to_html(markup.from_text(text)))
    assert shown == " ".join(text.split())


def test_lists_and_lines_of_plain_text_stay():
    html = to_html(markup.from_text("Bring:\n\n* tea\n* cake\n\nfrom noon\nuntil one"))
    assert "<li>tea</li>" in html
    assert re.search(r"from noon<br ?/?>\s*until one", html)


def test_markdown_of_a_table_stays_markdown():
    assert markup.from_markdown("**Free** [pizza](https://x.org)") == "**Free** [pizza](https://x.org)"
    assert markup.from_markdown("**Free** <div>pizza</div> a < b") == "**Free**\n\npizza\n\n a < b"


@given(st.text(max_size=200) | st.text("<>/abp='\"&; \n*_[]()#", max_size=200))
def test_any_description_is_harmless(text):
    for read in (markup.from_text, markup.from_markdown):
        html = to_html(read(text))
        assert not re.search(
            r"<(?!/?(?:p|br|hr|ul|ol|li|a|b|i|em|strong|s|del|sub|sup|code|pre|blockquote|h[3-6]|t\w+)\b)",
            html,
        )
        assert not re.search(r"<[^>]*\s(?:on\w+|style|src)\s*=", html)


def test_naughty_strings_come_back_as_text():
    for text in json.loads(needs_shared_data("naughty-strings", "blns.json").read_text("utf-8")):
        if markup.is_html(text) or not text.strip():
            continue
        kept = " ".join(strip_controls(text).split())
        shown = to_text(to_html(markup.from_text(text)))
        assert "".join(shown.split()) == "".join(kept.split())
