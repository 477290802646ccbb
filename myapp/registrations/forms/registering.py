"""What people fill in: which ticket and with whom, who they are without an account, and the questions of the desk.

Answers are kept by the number of their question: a text, a list for "several", "yes" or "no", "yes" for a consent. What was
not asked, because another answer says so, is not kept, whatever a browser sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from myapp.accounts.addresses import validate_plain_address
from myapp.registrations.models import Question, QuestionKind, TicketType
from myapp.web.texts import printable

_LINE = 300
_LINES = 4000
YES_NO = (("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No")))


class TicketForm(forms.Form):
    """Which ticket, and the names of those who come along.

    `kinds` are the types that the person can have. Where there is one only, it is not asked for.
    """

    ticket = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, kinds: Sequence[TicketType], *args: Any, **kwargs: Any) -> None:
        """Offer the types, and as many lines for guests as the most hospitable of them allows."""
        super().__init__(*args, **kwargs)
        self.kinds = {str(kind.pk): kind for kind in kinds}
        ticket = self.fields["ticket"]
        ticket.choices = [(key, kind.name) for key, kind in self.kinds.items()]  # type: ignore[attr-defined]
        ticket.label = _("Which ticket")
        if len(kinds) == 1:
            ticket.widget = forms.HiddenInput()
            ticket.initial = str(kinds[0].pk)
        for number in range(1, self.most_guests + 1):
            self.fields[f"guest_{number}"] = forms.CharField(
                label=_("Guest %(number)s") % {"number": number},
                required=False,
                max_length=150,
                widget=forms.TextInput({"autocomplete": "off"}),
            )

    @property
    def most_guests(self) -> int:
        """How many guests anybody may bring with any of these tickets."""
        return max((kind.guests for kind in self.kinds.values()), default=0)

    @property
    def kind(self) -> TicketType:
        """The ticket type that was chosen."""
        return self.kinds[self.cleaned_data["ticket"]]

    @property
    def guests(self) -> list[str]:
        """The names that were given, in their order."""
        given = (self.cleaned_data.get(f"guest_{number}", "") for number in range(1, self.most_guests + 1))
        return [name for name in (printable(name).strip() for name in given) if name]

    @property
    def guest_fields(self) -> list[forms.BoundField]:
        """The lines for guests."""
        return [self[f"guest_{number}"] for number in range(1, self.most_guests + 1)]

    def clean(self) -> dict[str, Any]:
        """Refuse more guests than the chosen ticket allows, at the first line that is too many."""
        given = self.cleaned_data
        kind = self.kinds.get(given.get("ticket", ""))
        if kind is not None and len(self.guests) > kind.guests:
            said = (
                _("This ticket allows %(number)s guests.") % {"number": kind.guests}
                if kind.guests
                else _("This ticket is for one person.")
            )
            filled = [number for number in range(1, self.most_guests + 1) if given.get(f"guest_{number}")]
            self.add_error(f"guest_{filled[kind.guests]}", said)
        return given


class WithoutAccountForm(TicketForm):
    """The same for somebody without an account: who they are, and where our mail reaches them."""

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=254,
        validators=[validate_plain_address],
        widget=forms.EmailInput({"autocomplete": "email"}),
    )

    def clean_name(self) -> str:
        """Return the name without what nobody can see."""
        name = printable(self.cleaned_data["name"]).strip()
        if not any(letter.isprintable() and not letter.isspace() for letter in name):
            raise forms.ValidationError(_("Write your name."))
        return name


class Row(NamedTuple):
    """A question as it is shown: `other` and its field's name, and the answer to it, where only that asks this one."""

    field: forms.BoundField
    other: Question | None
    other_name: str
    answer: str
    answer_said: str


