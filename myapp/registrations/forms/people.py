"""What an organiser does with the people they have ticked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_AT_ONCE = 200


class Decision(forms.Form):
    """Accept, refuse or take off those who are ticked, by their codes."""

    do = forms.ChoiceField(choices=[("approve", ""), ("refuse", ""), ("take_off", "")])
    sentence = forms.CharField(
        label=_("A sentence for them"),
        max_length=300,
        required=False,
        help_text=_("Needed to refuse somebody or to take them off; it stands in the mail that tells them."),
    )

    def clean(self) -> dict[str, Any]:
        """Nobody is sent away without a word, and nobody is meant where nobody is ticked."""
        given = self.cleaned_data
        given["chosen"] = list(dict.fromkeys(self.data.getlist("chosen")))[:MOST_AT_ONCE]  # type: ignore[attr-defined]
        if not given["chosen"]:
            self.add_error(None, _("Tick somebody first."))
        if given.get("do") in {"refuse", "take_off"} and not given.get("sentence"):
            self.add_error("sentence", _("Write a sentence that tells them why."))
        return given
