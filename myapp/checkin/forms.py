"""What is typed at the door."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from myapp.accounts.addresses import validate_plain_address
from myapp.checkin.models import Direction, DoorSettings
from myapp.registrations.models import Desk, QuestionKind, TicketType


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


class WalkInForm(forms.Form):
    """Somebody who stands at the door without a ticket."""

    name = forms.CharField(
        label=_("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label=_("E-mail"),
        validators=[validate_plain_address],
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("The ticket is sent there; whoever has an account with this address has it there."),
    )
    ticket_type = forms.ModelChoiceField(TicketType.objects.none(), label=_("Ticket"), empty_label=None)
    past_queue = forms.BooleanField(label=_("Nobody of the waiting list is here"), required=False)
    door = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    nonce = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, desk: Desk, **kwargs: Any) -> None:
        """Offer the ticket types of an event; the question about its queue only where there is one."""
        super().__init__(*args, **kwargs)
        self.fields["ticket_type"].queryset = desk.types.all()  # type: ignore[attr-defined]
        if not desk.waiting:
            del self.fields["past_queue"]


class QueueForm(forms.Form):
    """Somebody of the waiting list who stands at the door."""

    registration = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    door = forms.CharField(max_length=40, required=False)
    nonce = forms.UUIDField()


class HelperForm(forms.Form):
    """Who else keeps the door."""

    person = forms.CharField(label=_("Username or e-mail"), max_length=254)


class SettingsForm(forms.ModelForm):
    """What organisers decide about the door."""

    class Meta:
        model = DoorSettings
        fields = ["consent", "can_check_in_oneself"]

    def __init__(self, *args: Any, desk: Desk, **kwargs: Any) -> None:
        """Offer the consents that this event asks for."""
        super().__init__(*args, **kwargs)
        self.fields["consent"].queryset = desk.questions.filter(  # type: ignore[attr-defined]
            kind=QuestionKind.CONSENT
        )
        self.fields["consent"].empty_label = _("Nobody's names, only initials")  # type: ignore[attr-defined]
