"""To whom a ticket goes, and who takes it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from myapp.accounts.addresses import validate_plain_address


class HandOnForm(forms.Form):
    """The address that a ticket is offered to."""

    email = forms.EmailField(
        label=_("Their e-mail address"),
        validators=[validate_plain_address],
        widget=forms.EmailInput({"autocomplete": "off"}),
    )


class TakeOverForm(forms.Form):
    """The name of somebody who takes a ticket without an account."""

    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
