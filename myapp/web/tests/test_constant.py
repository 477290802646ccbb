"""What every page repeats is rendered once, for each language and value it depends on."""

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation


def _counting(template: str) -> tuple[Template, dict[str, int]]:
    """The template, and how often it asked for `{{ tick }}`."""
    return Template("{% load constant %}" + template), {"count": 0}


def _render(template: Template, ticks: dict[str, int], **values: object) -> str:
    def tick() -> int:
        ticks["count"] += 1
        return ticks["count"]

    return template.render(Context({"tick": tick, **values}))


def test_constant_is_rendered_once() -> None:
    template, ticks = _counting("{% constant %}{{ tick }}{% endconstant %}")

    assert [_render(template, ticks) for _ in range(3)] == ["1", "1", "1"]


def test_constant_is_rendered_for_each_value_named() -> None:
    template, ticks = _counting("{% constant page %}{{ page }}{{ tick }}{% endconstant %}")

    pages = [_render(template, ticks, page=page) for page in ("home", "list", "home")]

    assert pages == ["home1", "list2", "home1"]


def test_constant_is_rendered_for_each_language() -> None:
    template, ticks = _counting("{% constant %}{{ tick }}{% endconstant %}")

    for language, expected in [("en", "1"), ("fr", "2"), ("en", "1")]:
        with translation.override(language):
            assert _render(template, ticks) == expected


def test_constant_keeps_the_newest_hundred() -> None:
    template, ticks = _counting("{% constant page %}{{ page }}-{{ tick }}{% endconstant %}")

    for page in range(500):
        _render(template, ticks, page=page)

    assert _render(template, ticks, page=499) == "499-500"
    assert _render(template, ticks, page=400) == "400-401"
    assert _render(template, ticks, page=0) == "0-501"


def test_constant_refuses_a_block_that_another_template_could_fill() -> None:
    with pytest.raises(TemplateSyntaxError, match="holds no"):
        Template("{% load constant %}{% constant %}{% block name %}{% endblock %}{% endconstant %}")
