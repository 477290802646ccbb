"""What can be asked about registrations; nothing here writes."""

from __future__ import annotations

import datetime as dt

from allauth.account.models import EmailAddress
from django.db.models import Case, Count, Prefetch, Q, QuerySet, When, prefetch_related_objects
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.addresses import same_address
from myapp.accounts.models import User
from myapp.events import codes
from myapp.events.models import Event, Membership, Role, Status
from myapp.registrations.models import (
    LIVE,
    Desk,
    Feedback,
    HandOn,
    LogEntry,
    Registration,
    State,
    TicketType,
    Way,
)

PAST_IN_CALENDAR = dt.timedelta(days=365)


def desk_of(slug: str) -> Desk | None:
    """Return the desk of the event whose code ends a slug, with its event and types; None where people just come.

    Two queries. Whether the person may see the event is asked of `events.rules` before.
    """
    code = codes.code_of(slug)
    desks = Desk.objects.select_related("event__organisation", "event__room", "event__building")
    desks = desks.prefetch_related(Prefetch("types", _types())).exclude(way=Way.NONE)
    return desks.filter(event__code=code).first() if code else None


def desk_with_layout(event: Event) -> Desk | None:
    """Return an event's desk with all that an organiser sets up, also one that is closed down; three queries."""
    desk = Desk.objects.prefetch_related("types", "questions").filter(pk=event.pk).first()
    if desk is not None:
        desk.event = event
    return desk


def desk_or_404(event: Event) -> Desk:
    """Return the desk of an event, also one that is closed down; three queries. Raises `Http404` where there is none."""
    desk = desk_with_layout(event)
    if desk is None:
        raise Http404(_("There is no registration for this event."))
    return desk


def organised_events(user: User) -> QuerySet[Event]:
    """Return the events that a person may organise, with their desks; all of them for campus staff. One query."""
    events = Event.objects.exclude(status=Status.WITHDRAWN).select_related("desk")
    if user.is_staff:
        return events
    acts_for = Membership.objects.filter(user=user, role=Role.ORGANISER).values("organisation")
    return events.filter(organisation__in=acts_for)


def desk_with_types(event: Event) -> Desk | None:
    """Return the desk of an event that has been read, with its types and for whom they are; None where people just come.

    Two queries, one without a desk.
    """
    desk = Desk.objects.filter(event=event).exclude(way=Way.NONE).first()
    if desk is not None:
        desk.event = event
        prefetch_related_objects([desk], Prefetch("types", _types()))
    return desk


def _types() -> QuerySet[TicketType]:
    return TicketType.objects.select_related("organisation", "department")


def live_registration(desk: Desk, user: User) -> Registration | None:
    """Return the person's registration that is not over; one query."""
    return (
        Registration.objects.filter(desk=desk, user=user, state__in=LIVE)
        .select_related("ticket_type")
        .first()
    )


def latest_registration(desk: Desk, user: User) -> Registration | None:
    """Return the person's registration that is not over, else the last one that is; one query."""
    return (
        Registration.objects.filter(desk=desk, user=user)
        .select_related("ticket_type")
        .order_by(Case(When(state__in=LIVE, then=0), default=1), "-pk")
        .first()
    )


def live_registration_of_address(desk: Desk, email: str) -> Registration | None:
    """Return what is registered with an address, without an account, and not over; one query."""
    return Registration.objects.filter(same_address(email), desk=desk, user=None, state__in=LIVE).first()


def account_of(email: str) -> User | None:
    """Return the account that has proved an address; one query."""
    found = EmailAddress.objects.filter(same_address(email), verified=True).select_related("user").first()
    return found.user if found else None


def registrations_of(user: User) -> QuerySet[Registration]:
    """Return everything of a person's, with what a list or a ticket shows; one query."""
    return Registration.objects.filter(user=user).select_related(
        "ticket_type", "desk__event__organisation", "desk__event__room", "desk__event__building"
    )


def registrations_for_calendar(user: User, now: dt.datetime | None = None) -> QuerySet[Registration]:
    """Return what a person's calendar is made from: all of theirs for events of the last year and to come; one query."""
    since = (now or timezone.now()) - PAST_IN_CALENDAR
    return registrations_of(user).filter(desk__event__ends_at__gt=since)


def all_at(registration: Registration) -> tuple[list[Registration], list[HandOn]]:
    """Return all that the person of a registration ever had for its event, and what they have handed on; two queries.

    One for somebody without an account.
    """
    desk, user = registration.desk, registration.user_id
    who = Q(pk=registration.pk)
    if user is not None:
        who |= Q(user=user)
    elif registration.email:
        who |= Q(same_address(registration.email), user=None)
    theirs = list(Registration.objects.filter(who, desk=desk))
    for each in theirs:
        each.desk = desk
    given = HandOn.objects.filter(giver=user, taken_at__isnull=False, registration__desk=desk)
    return theirs, list(given) if user is not None else []


def has_had_place(registration: Registration) -> bool:
    """Whether it was ever confirmed; one query."""
    lines = LogEntry.objects.filter(desk=registration.desk_id, alias=registration.alias)
    return lines.filter(state=State.CONFIRMED).exists()


def registration_or_404(user: User, code: str) -> Registration:
    """Return the person's own registration of that code; one query. Raises `Http404` for anybody else's."""
    found = registrations_of(user).filter(code=code).first()
    if found is None:
        raise Http404(_("There is no such ticket."))
    return found


def position(registration: Registration) -> int | None:
    """Return how many stand at or before this one in its line, itself among them; None where it is not waiting.

    One query. A line is a ticket type's.
    """
    if registration.state != State.WAITING:
        return None
    return Registration.objects.filter(
        desk=registration.desk_id,
        ticket_type=registration.ticket_type_id,
        state=State.WAITING,
        queue_number__lte=registration.queue_number,
    ).count()


def feedback_of(registration: Registration) -> Feedback | None:
    """Return what the person has said of the event; one query."""
    return Feedback.objects.filter(registration=registration).first()


def stars_of(event: Event) -> dict[int, int]:
    """Return how many people gave an event how many stars; one query."""
    counted = Feedback.objects.filter(registration__desk=event.pk).order_by().values_list("stars")
    return dict(counted.annotate(number=Count("pk")))


def words_about(event: Event) -> QuerySet[Feedback]:
    """Return what people have written about an event, not who."""
    return Feedback.objects.filter(registration__desk=event.pk).exclude(text="")


def standing_offer(registration: Registration) -> HandOn | None:
    """Return the offer of a ticket to somebody else that can still be taken; one query."""
    now = timezone.now()
    return registration.hand_ons.filter(taken_at=None, withdrawn_at=None, until__gt=now).first()


def handed_on_by(user: User) -> QuerySet[HandOn]:
    """Return the tickets that a person has handed on, for their calendar, with their events; one query."""
    since = timezone.now() - PAST_IN_CALENDAR
    taken = HandOn.objects.filter(
        giver=user, taken_at__isnull=False, registration__desk__event__ends_at__gt=since
    )
    return taken.select_related(
        "registration__desk__event__organisation",
        "registration__desk__event__room",
        "registration__desk__event__building",
    )
