"""What organisers set up at a desk: read from a form, written by `actions.save_desk`, and told apart from what others saw."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from myapp.registrations.models import Desk, Question, TicketType

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# What an organiser decides. The rest of a row is counted, drawn or written by the database.
DESK_FIELDS = (
    *("way", "url", "mode", "promotion", "offer_hours", "agree_hours", "cancel_until", "can_hand_on"),
    *("without_account", "release_minutes", "strikes", "draw_at"),
)
TYPE_FIELDS = (
    *("name", "position", "opens_at", "closes_at", "audience", "organisation_id", "department_id", "years"),
    *("needs_approval", "guests"),
)
QUESTION_FIELDS = (
    *("position", "kind", "label", "help_text", "required", "choices", "shown_when_id", "shown_for"),
)


@dataclass(frozen=True)
class Layout:
    """A desk as its organiser wants it.

    `types` and `questions` stand in their order, those that are new without a key; a question's `shown_when` is one that
    stands before it. What is in neither and not among the removed stays as it is: somebody else may just have added it.
    `seen` is the fingerprint of what the organiser had before their eyes.
    """

    desk: Desk
    types: Sequence[TicketType] = ()
    questions: Sequence[Question] = ()
    removed_types: Collection[int] = field(default_factory=frozenset)
    removed_questions: Collection[int] = field(default_factory=frozenset)
    seen: str = ""


def fingerprint(desk: Desk | None) -> str:
    """Return what changes whenever an organiser changes the desk, and not when people register.

    Two queries, none where types and questions are loaded; "" where there is no desk.
    """
    if desk is None:
        return ""
    told = [
        [desk.capacity, *(getattr(desk, name) for name in DESK_FIELDS)],
        *(
            [kind.pk, kind.capacity, *(getattr(kind, name) for name in TYPE_FIELDS)]
            for kind in desk.types.all()
        ),
        *([each.pk, *(getattr(each, name) for name in QUESTION_FIELDS)] for each in desk.questions.all()),
    ]
    return hashlib.blake2b(
        repr([[str(part) for part in row] for row in told]).encode(), digest_size=8
    ).hexdigest()
