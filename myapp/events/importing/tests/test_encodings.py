"""Bytes of any producer become text, and nothing of them can stop that."""

import pytest
from hypothesis import given, strategies as st

from myapp.events.importing.components import parse, parse_line, split_list, unescape
from myapp.events.importing.encodings import decode


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Zoë".encode(), "Zoë"),
        ("Zoë".encode("utf-8-sig"), "Zoë"),
        ("Zoë at noon".encode("utf-16"), "Zoë at noon"),
        ("Zoë at noon".encode("utf-16-be"), "Zoë at noon"),
        ("Zoë at noon".encode("utf-16-le"), "Zoë at noon"),
        ("Zoë".encode("utf-32"), "Zoë"),
        ("Zoë – “now”".encode("cp1252"), "Zoë – “now”"),
        ("Zoë\n".encode() + "Zoë".encode("latin-1"), "Zoë\nZoë"),
        (b"one\rtwo\r\nthree\nfour", "one\ntwo\nthree\nfour"),
        (b"a\x00b\x07c\x1b[31m\td", "abc[31m\td"),
    ],
)
def test_text_of_bytes(raw, text):
    assert decode(raw)[0] == text


def test_character_folded_in_its_middle_is_put_together():
    raw = "SUMMARY:Zoë".encode()
    folded = raw[:-1] + b"\r\n " + raw[-1:]
    assert decode(folded, unfold=True) == ("SUMMARY:Zoë", "")


def test_what_was_assumed_is_said():
    assert decode(b"plain")[1] == ""
    assert decode(b"caf\xe9")[1] == "Not UTF-8: lines that are not were read as Windows-1252."


@given(st.binary(max_size=300))
def test_any_bytes_become_text_without_controls(raw):
    for unfold in (False, True):
        text, _assumed = decode(raw, unfold=unfold)
        assert not {character for character in text if ord(character) < 32} - {"\t", "\n"}
        text.encode("utf-8")
        parse(text)


@given(st.text())
def test_text_escaped_by_the_rules_comes_back(text):
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")
    assert unescape(escaped) == text
    assert unescape(split_list(escaped)[0]) == text


@given(st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), min_size=1))
def test_list_escaped_by_the_rules_comes_back(parts):
    escaped = ",".join(part.replace("\\", "\\\\").replace(",", "\\,") for part in parts)
    assert [unescape(part) for part in split_list(escaped)] == parts


@pytest.mark.parametrize(
    ("line", "name", "parameters", "value"),
    [
        ("SUMMARY:a:b;c", "SUMMARY", {}, "a:b;c"),
        ("summary;Language=en:x", "SUMMARY", {"LANGUAGE": ["en"]}, "x"),
        ('A;B="x:y;z","w":v', "A", {"B": ["x:y;z", "w"]}, "v"),
        ("A;B=^^^n^':v", "A", {"B": ['^\n"']}, "v"),
        ("A ; B = c :v", "A", {"B": ["c"]}, "v"),
        ("g.A:v", "G.A", {}, "v"),
    ],
)
def test_parts_of_a_line(line, name, parameters, value):
    found = parse_line(line)
    assert found is not None
    assert (found.name, found.parameters, found.value) == (name, parameters, value)


@pytest.mark.parametrize("line", ["", "SUMMARY", ":x", "A;B:x", 'A;B="x:y', "Ä:x", " \t"])
def test_line_that_is_none(line):
    assert parse_line(line) is None
