"""How it was: one to five stars, and a few words."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from myapp.registrations.models import LONGEST_FEEDBACK
from myapp.web.texts import printable

STARS = (
    (5, _("Five stars: wonderful")),
    (4, _("Four stars: good")),
    (3, _("Three stars: all right")),
    (2, _("Two stars: not so good")),
    (1, _("One star: bad")),
)


class FeedbackForm(forms.Form):
    """What somebody thought of an event."""

    stars = forms.TypedChoiceField(
        label=_("How was it?"), choices=STARS, coerce=int, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=_("In your words"),
        required=False,
        max_length=LONGEST_FEEDBACK,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("The organiser reads it without your name."),
    )

    def clean_text(self) -> str:
        """Leave out what nobody can read."""
        return printable(self.cleaned_data["text"])
