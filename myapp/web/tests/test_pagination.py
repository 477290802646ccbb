"""Pieces of long lists: nothing twice, nothing missing, nothing counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import BadRequest

from myapp.testing.queries import queries
from myapp.web.pagination import page_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

BY = ("-app_label", "pk")


@pytest.fixture
def rows(db: None) -> QuerySet[ContentType]:
    """Seven of them, with names that repeat."""
    for number, name in enumerate("bacabca"):
        ContentType.objects.create(app_label=name, model=f"row {number}")
    return ContentType.objects.filter(model__startswith="row ")


def walk(rows: QuerySet[ContentType], by: tuple[str, ...], size: int) -> list[list[int]]:
    pages, after = [], ""
    while True:
        page = page_of(rows, by=by, size=size, after=after)
        pages.append([row.pk for row in page.rows])
        if not (after := page.next):
            return pages


@pytest.mark.parametrize(
    "by", [("app_label", "pk"), ("-app_label", "pk"), ("app_label", "-pk"), ("-app_label", "-pk"), ("pk",)]
)
@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_pieces_make_the_whole(rows: QuerySet[ContentType], by: tuple[str, ...], size: int) -> None:
    pages = walk(rows, by, size)

    assert [pk for page in pages for pk in page] == list(rows.order_by(*by).values_list("pk", flat=True))
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert pages[-1]


def test_a_row_that_appears_hides_none(rows: QuerySet[ContentType]) -> None:
    first = page_of(rows, by=("app_label", "pk"), size=3)
    ContentType.objects.create(app_label="a", model="row new")

    second = page_of(rows, by=("app_label", "pk"), size=30, after=first.next)

    assert len(second.rows) == 5  # the four that were to come, and the new one behind the other "a"s


def test_a_piece_costs_one_query(rows: QuerySet[ContentType]) -> None:
    after = page_of(rows, by=BY, size=2).next

    with queries(1):
        page_of(rows, by=BY, size=2, after=after)


def test_rows_may_be_dictionaries(rows: QuerySet[ContentType]) -> None:
    pairs = rows.values("pk", "app_label")
    first = page_of(pairs, by=("app_label", "pk"), size=4)
    second = page_of(pairs, by=("app_label", "pk"), size=4, after=first.next)

    assert [row["app_label"] for row in [*first.rows, *second.rows]] == list("aaabbcc")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "W10",
        "WyJhIl0",
        "!!!!",
        "é",
        "bnVsbA",
        "WyJhIiwiYSJd",
        "WyJhIiwiOTk5OTk5OTk5OTk5OTk5OTk5OTk5Il0",
        "W251bGwsbnVsbF0",
        "WyJhIiwgSW5maW5pdHld",  # ["a", Infinity]
        "WyJhIiwgMWU5OTld",  # ["a", 1e999]
        "WyJcdWQ4MDAiLCAxXQ",  # ["\\ud800", 1]
    ],
)
def test_a_cursor_of_another_life_is_refused(rows: QuerySet[ContentType], cursor: str) -> None:
    with pytest.raises(BadRequest, match=r"\.$"):
        page_of(rows, by=("app_label", "pk"), size=2, after=cursor)
