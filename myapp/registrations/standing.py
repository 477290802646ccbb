"""Where a person stands at an event: what they have, or what they can have, and why not what they cannot."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from myapp.accounts.models import User
from myapp.events.times import spoken_moment
from myapp.registrations import rules, ways
from myapp.registrations.desk_panel import Offer, panel_of, seconds_left
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.line import InLine, line_of
from myapp.registrations.looking import Seen
from myapp.registrations.models import Desk, Registration, State, TicketType
from myapp.registrations.queue import is_before_the_draw, must_wait


@dataclass(frozen=True)
class Choice:
    """A ticket type as this person sees it: `refusal` says why they cannot have it; `must_wait`: they would queue."""

    offer: Offer
    refusal: RegistrationRefused | None
    must_wait: bool


def standing_of(user: User, seen: Seen, *, refusal: RegistrationRefused | None = None) -> dict[str, object]:
    """Return what "registrations/_place.html" shows to a person; `refusal` is what has just been said to them.

    No queries; up to two for each type that is for members, and one where places are free while people wait.
    """
    desk, registration = seen.desk, seen.registration
    panel = panel_of(desk, seen.kinds)
    is_live = registration is not None and registration.is_live
    context = panel | {"registration": registration, "is_live": is_live, "refusal": refusal}
    if registration is not None and is_live:
        return context | about(registration, desk, seen.in_line)
    may_come_again = registration is None or registration.state != State.REFUSED
    choices = _choices(user, desk, panel["offers"]) if may_come_again else []  # type: ignore[arg-type]
    possible = [choice for choice in choices if choice.refusal is None]
    return context | {
        "choices": choices,
        "possible": possible,
        "all_wait": bool(possible) and all(choice.must_wait for choice in possible),
        "brings_guests": max((choice.offer.type.guests for choice in possible), default=0),
        "why_not": refusal or (choices[0].refusal if choices and not possible else None),
    }


def about(registration: Registration, desk: Desk, in_line: InLine | None = None) -> dict[str, object]:
    """Return what the state of a person's own registration shows; a query for one that waits where `in_line` does not say where."""
    until, ticket_url = registration.until, ways.ticket_url(registration.code)
    registration.desk = desk
    context: dict[str, object] = {
        "until": spoken_moment(until) if until else "",
        "until_iso": until.isoformat() if until else "",
        "seconds_left": seconds_left(until),
        "must_answer": desk.asks and registration.answered_at is None,
        "ticket_url": ticket_url,
        **ways.ways_from(ticket_url),
        "can_cancel": registration.state != State.CONFIRMED or desk.can_be_cancelled(timezone.now()),
    }
    if registration.state == State.WAITING:
        context["line"] = line_of(registration, desk, in_line)
    return context


def _choices(user: User, desk: Desk, offers: list[Offer]) -> list[Choice]:
    choices = []
    for offer in offers:
        refusal = offer.refusal or rules.why_not_for(user, offer.type, desk)
        choices.append(Choice(offer, refusal, refusal is None and would_wait(desk, offer.type)))
    return choices


def would_wait(desk: Desk, kind: TicketType) -> bool:
    """Whether one person who comes now would have to wait, as far as one sees without the lock.

    No queries; one where somebody waits already and there is room all the same.
    """
    goes_elsewhere = is_before_the_draw(desk) or kind.needs_approval
    return not goes_elsewhere and must_wait(desk, kind, 1)
