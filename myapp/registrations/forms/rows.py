"""Ticket types and questions as rows of a form, which are added and removed with or without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.forms import BaseModelFormSet, modelformset_factory
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy as _

from myapp.registrations.forms.desk import MOST_PLACES, ShownAgain, moment_input
from myapp.registrations.models import Audience, Question, QuestionKind, TicketType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_ROWS = 30
MOST_GUESTS = 20
YEARS = range(1, 9)
WITH_CHOICES = (QuestionKind.CHOICE, QuestionKind.SEVERAL)
YES_OR_NO = (QuestionKind.YES_NO, QuestionKind.CONSENT)


def _key(value: str) -> int | None:
    return int(value) if value else None


def with_values(data: Any, values: Mapping[str, str]) -> QueryDict:
    """Return what was sent with other values for some fields."""
    changed: QueryDict = data.copy()
    for name, value in values.items():
        changed[name] = value
    return changed


class TypeForm(ShownAgain):
    """One sort of ticket."""

    organisation = forms.TypedChoiceField(
        label=_("Organisation"), coerce=_key, empty_value=None, required=False
    )
    department = forms.TypedChoiceField(label=_("Department"), coerce=_key, empty_value=None, required=False)
    years = forms.TypedMultipleChoiceField(
        label=_("Years of study"),
        choices=[(year, str(year)) for year in YEARS],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: all of them."),
    )

    class Meta:
        model = TicketType
        fields = [
            *("name", "capacity", "audience", "years", "opens_at", "closes_at", "guests", "needs_approval"),
        ]
        widgets = {"opens_at": moment_input(), "closes_at": moment_input()}
        labels = {"needs_approval": _("An organiser accepts or refuses each registration")}

    def __init__(
        self,
        *args: Any,
        organisations: Sequence[tuple[Any, str]] = (),
        departments: Sequence[tuple[Any, str]] = (),
        **kwargs: Any,
    ) -> None:
        """Take the choices that all rows share."""
        super().__init__(*args, **kwargs)
        self._offer("organisation", [("", _("The one that puts the event on")), *organisations])
        self._offer("department", [("", "—"), *departments])
        self.initial.setdefault("organisation", self.instance.organisation_id or "")
        self.initial.setdefault("department", self.instance.department_id or "")
        self.fields["capacity"].validators.append(MaxValueValidator(MOST_PLACES))
        self.fields["guests"].validators.append(MaxValueValidator(MOST_GUESTS))

    def _offer(self, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Look at what depends on each other, and put what is no field of the model's own where it belongs."""
        given = self.cleaned_data
        audience = given.get("audience")
        department = given.get("department") if audience == Audience.DEPARTMENT else None
        self.instance.department_id = department
        self.instance.organisation_id = given.get("organisation") if audience == Audience.MEMBERS else None
        if audience == Audience.DEPARTMENT and not department:
            self.add_error("department", _("Say whose people it is for."))
        if audience == Audience.EVERYONE:
            given["years"] = []
        opens, closes = given.get("opens_at"), given.get("closes_at")
        if opens and closes and opens >= closes:
            self.add_error("closes_at", _("It would close before it opens."))
        return given


