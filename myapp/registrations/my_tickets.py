"""A person's tickets as a list: what needs an answer, what is coming, what waits, what is over; and what is new in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.times import spoken_period
from myapp.registrations import queries
from myapp.registrations.models import LIVE, Because, Registration, State

PER_PAGE = 20
# What others did, or time: nobody needs to be told what they have just done themselves.
_NEWS = {
    Because.PLACE_CAME_FREE,
    Because.MORE_PLACES,
    Because.TIME_RAN_OUT,
    Because.APPROVED,
    Because.NOT_APPROVED,
    Because.TAKEN_OFF,
    Because.DRAWN,
    Because.NOT_DRAWN,
    Because.NOT_THERE,
    Because.EVENT_OFF,
}


@dataclass(frozen=True)
class Row:
    """One registration in the list. `news` says what has changed since the person looked; "" for nothing."""

    registration: Registration
    when: str
    position: int | None
    news: str


@dataclass(frozen=True)
class MyTickets:
    """The parts of the list. `past` is a page of what is over, cancelled or ran out, the latest first."""

    to_answer: list[Row]
    upcoming: list[Row]
    waiting: list[Row]
    past: list[Row]
    page: Page

    @property
    def is_empty(self) -> bool:
        """Whether the person has never registered for anything."""
        return not (self.to_answer or self.upcoming or self.waiting or self.past)


def my_tickets(user: User, *, since: dt.datetime | None, page: str = "") -> MyTickets:
    """Return a person's tickets, with what is new since a moment; three queries.

    One for what is live, with the place in the queue of what waits; two for the page of the rest.
    """
    now = timezone.now()
    mine = queries.registrations_of(user)
    is_ahead = Q(state__in=LIVE, desk__event__ends_at__gt=now)
    live = list(_with_position(mine.filter(is_ahead)).order_by("desk__event__starts_at", "pk"))
    over = mine.exclude(is_ahead).order_by("-desk__event__starts_at", "-pk")
    past = Paginator(over, PER_PAGE).get_page(page)
    needs_answer, has_place = {State.HELD, State.OFFERED}, {State.CONFIRMED}
    return MyTickets(
        to_answer=[_row(one, since) for one in live if one.state in needs_answer],
        upcoming=[_row(one, since) for one in live if one.state in has_place],
        waiting=[_row(one, since) for one in live if one.state not in needs_answer | has_place],
        past=[_row(one, since) for one in past],
        page=past,
    )


def _with_position(rows: QuerySet[Registration]) -> QuerySet[Registration]:
    """Count with each that waits how many stand at or before it in its line, as `queries.position` does for one."""
    before = (
        Registration.objects.filter(
            desk=OuterRef("desk"),
            ticket_type=OuterRef("ticket_type"),
            state=State.WAITING,
            queue_number__lte=OuterRef("queue_number"),
        )
        .order_by()
        .values("ticket_type")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return rows.annotate(
        position=Case(When(state=State.WAITING, then=Subquery(before)), output_field=IntegerField())
    )


def _row(registration: Registration, since: dt.datetime | None) -> Row:
    return Row(
        registration,
        spoken_period(registration.desk.event),
        getattr(registration, "position", None),
        _news(registration, since) if since else "",
    )


def _news(registration: Registration, since: dt.datetime) -> str:
    """Say what others have changed since a moment; "" where nothing did."""
    event = registration.desk.event
    if registration.changed_at > since and registration.because in _NEWS:
        return _("%(state)s: %(because)s") % {
            "state": registration.get_state_display(),
            "because": registration.get_because_display(),
        }
    if not registration.is_live or event.changed_at <= max(since, registration.created_at):
        return ""
    return _("The event was cancelled.") if event.is_cancelled else _("The organiser changed the event.")
