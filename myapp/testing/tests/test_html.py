"""The helper that reads pages must itself be trusted."""

import pytest

from myapp.testing.html import forms, hrefs, links, parse, text_of

PAGE = """<!doctype html><title>Kites</title><body>
<nav><a href="/">Home</a> <a href="/events/" aria-current=page>What's <b>on</b></a></nav>
<main id="main"><p>One<br>two<p>three &amp; four <ul><li data-category="talk">Five<li>six</ul>
<script>var hidden = "<p>not read</p>";</script>
<form action="/events/" id=search><input name=q value="kites"><input type=checkbox name=online checked>
<input type=checkbox name=free><select name=day><option value=today>Today
<option value=week selected>Week</select>
<textarea name=note>
first
second</textarea><button name=go value=1>Go</button></form></main>"""


def test_text_is_what_a_person_reads() -> None:
    assert text_of(PAGE, "#main").startswith("One two three & four Five six")
    assert "hidden" not in text_of(PAGE)


def test_links_come_in_order_with_their_words() -> None:
    assert [(link.text, link.href) for link in links(PAGE)] == [("Home", "/"), ("What's on", "/events/")]
    assert hrefs(PAGE, "nav a[aria-current=page]") == ["/events/"]


def test_form_holds_what_a_browser_would_send() -> None:
    (form,) = forms(PAGE)
    assert (form.action, form.method) == ("/events/", "get")
    assert form.fields == {"q": ["kites"], "online": ["on"], "day": ["week"], "note": ["first\nsecond"]}
    assert form.filled(q="stars", free="on")["q"] == ["stars"]
    with pytest.raises(KeyError):
        form.filled(colour="red")


def test_selectors_name_parts() -> None:
    page = parse(PAGE)
    assert page.one('li[data-category="talk"]').text() == "Five"
    assert len(page.all("main li")) == 2
    assert not page.has("footer")
    with pytest.raises(AssertionError):
        page.one("li")
    with pytest.raises(ValueError, match="more CSS"):
        page.all("ul>li")
