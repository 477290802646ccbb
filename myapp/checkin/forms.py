"""What is typed at the door."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from myapp.checkin.models import Direction


class DoorForm(forms.Form):
    """A ticket's code, what its QR holds, or a part of a name."""

    door = forms.CharField(
        label=_("This door is called"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"form": "ask", "autocomplete": "off"}),
    )
    direction = forms.ChoiceField(label=_("Direction"), choices=Direction.choices, widget=forms.RadioSelect)
    ticket = forms.CharField(
        label=_("Ticket code or name"),
        max_length=200,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "enterkeyhint": "go",
                "autofocus": True,
            }
        ),
    )
    nonce = forms.UUIDField(widget=forms.HiddenInput)

    @classmethod
    def empty(cls, *, door: str = "", direction: str = Direction.IN) -> "DoorForm":
        """Return the form for the next person, with a nonce of its own: pressing twice lets nobody in twice."""
        return cls(initial={"door": door, "direction": direction, "nonce": uuid.uuid4()})


class PlaceForm(forms.Form):
    """One place of a registration, chosen from what was found."""

    door = forms.CharField(max_length=40, required=False)
    direction = forms.ChoiceField(choices=Direction.choices)
    registration = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    place = forms.IntegerField(min_value=0, max_value=32_767)
    nonce = forms.UUIDField()


class UndoForm(forms.Form):
    """The scan that is taken back."""

    door = forms.CharField(max_length=40, required=False)
    nonce = forms.UUIDField()
