"""Not everything is open to everyone, finished, or held after all."""

import datetime as dt
import random
from typing import TYPE_CHECKING

from myapp.demo import accounts
from myapp.demo.bank import Bank
from myapp.events.models import Status, Visibility

if TYPE_CHECKING:
    from myapp.demo.plan import Plan, PlannedEvent

# How many of 1,500
_DRAFTS, _WITHDRAWN, _CANCELLED = 18, 2, 24
_CAMPUS, _MEMBERS, _LINK = 60, 40, 14
_SOON = dt.timedelta(days=2)


def settle(chance: random.Random, plan: "Plan", bank: Bank) -> None:
    """Cancel some, hide some, leave some unfinished; and say when each was announced.

    What begins today or tomorrow stays in the lists: a visitor should find it full of life.
    """
    events, today = plan.events, plan.today
    share = len(events) / 1500
    later = [event for event in events if not today <= event.starts_at.date() < today + _SOON]
    wanted = [max(round(number * share), 1) for number in (_DRAFTS, _WITHDRAWN, _CAMPUS, _LINK)]
    drafts, withdrawn, campus, link = _apart(chance, later, wanted)
    for event in drafts:
        event.status = Status.DRAFT
    for event in withdrawn:
        event.status = Status.WITHDRAWN
    for event in campus:
        event.visibility = Visibility.CAMPUS
    for event in link:
        event.visibility = Visibility.LINK
    for event in chance.sample(_for_members(plan, later), max(round(_MEMBERS * share), 1)):
        event.visibility = Visibility.MEMBERS
    for slug in accounts.ORGANISED:
        _something_to_work_on(plan, later, slug)
    _cancel(chance, events, bank, max(round(_CANCELLED * share), 1), today)
    _announce(chance, events, today)


def _something_to_work_on(plan: "Plan", events: "list[PlannedEvent]", slug: str) -> None:
    """Leave the organisers among the accounts a draft to finish, and their members an event of their own."""
    coming = [
        event
        for event in events
        if plan.organisations[event.organisation].slug == slug and event.starts_at.date() > plan.today + _SOON
    ]
    for event, status, visibility in zip(
        coming,
        (Status.DRAFT, Status.PUBLISHED),
        (Visibility.EVERYONE, Visibility.MEMBERS),
        strict=False,
    ):
        event.status, event.visibility = status, visibility


def _for_members(plan: "Plan", events: "list[PlannedEvent]") -> "list[PlannedEvent]":
    """What may be for members only: open so far, and of an organisation that has members rather than students."""
    return [
        event
        for event in events
        if plan.organisations[event.organisation].spec.kind in {"club", "society", "residence"}
        and event.status == Status.PUBLISHED
        and event.visibility == Visibility.EVERYONE
    ]


def _apart(
    chance: random.Random, events: "list[PlannedEvent]", numbers: list[int]
) -> "list[list[PlannedEvent]]":
    """Draw several groups, none of which shares an event with another."""
    drawn = chance.sample(events, sum(numbers))
    groups, first = [], 0
    for number in numbers:
        groups.append(drawn[first : first + number])
        first += number
    return groups


def _cancel(
    chance: random.Random, events: "list[PlannedEvent]", bank: Bank, number: int, today: dt.date
) -> None:
    """Call off some of what everybody could see, one of them soon: there is always one to look at."""
    public = [
        event
        for event in events
        if event.status == Status.PUBLISHED and event.visibility == Visibility.EVERYONE and not event.all_day
    ]
    soon = [event for event in public if _SOON <= event.starts_at.date() - today < 3 * _SOON]
    chosen = chance.sample(public, number)
    for event in [*chosen, chance.choice(soon)]:
        event.status = Status.CANCELLED
        event.cancel_reason = chance.choice(bank.cancelled)


def _announce(chance: random.Random, events: "list[PlannedEvent]", today: dt.date) -> None:
    """Give every event a moment at which it was announced: weeks before it begins, and never in the future."""
    for event in events:
        lead = dt.timedelta(days=chance.randint(8, 45), minutes=chance.randrange(0, 600, 7))
        latest = dt.datetime.combine(today, dt.time(8), event.starts_at.tzinfo) - dt.timedelta(
            days=chance.randint(1, 20), minutes=chance.randrange(0, 600, 7)
        )
        event.announced_at = min(event.starts_at - lead, latest)