class QuestionsForm(forms.Form):
    """The questions of a desk, in their order.

    `questions` are all of the desk's. A question that another answer decides about is checked here as well as shown or
    hidden by the page's script; without scripts it is shown with the answer for which it is meant.
    """

    def __init__(
        self,
        questions: Iterable[Question],
        data: Mapping[str, Any] | None = None,
        *,
        answers: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a field of each question, filled with the `answers` that there are."""
        super().__init__(data, initial={_name(key): value for key, value in (answers or {}).items()})
        self.questions = list(questions)
        self._by_pk = {question.pk: question for question in self.questions}
        for question in self.questions:
            self.fields[_name(question.pk)] = _field_of(question)

    @property
    def rows(self) -> list[Row]:
        """Each field, with what it hangs on."""
        rows = []
        for question in self.questions:
            other = self._by_pk.get(question.shown_when_id or 0)
            said = str(dict(YES_NO).get(question.shown_for, question.shown_for))
            name = _name(other.pk) if other else ""
            rows.append(Row(self[_name(question.pk)], other, name, question.shown_for, said))
        return rows

    def clean(self) -> dict[str, Any]:
        """Demand what must be answered of what is asked, and forget what is not."""
        for question in self.questions:
            name = _name(question.pk)
            if not self._is_asked(question):
                self.cleaned_data.pop(name, None)
                self.errors.pop(name, None)
            elif question.required and name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(name, _must_be_answered(question))
        return self.cleaned_data

    def _is_asked(self, question: Question, depth: int = 0) -> bool:
        """Whether the answers given so far ask for this one; what hangs on something that is not asked is not either."""
        other = self._by_pk.get(question.shown_when_id or 0)
        if other is None or depth > len(self.questions):
            return True
        if not self._is_asked(other, depth + 1):
            return False
        given = self.cleaned_data.get(_name(other.pk))
        wanted = question.shown_for
        if other.kind == QuestionKind.CONSENT:
            given = given or "no"  # not ticked
        return wanted in given if isinstance(given, list) else (given or "") == wanted

    @property
    def answers(self) -> dict[str, Any]:
        """What is kept: answers by the number of their question, nothing for what was left open."""
        given = ((question, self.cleaned_data.get(_name(question.pk))) for question in self.questions)
        return {str(question.pk): value for question, value in given if value}


def _name(pk: object) -> str:
    return f"q_{pk}"


def _must_be_answered(question: Question) -> str:
    if question.kind == QuestionKind.CONSENT:
        return _("You cannot come without agreeing to this.")
    return _("This must be answered.")


def _field_of(question: Question) -> forms.Field:
    """Return the form field of a question. None of them is required: whether it is depends on the other answers."""
    label = (
        question.label if question.required else _("%(question)s (optional)") % {"question": question.label}
    )
    words: dict[str, Any] = {"label": label, "help_text": question.help_text, "required": False}
    choices = [(choice, choice) for choice in question.choices]
    match question.kind:
        case QuestionKind.LONG_TEXT:
            return CleanCharField(max_length=_LINES, widget=forms.Textarea({"rows": 4}), **words)
        case QuestionKind.CHOICE:
            return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **words)
        case QuestionKind.SEVERAL:
            return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **words)
        case QuestionKind.YES_NO:
            return forms.ChoiceField(choices=YES_NO, widget=forms.RadioSelect, **words)
        case QuestionKind.CONSENT:
            return ConsentField(**words)
    return CleanCharField(max_length=_LINE, **words)


class CleanCharField(forms.CharField):
    """A text without what nobody can see or PostgreSQL cannot keep."""

    def to_python(self, value: Any) -> str:
        """Return the text as it is kept."""
        return printable(super().to_python(value) or "").strip()


class ConsentField(forms.BooleanField):
    """A box to tick; ticked, it is kept as "yes"."""

    def clean(self, value: Any) -> Any:
        """Return "yes" or nothing."""
        return "yes" if super().clean(value) else ""

    def prepare_value(self, value: Any) -> Any:
        """Tick it again where it was."""
        return bool(value)
