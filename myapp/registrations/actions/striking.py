"""Strikes: given once the event is over, appealed by the person, lifted by who organises."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.registrations import rules, strikes
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Because, Desk, State, Strike
from myapp.registrations.places import locked_desk


@transaction.atomic
def give_strikes(desk: Desk, there: Collection[int]) -> list[Strike]:
    """Give a strike to those who had a place, did not come, and could have given it back; returns those that are new.

    `there` are the keys of the registrations that were seen at the door. Whose place was given to the queue at the door did
    not come either, unless they came with another. Nothing happens before the event is over, where the desk does not count
    strikes, and the second time. Six queries.
    """
    current = locked_desk(desk.pk)
    now = timezone.now()
    if not current.strikes or not current.event.is_past(now):
        return []
    released = Q(state=State.EXPIRED, because=Because.NOT_THERE)
    came = current.registrations.filter(pk__in=there, user__isnull=False)
    absent = (
        current.registrations.filter(Q(state=State.CONFIRMED) | released, strike=None)
        .exclude(pk__in=there)
        .exclude(user__in=came.values("user"))
        .select_related("user")
    )
    given = [
        Strike(registration=each, user=each.user, given_at=now, expires_at=now + strikes.LASTS)
        for each in strikes.fair(current, absent)
        if each.user is not None
    ]
    return Strike.objects.bulk_create(given)


@transaction.atomic
def appeal_strike(strike: Strike, words: str, *, acting_user: User) -> Strike:
    """Say why a strike is not fair; may be said again, in other words, until it is lifted. Raises `NotAllowed`."""
    current = Strike.objects.select_for_update().get(pk=strike.pk)
    if current.user_id != acting_user.pk:
        raise NotAllowed(_("This is somebody else's strike."))
    if not current.is_live():
        raise RegistrationRefused("over", _("This strike does not count any more."))
    current.appeal, current.appealed_at = words[:2000], timezone.now()
    current.save(update_fields=["appeal", "appealed_at"])
    return current


@transaction.atomic
def lift_strike(strike: Strike, *, acting_user: User) -> Strike:
    """Take a strike back. Raises `NotAllowed` for who does not act for the organiser of that event."""
    current = (
        Strike.objects.select_for_update(of=("self",))
        .select_related("registration__desk__event__organisation")
        .get(pk=strike.pk)
    )
    if not rules.can_run_desk(acting_user, current.registration.desk):
        raise NotAllowed(_("Only people who act for the organiser may do this."))
    if current.lifted_at is None:
        current.lifted_at, current.lifted_by = timezone.now(), acting_user
        current.save(update_fields=["lifted_at", "lifted_by"])
    return current
