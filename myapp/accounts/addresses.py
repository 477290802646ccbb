"""When two e-mail addresses are one, and which are taken here."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import F, Func, IntegerField, Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _


def same_address(email: str, field: str = "email") -> Q:
    """Return the condition that a field holds this address, in capitals or not.

    As the unique indexes compare: `iexact` would take a dotless i for an i, and one mailbox for another. No letter beyond
    ASCII is as long in bytes as the one of ASCII that it may become in lower case, so the lengths must agree as well.
    """
    size = Func(F(field), function="octet_length", output_field=IntegerField())
    return Q(Exact(Lower(field), email.lower())) & Q(Exact(size, len(email.encode())))


def validate_plain_address(email: str) -> None:
    """Raise `ValidationError` for an address with letters that look like others: two mailboxes could be taken for one."""
    if not email.isascii():
        raise ValidationError(_("Write the address in plain letters, without accents."), code="not_plain")
