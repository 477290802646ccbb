"""What somebody wants to be told, and how."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from myapp.notify.models import Group, Preference
from myapp.notify.push import is_endpoint

# What each group is about, in the words under its name.
ABOUT = {
    Group.PLACES: _("You have a place, you wait for one, your registration was accepted or refused."),
    Group.CHANGES: _("The time, the room or something else has changed."),
    Group.REMINDERS: _("A day and an hour before."),
    Group.THANKS: _("After the event, once."),
}


class Row(NamedTuple):
    """A group in the form: its name, what it is about, and the two boxes."""

    label: str
    about: str
    mail: BoundField
    push: BoundField


class PreferencesForm(forms.Form):
    """Two boxes for each group, and the language."""

    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, help_text=_("In which mails are written.")
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, chosen: Mapping[str, Preference], language: str
    ) -> None:
        """Show what is chosen."""
        initial: dict[str, Any] = {"language": language or settings.LANGUAGE_CODE}
        for group, preference in chosen.items():
            initial |= {f"mail_{group}": preference.mail, f"push_{group}": preference.push}
        super().__init__(data, initial=initial)
        for group in Group:
            for way in ("mail", "push"):
                self.fields[f"{way}_{group.value}"] = forms.BooleanField(required=False)

    def rows(self) -> Iterator[Row]:
        """Yield the groups with their boxes."""
        for group in Group:
            boxes = (self[f"{way}_{group.value}"] for way in ("mail", "push"))
            yield Row(str(group.label), str(ABOUT[group]), *boxes)

    def choices(self) -> Iterator[tuple[Group, bool, bool]]:
        """Yield what was chosen: the group, by mail, by push."""
        for group in Group:
            yield group, *(self.cleaned_data[f"{way}_{group.value}"] for way in ("mail", "push"))


class DeviceForm(forms.Form):
    """A subscription as a browser gives it (PushSubscription.toJSON)."""

    endpoint = forms.CharField(max_length=1000)
    p256dh = forms.CharField(max_length=100)
    auth = forms.CharField(max_length=40)
    name = forms.CharField(max_length=80, required=False)

    def clean_endpoint(self) -> str:
        """Refuse what is no address of a push service."""
        endpoint: str = self.cleaned_data["endpoint"]
        if not is_endpoint(endpoint):
            raise forms.ValidationError(_("This is no address of a push service."))
        return endpoint

    def clean_p256dh(self) -> str:
        """Refuse what is no point of the curve."""
        return self._bytes("p256dh", length=65)

    def clean_auth(self) -> str:
        """Refuse what is no secret of a browser."""
        return self._bytes("auth", length=16)

    def _bytes(self, name: str, *, length: int) -> str:
        """Return a field that must be so many bytes in base64url."""
        value: str = self.cleaned_data[name].rstrip("=")
        try:
            decoded = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if len(decoded) != length:
            raise forms.ValidationError(_("This is no key of a browser."))
        return value
