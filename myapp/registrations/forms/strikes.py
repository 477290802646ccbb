"""What somebody says to a strike."""

from django import forms
from django.utils.translation import gettext_lazy as _


class AppealForm(forms.Form):
    """Why a strike is not fair, in the person's own words."""

    strike = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**62)
    appeal = forms.CharField(
        label=_("Why it is not fair"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
