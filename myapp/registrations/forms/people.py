"""What an organiser does with the people they have ticked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from myapp.events import codes

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
        ticked = dict.fromkeys(self.data.getlist("chosen"))  # type: ignore[attr-defined]
        given["chosen"] = [code for code in ticked if codes.code_of(code) == code][:MOST_AT_ONCE]
        if not given["chosen"]:
            self.add_error(None, _("Tick somebody first."))
        if given.get("do") in {"refuse", "take_off"} and not given.get("sentence"):
            self.add_error("sentence", _("Write a sentence that tells them why."))
        return given
