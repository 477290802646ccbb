"""What can happen to events and organisations.

Every action is one transaction, looks again at the state under a lock, does nothing the second time, and lets the
shared pages be made anew once it is committed.
"""

from collections.abc import Iterable
from copy import copy

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events import rules, vocabulary
from myapp.events.errors import EventRefused, NotAllowed
from myapp.events.models import DERIVED_FIELDS, Event, Organisation, Series, Status
from myapp.events.showing import pages_showing, pages_showing_event
from myapp.events.signals import Change, events_changed
from myapp.venues.models import Building, Room
from myapp.web.public_pages import forget_public_pages
from myapp.web.refresh import refresh_pages

_BATCH = 1000
# What becomes of an event: `publish`, `cancel` and `withdraw` decide it, and no form that was read before they did.
_STATE = ("status", "published_at", "cancelled_at", "cancel_reason", "sequence", "fingerprint")


def _locked(event: Event) -> Event:
    """Return the event as it is now, its row held until the transaction ends: one query."""
    return (
        Event.objects.select_for_update(of=("self",))
        .select_related("organisation", "room__building", "building")
        .get(pk=event.pk)
    )


def _require_organiser(user: User, organisation: Organisation) -> None:
    if not rules.can_organise(user, organisation):
        raise NotAllowed(_("Only people who act for %(name)s may do this.") % {"name": organisation.name})


def _told_everyone(event: Event, before: Event | None) -> None:
    """Say what has changed to the rooms above, and have the shared pages made anew after commit.

    The event may be on any of them, and as it was `before` on others.
    """
    events_changed.send(Event, changes=[Change(event, before)])
    vocabulary.learn([event.pk])
    forget_public_pages()
    refresh_pages(path for version in (event, before) if version for path in pages_showing_event(version))


def _made_anew(*things: object) -> None:
    """Have the shared pages made anew after commit: any of them may name these things."""
    forget_public_pages()
    refresh_pages(path for thing in things if thing for path in pages_showing(thing))


def _as_it_was(thing: Organisation | Room | Building) -> object:
    """Return a thing as it is before it is saved, its old address among it; None for a new one. One query."""
    return type(thing).objects.filter(pk=thing.pk).first() if thing.pk else None


@transaction.atomic
def publish(event: Event, *, acting_user: User) -> Event:
    """Show a draft to those it is for, or bring back a cancelled event. Raises `NotAllowed`, `EventRefused`."""
    current = _locked(event)
    _require_organiser(acting_user, current.organisation)
    if current.status == Status.PUBLISHED:
        return current
    if current.status == Status.WITHDRAWN:
        raise EventRefused("withdrawn", _("This event was withdrawn; make a new one."))
    before = copy(current)
    current.status = Status.PUBLISHED
    current.published_at = current.published_at or timezone.now()
    current.cancelled_at, current.cancel_reason = None, ""
    current.save()
    _told_everyone(current, before)
    return current


@transaction.atomic
def cancel(event: Event, *, reason: str = "", acting_user: User) -> Event:
    """Call a published event off, with a sentence that its page shows. Raises `NotAllowed`, `EventRefused`."""
    current = _locked(event)
    _require_organiser(acting_user, current.organisation)
    if current.status == Status.CANCELLED:
        return current
    if current.status != Status.PUBLISHED:
        raise EventRefused("not_published", _("Only a published event can be cancelled."))
    before = copy(current)
    current.status = Status.CANCELLED
    current.cancelled_at, current.cancel_reason = timezone.now(), reason[:300]
    current.save()
    _told_everyone(current, before)
    return current


@transaction.atomic
def withdraw(event: Event, *, acting_user: User) -> Event:
    """Take an event off every page for good: its address answers 410 from now on. Raises `NotAllowed`."""
    current = _locked(event)
    _require_organiser(acting_user, current.organisation)
    if current.status != Status.WITHDRAWN:
        before = copy(current)
        current.status = Status.WITHDRAWN
        current.save()
        _told_everyone(current, before)
    return current


@transaction.atomic
def save_event(event: Event, *, acting_user: User) -> Event:
    """Save an event that a form or the admin has filled in; one that exists keeps its state. Raises `NotAllowed`."""
    _require_organiser(acting_user, event.organisation)
    current = None
    if event.pk:
        current = _locked(event)
        _require_organiser(acting_user, current.organisation)
        for name in _STATE:
            setattr(event, name, getattr(current, name))
    if event.status == Status.PUBLISHED and event.published_at is None:
        event.published_at = timezone.now()
    event.save()
    _told_everyone(event, current)
    return event


@transaction.atomic
def save_organisation(organisation: Organisation, *, acting_user: User) -> Organisation:
    """Save an organisation, and its name on its events where that has changed. Raises `NotAllowed`."""
    if organisation.pk:
        _require_organiser(acting_user, organisation)
    elif not acting_user.is_staff:
        raise NotAllowed(_("Only campus staff may add an organisation."))
    before = _as_it_was(organisation)
    organisation.save()
    stale = organisation.events.exclude(organisation_name=organisation.name)
    _prepare_again(stale.values_list("pk", flat=True))
    _made_anew(organisation, before)
    return organisation


@transaction.atomic
def save_room(room: Room, *, acting_user: User) -> Room:
    """Save a room, and its label on the events in it. Raises `NotAllowed`."""
    _require_staff(acting_user)
    before = _as_it_was(room)
    room.save()
    stale = room.events.exclude(place_label=room.label, building=room.building_id)
    _prepare_again(stale.values_list("pk", flat=True))
    _made_anew(room, before)
    return room


@transaction.atomic
def save_building(building: Building, *, acting_user: User) -> Building:
    """Save a building, and its name on the events that are somewhere in it. Raises `NotAllowed`."""
    _require_staff(acting_user)
    before = _as_it_was(building)
    building.save()
    nowhere_closer = building.events.filter(room=None, place="").exclude(place_label=building.name)
    _prepare_again(nowhere_closer.values_list("pk", flat=True))
    _made_anew(building, before)
    return building


@transaction.atomic
def delete(thing: Organisation | Series | Room | Building, *, acting_user: User) -> None:
    """Delete what no event needs, and take its name off the events that stood on it.

    Raises `NotAllowed`, and `ProtectedError` for an organisation with events or a building with rooms.
    """
    _require_staff(acting_user)
    standing_on_it = list(thing.events.values_list("pk", flat=True))
    thing.delete()
    _prepare_again(standing_on_it)
    _made_anew(thing)


def _require_staff(user: User) -> None:
    if not user.is_staff:
        raise NotAllowed(_("Only campus staff may do this."))


def _prepare_again(pks: Iterable[int]) -> None:
    """Work out anew what events say of their organisation or place, a batch at a time, each held until the end.

    Not held, an event that is withdrawn meanwhile would be written back as one that is to come.
    """
    waiting = list(pks)
    for start in range(0, len(waiting), _BATCH):
        events = list(
            Event.objects.filter(pk__in=waiting[start : start + _BATCH])
            .select_related("organisation", "room__building", "building")
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        for event in events:
            event.prepare()
        Event.objects.bulk_update(events, DERIVED_FIELDS)
