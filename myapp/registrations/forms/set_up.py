"""The whole page on which a desk is set up: its settings, its ticket types and its questions, read and checked together."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from myapp.accounts.models import Department, User
from myapp.events.models import Event, Membership, Organisation, Role
from myapp.registrations.forms.desk import DeskForm
from myapp.registrations.forms.rows import QuestionFormSet, TypeFormSet, with_values
from myapp.registrations.layout import Layout, fingerprint
from myapp.registrations.models import Desk, Mode, Question, TicketType

if TYPE_CHECKING:
    from django.http import QueryDict


class SetUp:
    """The three forms of the page as one. `adds` is "type" or "question" where the page is asked for one more row.

    `desk` comes from `queries.desk_with_layout`. Two queries, and one for each row that is sent.
    """

    def __init__(
        self, event: Event, desk: Desk | None, user: User, data: QueryDict | None = None, *, adds: str = ""
    ) -> None:
        """Read what was sent, or show the desk as it is."""
        self.sentence, self.is_only_shown, self.adds = "", bool(adds), adds
        # A copy: a form writes into what it is given, and the page shows the desk as it is.
        settings = copy(desk) if desk else Desk(event=event)
        self.settings = DeskForm(data, instance=settings, initial={"seen": fingerprint(desk)})
        self.settings.is_only_shown = self.is_only_shown
        types = desk.types.all() if desk else TicketType.objects.none()
        self.types: Any = TypeFormSet(
            data,
            prefix="types",
            queryset=types,
            form_kwargs={"organisations": _organisations(user, types), "departments": _departments()},
            shown=self.is_only_shown,
            more=adds == "type",
            initial=None if types else [{"name": _("Ticket")}],
        )
        self.types.extra = 0 if types else 1
        self.questions: Any = QuestionFormSet(
            data,
            prefix="questions",
            queryset=desk.questions.all() if desk else Question.objects.none(),
            shown=self.is_only_shown,
            more=adds == "question",
        )

    def is_valid(self) -> bool:
        """Whether all of it can be saved; what is not to the point is not looked at."""
        if self.is_only_shown or not self.settings.is_valid():
            return False
        if not self.settings.is_here:
            return True
        return all([self.types.is_valid(), self.questions.is_valid()]) and self._draw_has_places()

    def _draw_has_places(self) -> bool:
        """Whether a draw has a number of places to draw for, and gives them without another word."""
        given = self.settings.cleaned_data
        if given["mode"] != Mode.LOTTERY:
            return True
        rows = self.types.rows
        if given["capacity"] is None and any(row.cleaned_data.get("capacity") is None for row in rows):
            self.settings.add_error("capacity", _("A draw needs a number of places."))
        for row in rows:
            if row.cleaned_data.get("needs_approval"):
                row.add_error("needs_approval", _("A draw decides: nobody accepts or refuses."))
        return not self.settings.errors and not any(row.errors for row in rows)

    def layout(self) -> Layout:
        """Return what is to be saved; for a form that is valid."""
        settings = self.settings
        if not settings.is_here:
            return Layout(settings.instance, seen=settings.cleaned_data["seen"])
        return Layout(
            settings.instance,
            types=_in_order(self.types.rows),
            questions=_in_order(self.questions.rows),
            removed_types=self.types.removed,
            removed_questions=self.questions.removed,
            seen=settings.cleaned_data["seen"],
        )

    def refuse(self, sentence: str, seen: str) -> None:
        """Show what was sent once more, with the sentence why it was not saved; saved again, it counts as `seen`."""
        self.sentence = sentence
        self.settings.data = with_values(self.settings.data, {"seen": seen})

    @property
    def is_wrong(self) -> bool:
        """Whether there is something to be mended before it can be saved."""
        if not self.settings.is_bound or self.is_only_shown:
            return False
        rows = (self.types, self.questions)
        wrong = any(bool(formset.non_form_errors()) or any(formset.errors) for formset in rows)
        return bool(self.sentence or self.settings.errors) or (wrong and self.settings.is_here)


def _in_order(rows: list[Any]) -> list[Any]:
    """Return the rows' objects, each with its place among them."""
    for place, row in enumerate(rows):
        row.instance.position = place
    return [row.instance for row in rows]


def _organisations(user: User, types: Any) -> list[tuple[int, str]]:
    """The organisations whose members a ticket may be for: those the person acts for, and those chosen already."""
    acts_for = Membership.objects.filter(user=user, role=Role.ORGANISER).values("organisation")
    chosen = [kind.organisation_id for kind in types if kind.organisation_id]
    offered = Organisation.objects.filter(Q(pk__in=acts_for) | Q(pk__in=chosen))
    return list(offered.values_list("pk", "name"))


def _departments() -> list[tuple[int, str]]:
    return list(Department.objects.values_list("pk", "name"))
