"""The code on the screen in the room: another one every fifteen seconds, which only the server can work out.

It is shown as a QR that leads to the page where people check themselves in. It counts for the fifteen seconds it is shown
and the fifteen after, for the slow; a picture of it that is sent home comes too late. Who has scanned it in time gets two
minutes to press the button, by a proof that is bound to them.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid

import segno
from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.safestring import SafeString, mark_safe

from myapp.accounts.models import User
from myapp.registrations.models import Desk

STEP = 15
_STILL_COUNT = 2
_PROOF = dt.timedelta(minutes=2)
_SALT = "myapp.checkin.rotating"


def code_at(desk: Desk, now: dt.datetime, *, back: int = 0) -> str:
    """Return the code of that moment, or of some steps before it. No queries."""
    step = int(now.timestamp()) // STEP - back
    digest = salted_hmac(_SALT, f"{desk.pk}:{step}", algorithm="sha256").digest()
    return base64.b32encode(digest[:10]).decode().lower()


def is_shown(code: str, desk: Desk, now: dt.datetime) -> bool:
    """Whether this is the code of now or the one before. No queries."""
    return any(constant_time_compare(code, code_at(desk, now, back=back)) for back in range(_STILL_COUNT))


def drawing(desk: Desk, now: dt.datetime) -> SafeString:
    """Return the QR of now as SVG for a page: what segno draws is numbers, nothing that anybody wrote."""
    path = reverse("checkin:self", args=[desk.event.slug])
    made = segno.make(f"{settings.SITE_URL}{path}?c={code_at(desk, now)}", error="m", micro=False)
    return mark_safe(made.svg_inline(border=2, omitsize=True, dark="#000", light="#fff"))  # noqa: S308


def proof_for(user: User, desk: Desk) -> str:
    """Return what says that this person has scanned the code in time; once for each time the page is shown."""
    return signing.dumps([desk.pk, user.pk, str(uuid.uuid4())], salt=_SALT)


def read_proof(proof: str, user: User, desk: Desk) -> uuid.UUID | None:
    """Return the nonce of a proof; None where it is another person's, another event's, too old or no proof at all."""
    try:
        event, person, nonce = signing.loads(proof, salt=_SALT, max_age=_PROOF)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return uuid.UUID(nonce) if (event, person) == (desk.pk, user.pk) else None
