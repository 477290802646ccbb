"""Setting up the desk of an event: one transaction for all of it, under the lock of the desk."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

from django.db import transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.models import Event
from myapp.events.rules import can_organise
from myapp.events.showing import pages_of_event
from myapp.registrations import lottery
from myapp.registrations.actions.organising import set_capacity
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.layout import DESK_FIELDS, QUESTION_FIELDS, TYPE_FIELDS, Layout, fingerprint
from myapp.registrations.models import (
    LIVE,
    Because,
    Desk,
    Mode,
    Question,
    Registration,
    State,
    TicketType,
    Way,
)
from myapp.registrations.places import locked_desk, settle
from myapp.registrations.queue import is_before_the_draw
from myapp.web.public_pages import forget_public_pages
from myapp.web.refresh import refresh_pages


@transaction.atomic
def save_desk(event: Event, layout: Layout, *, acting_user: User) -> Desk:
    """Set up how people register for an event, or change it; the queue follows where there are more places.

    Refused with a sentence, and nothing changed, where somebody else changed the desk since it was `seen`, where people
    who have registered would be left without a desk or a ticket type, and where fewer places are wanted than are taken.
    Raises `RegistrationRefused`, `NotAllowed`. About a dozen queries, one for each type and question, and those of who
    is moved up.
    """
    if not can_organise(acting_user, event.organisation):
        raise NotAllowed(_("Only people who act for the organiser may do this."))
    desk = _desk_of(event, layout.seen)
    _must_keep_promises(desk, layout)
    before = {kind.pk: kind for kind in desk.types.all()}
    _save_settings(desk, layout.desk)
    if layout.desk.way == Way.HERE:
        _save_types(desk, layout, before)
        _save_questions(desk, layout)
        _set_capacities(desk, layout, before, acting_user)
    forget_public_pages()
    refresh_pages(pages_of_event(event))
    return desk


def _desk_of(event: Event, seen: str) -> Desk:
    """Return the event's desk, locked; made where there was none. Raises where it is not as it was `seen`."""
    made = Desk(event=event, way=Way.NONE)
    Desk.objects.bulk_create([made], ignore_conflicts=True)
    desk = locked_desk(event.pk)
    is_new = not desk.log_size and desk.way == Way.NONE and not desk.types.exists()
    if not (is_new and not seen) and fingerprint(desk) != seen:
        raise RegistrationRefused(
            "changed_meanwhile",
            _(
                "Somebody else has changed this registration meanwhile. Look at theirs, or save again to put yours on top."
            ),
        )
    return desk


def _must_keep_promises(desk: Desk, layout: Layout) -> None:
    """Raise `RegistrationRefused` where people who have registered would stand there with nothing."""
    live = desk.registrations.filter(state__in=LIVE)
    if layout.desk.way != Way.HERE and desk.way == Way.HERE and live.exists():
        raise RegistrationRefused(
            "registered", _("People have registered here. Close the registration instead; their places stay.")
        )
    used = Registration.objects.filter(ticket_type__in=layout.removed_types, desk=desk)
    if kind := TicketType.objects.filter(pk__in=used.values("ticket_type")).first():
        raise RegistrationRefused(
            "type_used",
            _("“%(name)s” has registrations, so it cannot be removed. Let it close instead.")
            % {"name": kind.name},
        )
    if layout.desk.way == Way.HERE:
        _must_keep_the_draw(desk, layout)


def _must_keep_the_draw(desk: Desk, layout: Layout) -> None:
    """Raise `RegistrationRefused` where places would be given by another rule than the one people were told."""
    if layout.desk.mode != desk.mode and (
        desk.drawn_at or desk.registrations.filter(state__in=LIVE).exists()
    ):
        raise RegistrationRefused(
            "mode_used",
            _("People have registered already, so who gets a place cannot be decided another way."),
        )

    entered = is_before_the_draw(desk) and desk.registrations.filter(state=State.ENTERED).exists()
    if entered and lottery.has_ended(desk, desk.types.all()):
        wanted = copy(desk)
        wanted.draw_at = layout.desk.draw_at
        if not lottery.has_ended(wanted, layout.types):
            raise RegistrationRefused(
                "entering_ended", _("Entering has ended, so nobody can be let in any more before the draw.")
            )


def _save_settings(desk: Desk, wanted: Desk) -> None:
    names = DESK_FIELDS if wanted.way == Way.HERE else ("way", "url")
    for name in names:
        setattr(desk, name, getattr(wanted, name))
    if desk.mode == Mode.LOTTERY and not desk.seed:
        desk.seed, desk.seed_hash = lottery.new_seed()
        names = (*names, "seed", "seed_hash")
    desk.save(update_fields=names)


def _save_types(desk: Desk, layout: Layout, before: dict[int, TicketType]) -> None:
    """Write the ticket types, but for how many places they have: a change of that goes into the log."""
    desk.types.filter(pk__in=layout.removed_types).delete()
    renamed = [kind.pk for kind in layout.types if kind.pk in before and before[kind.pk].name != kind.name]
    if len(renamed) > 1:  # two may swap their names
        apart = Concat(Value("~"), Cast(F("pk"), CharField()), output_field=CharField())
        desk.types.filter(pk__in=renamed).update(name=apart)
    for kind in layout.types:
        if not kind.pk:
            wanted, kind.desk, kind.capacity = kind.capacity, desk, None
            kind.save()
            kind.capacity = wanted
        elif kind.pk in before:
            kind.save(update_fields=TYPE_FIELDS)
    if not desk.types.exists():
        raise RegistrationRefused("no_types", _("There must be one ticket type at least."))


def _save_questions(desk: Desk, layout: Layout) -> None:
    """Write the questions; where none is left, who holds a place for answering has it."""
    kept = set(desk.questions.values_list("pk", flat=True)) - set(layout.removed_questions)
    for question in layout.questions:
        question.shown_when = question.shown_when  # has a key now
        if not question.pk:
            question.desk = desk
            question.save()
        elif question.pk in kept:
            question.save(update_fields=QUESTION_FIELDS)
    Question.objects.filter(desk=desk, pk__in=layout.removed_questions).delete()
    asked, desk.asks = desk.asks, desk.questions.exists()
    desk.save(update_fields=["asks"])
    if asked and not desk.asks:
        for held in desk.registrations.filter(state=State.HELD).select_related("ticket_type"):
            if held.is_somebodys:
                settle(held, desk, State.CONFIRMED, because=Because.ANSWERED)


def _set_capacities(desk: Desk, layout: Layout, before: dict[int, TicketType], user: User) -> None:
    """Set what changed, fewer first: nobody is moved up to a place that is taken away in the same breath."""
    changes: list[tuple[bool, Callable[[], object]]] = []

    def note(old: int | None, new: int | None, kind: TicketType | None) -> None:
        if old != new:
            more = old is not None and (new is None or new > old)
            changes.append((more, lambda: _set(desk, new, kind, user)))

    note(desk.capacity, layout.desk.capacity, None)
    for kind in layout.types:
        note(before[kind.pk].capacity if kind.pk in before else None, kind.capacity, kind)
    for _more, change in sorted(changes, key=lambda each: each[0]):
        change()


def _set(desk: Desk, capacity: int | None, kind: TicketType | None, user: User) -> None:
    try:
        set_capacity(desk, capacity, ticket_type=kind, acting_user=user)
    except RegistrationRefused as refused:
        name = kind.name if kind else _("the event")
        raise RegistrationRefused(
            refused.code,
            _("%(sentence)s That is more than you want for %(name)s.")
            % {"sentence": refused.sentence, "name": name},
        ) from None
