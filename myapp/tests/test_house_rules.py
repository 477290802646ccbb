"""Every template and every module keeps the rules of the house, and each rule would notice."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from myapp.testing.house_rules import broken_in_module, broken_in_template

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
MODULES = sorted(
    path
    for folder in ("eventmate", "health", "myapp", "benchmarks", "scripts")
    for path in (settings.BASE_DIR / folder).rglob("*.py")
    if "migrations" not in path.parts
)


def name_of(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


def is_mail(path: Path) -> bool:
    """Mail programs know no style sheets of ours."""
    return bool({"emails", "email"} & set(path.parts))


@pytest.mark.parametrize("path", [path for path in TEMPLATES if not is_mail(path)], ids=name_of)
def test_a_template_keeps_the_rules(path: Path) -> None:
    assert broken_in_template(path.read_text()) == []


def test_modules_keep_the_rules() -> None:
    # This file and the rules themselves spell out what they forbid.
    others = [path for path in MODULES if path.stem not in {"house_rules", "test_house_rules"}]
    broken = {name_of(path): broken_in_module(path.read_text()) for path in others}

    assert {name: found for name, found in broken.items() if found} == {}


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("<script>go()</script>", "inline script"),
        ("<style>a { color: red }</style>", "inline style"),
        ('<p style="color: red"></p>', "style attribute"),
        ('<p onclick="go()"></p>', "onclick"),
        ('<p hx-on:click="go()"></p>', "hx-on"),
        ('<a href="javascript:go()"></a>', "script as href"),
        ('<a href="#"></a>', "nowhere"),
        ('<button hx-delete="/x/"></button>', "hx-delete"),
        ('<div hx-get:inherited="/x/"></div>', "hx-get"),
        ('<div hx-get="/x/" hx-trigger="load"></div>', "hx-get"),
        ('<form hx-post="/x/"></form>', "hx-post"),
        ('{% extends "public.html" %}<p hx-swap-oob="true"></p>', "hx-swap-oob"),
        ("<p>Hello you</p>", "translate"),
        ('<p>{% translate "Hello" %} and more</p>', "translate"),
        ('<img alt="A cat">', "translate"),
        ('<input placeholder="Search">', "translate"),
    ],
)
def test_a_template_that_breaks_a_rule_is_found(source: str, word: str) -> None:
    (broken,) = broken_in_template(source)

    assert word in broken


@pytest.mark.parametrize(
    "source",
    [
        "<script src=\"{% static 'js/site.js' %}\" defer></script>",
        '<script type="application/ld+json">{{ data }}</script>',
        '<a href="{{ url }}" hx-get="{{ part }}">{% translate "More" %}</a>',
        '<a href="{% url \'events:list\' %}" hx-get="/x/"></a>',
        '<form action="/x/" method="post" hx-post="/x/"></form>',
        '<div hx-get="/_mine/shell/" hx-trigger="signed-in from:body once"></div>',
        "<p>{% blocktranslate %}Hello <b>you</b>{% endblocktranslate %}</p>",
        "<p>{{ name }} · {{ place }}, 10–12</p>",
        '<img alt="{% translate "A cat" %}">',
        "{# Hello you #}<b>event</b>mate",
    ],
)
def test_a_template_that_breaks_none_is_left_alone(source: str) -> None:
    assert broken_in_template(source) == []


def test_a_fragment_may_swap_elsewhere() -> None:
    assert broken_in_template('<p id="count" hx-swap-oob="true"></p>') == []


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("x = 1\n" * 401, "401 lines"),
        ("# TODO later\n", "TODO"),
        ("self.assertNumQueries(2)\n", "counts queries of nothing"),
        ("django_assert_num_queries(2)\n", "counts queries of nothing"),
        ("@public_page(keep=30)\ndef long(request):\n" + "    x = 1\n" * 20, "the view long has 21 lines"),
        ("@island\ndef long(request):\n" + "    x = 1\n" * 20, "the view long has 21 lines"),
    ],
)
def test_a_module_that_breaks_a_rule_is_found(source: str, word: str) -> None:
    (broken,) = broken_in_module(source)

    assert word in broken


@pytest.mark.parametrize(
    "source",
    [
        "with self.assertNumQueries(2):\n    pass\n",
        '@island\ndef short(request):\n    """Two\n    lines."""\n' + "    x = 1\n" * 19,
        "def no_view(request):\n" + "    x = 1\n" * 50,
    ],
)
def test_a_module_that_breaks_none_is_left_alone(source: str) -> None:
    assert broken_in_module(source) == []
