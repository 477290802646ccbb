"""Making the draw: by an organiser's button once entering has ended, or by the clock."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.models import Status
from myapp.events.showing import pages_of_event
from myapp.registrations import lottery, rules
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Because, Desk, Draw, Mode, State
from myapp.registrations.places import Decided, locked_desk, settle_all
from myapp.registrations.queue import fill, needs_consent
from myapp.web.public_pages import forget_public_pages
from myapp.web.refresh import refresh_pages

logger = logging.getLogger(__name__)


@transaction.atomic
def draw(desk: Desk, *, acting_user: User | None) -> Draw:
    """Give the places to those who have entered, by lot; the others wait in the order of the draw. Once, and for good.

    `acting_user` is None where the clock does it. Raises `RegistrationRefused` while people can still enter, and where
    there is nothing to draw; `NotAllowed`. As many queries for thousands who have entered as for three, but for one more
    for each thousand messages.
    """
    current = locked_desk(desk.pk)
    if acting_user is not None and not rules.can_run_desk(acting_user, current):
        raise NotAllowed(_("Only people who act for the organiser may do this."))
    if current.drawn_at is not None:
        return Draw.objects.get(pk=current.pk)
    types = list(current.types.all())
    _must_be_due(current, types)
    now = timezone.now()
    entered = current.registrations.filter(state=State.ENTERED).select_related("ticket_type", "user")
    by_alias = {registration.alias: registration for registration in entered}
    drawn = lottery.result(
        current.seed,
        [lottery.entry_of(registration) for registration in by_alias.values()],
        free=current.free,
        free_of={kind.pk: kind.free for kind in types},
    )
    made = Draw.objects.create(desk=current, published=lottery.published(current, types, drawn, now))
    current.drawn_at = now
    current.save(update_fields=["drawn_at"])
    decided = []
    for entry, has_place in drawn:
        registration = by_alias[entry.alias]
        registration.desk = current
        if not has_place:
            # Until then, where we do not know yet whether the address is theirs.
            decided.append(Decided(registration, State.WAITING, Because.NOT_DRAWN, registration.until))
        elif needs_consent(registration, current, now):
            until = current.offer_ends(now)
            decided.append(Decided(registration, State.OFFERED, Because.DRAWN, until))
        else:
            decided.append(Decided(registration, State.CONFIRMED, Because.DRAWN))
    settle_all(decided, current)
    fill(current)
    forget_public_pages()
    refresh_pages([*pages_of_event(current.event), f"{current.event.path}draw/"])
    return made


def _must_be_due(desk: Desk, types: list) -> None:
    """Raise `RegistrationRefused` where there is no draw to be made now."""
    if desk.mode != Mode.LOTTERY or not desk.seed:
        raise RegistrationRefused("no_draw", _("There is no draw for this event."))
    if desk.event.status != Status.PUBLISHED or desk.event.is_past():
        raise RegistrationRefused(
            "no_draw", _("The event does not take place any more, so nothing is drawn.")
        )
    if not lottery.has_ended(desk, types):
        raise RegistrationRefused("not_yet", _("People can still enter; the draw is made after that."))


def make_due_draws() -> int:
    """Make the draws whose time has come, each in a transaction of its own; returns how many. One query, and theirs."""
    now = timezone.now()
    due = Desk.objects.filter(mode=Mode.LOTTERY, drawn_at=None, draw_at__lte=now).exclude(seed="")
    made = 0
    for desk in due.filter(event__status=Status.PUBLISHED, event__ends_at__gt=now):
        try:
            draw(desk, acting_user=None)
            made += 1
        except RegistrationRefused:  # called off since we asked
            logger.info("The draw of %s is not to be made", desk.pk)
    return made
