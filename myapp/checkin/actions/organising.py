"""What organisers decide about the door of their event."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.addresses import same_address
from myapp.accounts.models import User
from myapp.checkin import queries, rules
from myapp.checkin.answers import clock
from myapp.checkin.models import DoorSettings, Helper, Presence
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Because, Desk, Question, Registration, State
from myapp.registrations.places import locked_desk, settle
from myapp.registrations.presence import hold


@transaction.atomic
def name_helper(desk: Desk, name: str, *, acting_user: User) -> Helper:
    """Let somebody keep the door of this event; `name` is their username or address. Naming them again changes nothing.

    Raises `RegistrationRefused` where nobody has that name, `NotAllowed`.
    """
    must_run_door(acting_user, desk)
    person = User.objects.filter(Q(username__iexact=name) | same_address(name), is_active=True).first()
    if person is None:
        raise RegistrationRefused("nobody", _("Nobody has this username or address."))
    helper, _made = Helper.objects.get_or_create(
        event=desk.event, user=person, defaults={"named_by": acting_user}
    )
    return helper


def dismiss_helper(desk: Desk, pk: int, *, acting_user: User) -> None:
    """Let somebody keep the door no longer. Raises `NotAllowed`."""
    must_run_door(acting_user, desk)
    Helper.objects.filter(pk=pk, event=desk.event_id).delete()


def set_door(
    desk: Desk, *, consent: Question | None, can_check_in_oneself: bool, acting_user: User
) -> DoorSettings:
    """Decide whose names devices know, and whether people check themselves in. Raises `NotAllowed`."""
    must_run_door(acting_user, desk)
    chosen = {"consent": consent, "can_check_in_oneself": can_check_in_oneself}
    settings, _made = DoorSettings.objects.update_or_create(desk=desk, defaults=chosen)
    return settings


def must_run_door(user: User, desk: Desk) -> None:
    """Raise `NotAllowed` for who does not decide about the door; at most one query."""
    if not rules.can_run_door(user, desk):
        raise NotAllowed(_("Only people who act for the organiser may do this."))


@transaction.atomic
def release_places(desk: Desk, *, acting_user: User) -> list[Registration]:
    """Free the places of registrations of which nobody has come, for the queue at the door; returns those that ended.

    A party of which one is there keeps its places: who is late has somebody to say so. The log says why. The second time
    nobody is left to be released. Raises `RegistrationRefused` before the time that is said on the tickets, `NotAllowed`.
    """
    must_run_door(acting_user, desk)
    current = locked_desk(desk.pk)
    allowed_from = queries.released_from(current)
    if allowed_from is None:
        raise RegistrationRefused("never", _("The places of people who come late are kept at this event."))
    if timezone.now() < allowed_from:
        when = clock(allowed_from)
        raise RegistrationRefused("too_early", _("Places are kept until %(when)s.") % {"when": when})
    came = Presence.objects.filter(registration=OuterRef("pk"), first_in_at__isnull=False)
    absent = current.registrations.filter(~Exists(came), state=State.CONFIRMED)
    missing = list(absent.select_related("ticket_type", "user").order_by("pk"))
    hold(missing)
    # Asked anew: who was just coming in has come by now, and who comes from now on waits for what is decided here.
    now_there = queries.came_with(missing)
    released = [registration for registration in missing if registration.pk not in now_there]
    for registration in released:
        registration.desk = current
        settle(registration, current, State.EXPIRED, because=Because.NOT_THERE)
    return released