class ChoicesField(forms.CharField):
    """Choices, one on each line; gives a list."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the lines, without what is empty or said twice."""
        lines = (" ".join(line.split()) for line in (super().to_python(value) or "").splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def clean(self, value: Any) -> Any:
        """Check the text, then each line."""
        forms.CharField(required=False, max_length=10_000).clean(value)
        lines = self.to_python(value)
        if any(len(line) > 200 for line in lines):
            raise ValidationError(_("A choice may be 200 characters long."), code="max_length")
        return lines

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the lines."""
        return bool((initial or []) != self.to_python(data))


class QuestionForm(ShownAgain):
    """Something that people are asked."""

    choices = ChoicesField(
        label=_("Choices"), required=False, help_text=_("One on each line, where one or several are chosen.")
    )
    condition = forms.TypedChoiceField(
        label=_("Asked only when"),
        required=False,
        coerce=_key,
        empty_value=None,
        help_text=_("A question further up."),
    )

    class Meta:
        model = Question
        fields = ["label", "help_text", "kind", "required", "choices", "shown_for"]

    def clean(self) -> dict[str, Any]:
        """A question with choices needs some."""
        given = self.cleaned_data
        if given.get("kind") not in WITH_CHOICES:
            given["choices"] = []
        elif "choices" in given and len(given["choices"]) < 2:
            self.add_error("choices", _("Give two choices at least."))
        return given


class Rows(BaseModelFormSet):
    """Rows of a form that can be shown again with one more, in which stands what is `blank`."""

    blank: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, shown: bool = False, more: bool = False, **kwargs: Any) -> None:
        """Show what was typed without checking it where it is only `shown`, with one row `more`."""
        self.is_only_shown = shown
        super().__init__(*args, **kwargs)
        if more and self.is_bound and (number := self.total_form_count()) < MOST_ROWS:
            name = self.management_form.add_prefix("TOTAL_FORMS")
            self.data = with_values(
                self.data,
                {name: str(number + 1)}
                | {f"{self.add_prefix(number)}-{field}": value for field, value in self.blank.items()},
            )
            self.__dict__.pop("management_form", None)

    def add_fields(self, form: Any, index: int | None) -> None:
        """Say what the box beside a row does."""
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("Remove")
        form.fields["ORDER"].label = _("Place in the order")

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc] # Django's, without a type
        form.is_only_shown = self.is_only_shown
        return form

    def full_clean(self) -> None:
        """Check every row, unless they are only shown again."""
        if self.is_only_shown:
            self._errors: list[Any] = []
            self._non_form_errors = self.error_class()
        else:
            super().full_clean()

    @property
    def rows(self) -> list[Any]:
        """The rows to be saved, in their order; those that are new and empty are not among them."""
        return [form for form in self.ordered_forms if form.has_changed() or form.instance.pk]

    @property
    def removed(self) -> frozenset[int]:
        """The keys of the rows to be removed."""
        return frozenset(form.instance.pk for form in self.deleted_forms if form.instance.pk)


class TypeRows(Rows):
    """All ticket types of a desk."""

    blank: ClassVar[dict[str, str]] = {"audience": Audience.CAMPUS, "guests": "0"}

    def clean(self) -> None:
        """There is one at least, and no two have the same name."""
        if any(self.errors) or self.non_form_errors():
            return
        rows = self.rows
        if not rows:
            raise ValidationError(_("There must be one ticket type at least."), code="no_types")
        names = set()
        for form in rows:
            name = form.cleaned_data.get("name", "").casefold()
            if name and name in names:
                form.add_error("name", _("Another ticket type has this name."))
            names.add(name)


class QuestionRows(Rows):
    """All questions of a desk; a row's condition names another row by its number."""

    blank: ClassVar[dict[str, str]] = {"kind": QuestionKind.TEXT}

    def add_fields(self, form: Any, index: int | None) -> None:
        """Offer the other rows as conditions."""
        super().add_fields(form, index)
        others = [other for other in range(self.total_form_count()) if other != index]
        form.fields["condition"].choices = [
            ("", _("always")),
            *((each, self._title(each)) for each in others),
        ]
        numbers = {question.pk: number for number, question in enumerate(self.get_queryset())}
        form.initial.setdefault("condition", numbers.get(form.instance.shown_when_id, ""))

    def _title(self, index: int) -> str:
        label = self.data.get(f"{self.prefix}-{index}-label", "") if self.is_bound else ""
        if not label and index < len(self.get_queryset()):
            label = self.get_queryset()[index].label
        number = gettext("Question %(number)s") % {"number": index + 1}
        return f"{number}: {label[:60]}" if label else number

    def clean(self) -> None:
        """A condition is an answer that a question further up can have."""
        above: list[Any] = []
        if any(self.errors) or self.non_form_errors():
            return
        for form in self.rows:
            index = form.cleaned_data.get("condition")
            form.instance.shown_when = None
            if index is None:
                form.instance.shown_for = ""
            elif self.forms[index] not in above:
                form.add_error("condition", _("Choose a question that stands further up and is not removed."))
            else:
                form.instance.shown_when = self.forms[index].instance
                self._check_answer(form, self.forms[index])
            above.append(form)

    def _check_answer(self, form: Any, other: Any) -> None:
        """Take note of the answer that makes a question appear, as it is kept."""
        kind, answer = other.cleaned_data.get("kind"), form.cleaned_data.get("shown_for", "").strip()
        if kind in YES_OR_NO:
            words = {
                "yes": "yes",
                "no": "no",
                gettext("Yes").casefold(): "yes",
                gettext("No").casefold(): "no",
            }
            answer = words.get(answer.casefold(), "")
            wrong = gettext("Write yes or no.")
        elif kind in WITH_CHOICES:
            answer = answer if answer in other.cleaned_data.get("choices", ()) else ""
            wrong = gettext("Write one of its choices, as it stands there.")
        else:
            wrong = gettext("Write the answer.")
        if not answer:
            form.add_error("shown_for", wrong)
        form.instance.shown_for = answer


_SAME: dict[str, Any] = {
    "extra": 0,
    "can_delete": True,
    "can_order": True,
    "max_num": MOST_ROWS,
    "absolute_max": MOST_ROWS,
    "validate_max": True,
}
TypeFormSet = modelformset_factory(TicketType, form=TypeForm, formset=TypeRows, **_SAME)
QuestionFormSet = modelformset_factory(Question, form=QuestionForm, formset=QuestionRows, **_SAME)
