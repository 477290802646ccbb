"""Query strings: one form for one meaning, and a sentence for what has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import BadRequest
from django.test import Client
from hypothesis import given, strategies

from myapp.web.query_strings import LONGEST_QUERY, canonical, query_string

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = ("category", "day", "q")


@pytest.mark.parametrize(
    ("raw", "text", "has_more"),
    [
        ("", "", False),
        ("q=a", "q=a", False),
        ("q=a&", "q=a", False),
        ("q=a&day=today", "day=today&q=a", False),
        ("q=a%20b", "q=a+b", False),
        ("q=caf%C3%A9", "q=caf%C3%A9", False),
        ("q=caf\xc3\xa9", "q=caf%C3%A9", False),  # sent unescaped, as WSGI hands it over
        ("category=b&category=a", "category=b&category=a", False),
        ("q=", "", True),
        ("q", "", True),
        ("x=1", "", True),
        ("q=a&x", "q=a", True),
        ("Q=a", "", True),
    ],
)
def test_canonical(raw: str, text: str, has_more: bool) -> None:
    assert canonical(raw, READS) == (text, has_more)


@given(strategies.text(alphabet=strategies.characters(codec="latin-1"), max_size=60))
def test_anything_has_a_canonical_form_that_is_its_own_or_is_refused(raw: str) -> None:
    try:
        text, _ = canonical(raw, READS)
    except BadRequest:
        return
    assert canonical(text, READS) == (text, False)


@pytest.mark.parametrize(
    "raw",
    [
        "q=%00",
        "q=\0",
        "%00=a",
        "q=%ff",
        "q=%ed%a0%80",
        "q=" + "a" * LONGEST_QUERY,
        "q=" + "a" * 1001,
        "q=a&" * 101,
    ],
)
def test_malformed_is_refused_with_a_sentence(client: Client, raw: str) -> None:
    with pytest.raises(BadRequest, match=r"\.$"):
        canonical(raw, READS)
    assert client.get("/page/", query_params=None, QUERY_STRING=raw).status_code == 400


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, ""),
        ({"q": "a b", "day": None, "x": ""}, "q=a+b"),
        ({"b": 2, "a": [1, None, 3]}, "a=1&a=3&b=2"),
        ({"q": "a&b=c#d"}, "q=a%26b%3Dc%23d"),
    ],
)
def test_query_string(values: Mapping[str, object], text: str) -> None:
    assert query_string(values) == text
