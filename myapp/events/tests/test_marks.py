"""The words of a search, marked, and nothing else let through."""

from html import unescape

import pytest
from django.utils.safestring import SafeString
from hypothesis import given, settings, strategies as st

from myapp.events.marks import Marker


@pytest.mark.parametrize(
    ("words", "text", "marked"),
    [
        ("jazz", "Jazz night, all jazz", "<mark>Jazz</mark> night, all <mark>jazz</mark>"),
        ("cafe", "Café Müller", "<mark>Café</mark> Müller"),
        ("CAFÉ", "The cafe", "The <mark>cafe</mark>"),
        ("worksh", "Two workshops", "Two <mark>workshops</mark>"),
        ("workshops now", "A workshop now", "A <mark>workshop</mark> <mark>now</mark>"),
        ("activity", "Activities", "<mark>Activities</mark>"),
        ("activi", "Activities", "<mark>Activities</mark>"),
        ("jaz night", "Jazz night", "Jazz <mark>night</mark>"),  # only the last word may go on
        ('"jazz night"', "Jazz nights", "<mark>Jazz</mark> <mark>nights</mark>"),
        ("jazz -night", "Jazz night", "<mark>Jazz</mark> night"),
        ("art", "Party smart art", "Party smart <mark>art</mark>"),  # within a word is not the word
        ("кино", "Кино и музыка", "<mark>Кино</mark> и музыка"),
        ("?!", "What?!", "What?!"),
        ("", "Jazz", "Jazz"),
        ("script", "<script>x</script>", "&lt;<mark>script</mark>&gt;x&lt;/<mark>script</mark>&gt;"),
        ("amp", "a &amp; b", "a &amp;<mark>amp</mark>; b"),
        ("a.b(c", "a.b(c", "<mark>a</mark>.<mark>b</mark>(<mark>c</mark>"),
    ],
)
def test_mark_marks_words_and_escapes_the_rest(words: str, text: str, marked: str) -> None:
    assert Marker(words).mark(text) == marked


@given(words=st.text(max_size=30), text=st.text(max_size=120))
@settings(max_examples=300, deadline=None)
def test_mark_of_anything_is_the_text_and_marks(words: str, text: str) -> None:
    marked = Marker(words).mark(text)

    assert isinstance(marked, SafeString)
    without = marked.replace("<mark>", "").replace("</mark>", "")
    assert unescape(without) == unescape(without.replace("<", "")) == _as_html_reads(text)


def _as_html_reads(text: str) -> str:
    from django.utils.html import escape

    return unescape(escape(text))


def test_excerpt_is_cut_around_the_first_word_found() -> None:
    text = "Come early. " * 30 + "We play jazz until late. " + "Bring a friend. " * 30

    excerpt = Marker("jazz").excerpt("Nothing here", text)

    assert "<mark>jazz</mark>" in excerpt
    assert excerpt.startswith("… ")
    assert excerpt.endswith(" …")
    assert len(excerpt) < 200


def test_excerpt_of_texts_without_the_word_is_empty() -> None:
    assert Marker("jazz").excerpt("", "Chess & go") == ""


def test_excerpt_of_one_endless_word_ends() -> None:
    excerpt = Marker("zyx").excerpt("zyx" * 500)

    assert "<mark>" in excerpt
    assert len(excerpt) < 400
