"""What a browser sends from the page on which a desk is set up."""

from __future__ import annotations

from typing import Any

DESK = {
    "way": "here",
    "mode": "first_come",
    "capacity": "20",
    "promotion": "at_once",
    "offer_hours": "12",
    "agree_hours": "24",
    "can_hand_on": "on",
}
TYPE = {"name": "Student", "audience": "campus", "guests": "0", "ORDER": "1"}
QUESTION = {"label": "What do you eat?", "kind": "text", "ORDER": "1"}


def rows(prefix: str, given: list[dict[str, Any]], initial: int) -> dict[str, Any]:
    """Return rows as a form set sends them; the first `initial` of them are there already."""
    sent: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": str(len(given)), f"{prefix}-INITIAL_FORMS": str(initial)}
    for number, row in enumerate(given):
        sent |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return sent


def sent_form(
    *,
    types: list[dict[str, Any]] | None = None,
    questions: list[dict[str, Any]] | None = None,
    known: tuple[int, int] = (0, 0),
    **desk: Any,
) -> dict[str, Any]:
    """Return the whole page as it is sent; `known` says how many types and questions have been saved before."""
    return {
        **DESK,
        **rows("types", [TYPE] if types is None else types, known[0]),
        **rows("questions", questions or [], known[1]),
        **desk,
    }
