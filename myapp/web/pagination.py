"""Long lists in pieces, without counting them: one row more than fits tells whether there is more.

A piece begins after a *cursor*, the place of the last row shown. The database starts reading there, so the
hundredth piece costs what the first one costs, and a row that appears meanwhile neither repeats nor hides another.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One piece of a list; `next` is the cursor of the piece after it, empty at the end."""

    rows: list[Row]
    next: str


def page_of(rows: QuerySet[Any, Row], *, by: Sequence[str], size: int, after: str = "") -> Page[Row]:
    """Return `size` rows in the order of the fields `by` ("-" for descending), beginning after a cursor; one query.

    Annotations may be among them. The fields' values together must be unique, so the last one is the key, and none may be null. A cursor that is
    none of ours raises `BadRequest`.
    """
    ordered = rows.order_by(*by)
    if after:
        ordered = ordered.filter(_beyond(by, _values(rows, by, after)))
    found = list(ordered[: size + 1])
    shown = found[:size]
    return Page(shown, _cursor(shown[-1], by) if len(found) > size else "")


def _beyond(by: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition "after this place": for (a, b) it is a ≥ x and (a > x or b > y), which an index on a serves."""
    name, value = by[0].removeprefix("-"), values[0]
    way = "lt" if by[0].startswith("-") else "gt"
    further = Q(**{f"{name}__{way}": value})
    if len(by) == 1:
        return further
    return Q(**{f"{name}__{way}e": value}) & (further | _beyond(by[1:], values[1:]))


def _cursor(row: Any, by: Sequence[str]) -> str:
    """Return the place of a row, model object or dictionary, as text for an address."""
    names = [name.removeprefix("-") for name in by]
    values = [row[name] if isinstance(row, dict) else getattr(row, name) for name in names]
    texts = [value.isoformat() if isinstance(value, dt.date) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")


def _values(rows: QuerySet[Any, Any], by: Sequence[str], cursor: str) -> list[Any]:
    """Return the values of a cursor as the fields' own types."""
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fields = [_field(rows, name.removeprefix("-")) for name in by]
        values = [field.to_python(text) for field, text in zip(fields, texts, strict=True)]
    except (ValueError, TypeError, OverflowError, ValidationError, RecursionError):
        raise BadRequest(_("That list does not go there.")) from None
    if any(not _fits(value) for value in values):
        raise BadRequest(_("That list does not go there."))
    return values


def _field(rows: QuerySet[Any, Any], name: str) -> Any:
    """Return the model's field of this name, or that of an annotation."""
    if name in rows.query.annotations:
        return rows.query.annotations[name].output_field
    meta = rows.model._meta  # noqa: SLF001 - public by its documentation
    return meta.pk if name == "pk" else meta.get_field(name)


def _fits(value: Any) -> bool:
    """Whether the database can compare with it: no missing values, no number beyond its integers, only what is text."""
    if isinstance(value, int):
        return abs(value) < 2**63
    if isinstance(value, dt.datetime):
        return value.tzinfo is not None
    text = str(value)
    # JSON can name half a character, which no encoding has.
    return value is not None and "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
