"""Saying how it was."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.registrations import rules
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import LONGEST_FEEDBACK, Feedback, Registration


@transaction.atomic
def give_feedback(registration: Registration, *, stars: int, text: str, acting_user: User | None) -> Feedback:
    """Keep what somebody thought of an event, in the place of what they said before; three queries.

    Raises `RegistrationRefused` before it is over, or for who had no place; `NotAllowed` for what is somebody else's.
    """
    if registration.user_id is not None and registration.user_id != (acting_user and acting_user.pk):
        raise NotAllowed(_("This is somebody else's registration."))
    if not rules.can_give_feedback(registration):
        raise RegistrationRefused(
            "no_feedback", _("Who had a place can say how it was once the event is over.")
        )
    given, _is_new = Feedback.objects.update_or_create(
        registration=registration, defaults={"stars": stars, "text": text[:LONGEST_FEEDBACK]}
    )
    return given
