"""What can be asked about registrations; nothing here writes."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events import codes
from myapp.registrations.models import LIVE, Desk, Registration, State


def desk_of(slug: str) -> Desk | None:
    """Return the desk of the event whose code ends a slug, with its event and types; None where people just come.

    Two queries. Whether the person may see the event is asked of `events.rules` before.
    """
    code = codes.code_of(slug)
    desks = Desk.objects.select_related("event__organisation", "event__room", "event__building")
    return desks.prefetch_related("types").filter(event__code=code).first() if code else None


def live_registration(desk: Desk, user: User) -> Registration | None:
    """Return the person's registration that is not over; one query."""
    return (
        Registration.objects.filter(desk=desk, user=user, state__in=LIVE)
        .select_related("ticket_type")
        .first()
    )


def registrations_of(user: User) -> QuerySet[Registration]:
    """Return everything of a person's, with what a list or a ticket shows; one query."""
    return Registration.objects.filter(user=user).select_related(
        "ticket_type", "desk__event__organisation", "desk__event__room", "desk__event__building"
    )


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
