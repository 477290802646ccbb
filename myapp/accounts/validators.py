"""What a username and a name may hold."""

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

# A username is typed on any keyboard, cannot be taken for an e-mail address, and no other looks just like it.
username_validators = [
    RegexValidator(
        r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
        _("Use the letters a to z, digits, dots, hyphens and underscores; begin with a letter or a digit."),
    )
]

# Characters that turn the writing direction of what comes after them: one name could garble a whole list.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_display_name(name: str) -> str:
    """Return the name with its spaces put in order. Raises `ValidationError` where nobody could read it."""
    name = " ".join(name.split())
    if any(unicodedata.category(character) == "Cc" or character in _TURNING for character in name):
        raise ValidationError(_("This name holds characters that cannot be shown."), code="unreadable")
    if not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        raise ValidationError(_("Enter a name that people can read."), code="unreadable")
    return name
