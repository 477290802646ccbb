"""What becomes of an event, told to everybody who has registered for it, in the transaction in which it changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.dispatch import receiver
from django.utils import timezone

from myapp.events.models import Event, Status
from myapp.events.signals import Change, events_changed
from myapp.notify import outbox
from myapp.notify.models import Message
from myapp.registrations.models import LIVE, Desk, Registration
from myapp.registrations.places import locked_desk
from myapp.registrations.queue import fill

CANCELLED, MOVED, ALTERED, BACK = "event_cancelled", "event_moved", "event_altered", "event_back"

# One row for each person, however many they are. The event's revision in the cause lets the same change be told once.
_TELL = """
INSERT INTO notify_message (kind, user_id, email, language, about, cause)
SELECT news.kind, registration.user_id,
    CASE WHEN registration.user_id IS NULL THEN registration.email ELSE '' END, registration.language,
    news.about || jsonb_build_object('registration', registration.id),
    concat('registration:', registration.id, ':event:', news.sequence)
FROM unnest(%s::bigint[], %s::text[], %s::text[]::jsonb[], %s::bigint[]) AS news (event_id, kind, about, sequence)
    JOIN registrations_registration registration ON registration.desk_id = news.event_id
WHERE registration.state = ANY(%s)
    AND (registration.user_id IS NOT NULL OR registration.email_confirmed_at IS NOT NULL)
ORDER BY registration.id
ON CONFLICT (cause) DO NOTHING
"""


@receiver(events_changed)
def follow(changes: Iterable[Change], **_: object) -> None:
    """Tell everybody with a live registration what has changed, and let the queue move where it can again.

    Two queries however many events and people; none where nothing has changed that they go by. Where an event takes
    place again or later than it did, four more for each desk with a queue, and those of whoever moves up.
    """
    news = [(change.event, kind, change.before) for change in changes if (kind := news_of(change))]
    if news:
        # Whoever is just taking a place is seen by what follows, or sees what was written.
        pks = [event.pk for event, _kind, _before in news]
        desks = list(Desk.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))
        if desks:
            _tell([each for each in news if each[0].pk in {desk.pk for desk in desks}])
    again = [change.event.pk for change in changes if _opens_again(change)]
    if again:
        for pk in (
            Desk.objects.filter(pk__in=again, waiting__gt=0).order_by("pk").values_list("pk", flat=True)
        ):
            fill(locked_desk(pk))


def _tell(news: list[tuple[Event, str, Event | None]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _TELL,
            [
                [event.pk for event, _kind, _before in news],
                [kind for _event, kind, _before in news],
                [json.dumps(about_of(event, before)) for event, _kind, before in news],
                [event.sequence for event, _kind, _before in news],
                [str(state) for state in LIVE],
            ],
        )
        if cursor.rowcount:
            outbox.nudge()


def news_of(change: Change) -> str:
    """Return the kind of message that tells a change; "" for what nobody need be told. No queries."""
    event, before = change
    now = timezone.now()
    if before is None or before.status == Status.DRAFT or (event.is_past(now) and before.is_past(now)):
        return ""
    was_on, is_on = before.status == Status.PUBLISHED, event.status == Status.PUBLISHED
    if was_on != is_on:
        return BACK if is_on else CANCELLED
    if not is_on:
        return ""
    if times_of(event) != times_of(before):
        return MOVED
    return ALTERED if _looks(event) != _looks(before) else ""


def _opens_again(change: Change) -> bool:
    """Whether places may be given now that could not be before: it takes place again, or has not begun any more."""
    event, before = change
    if before is None or event.status != Status.PUBLISHED:
        return False
    now = timezone.now()
    return before.status != Status.PUBLISHED or before.starts_at <= now < event.starts_at


def times_of(event: Event) -> list[Any]:
    """Return when an event is, as a message remembers it."""
    return [event.starts_at.timestamp(), event.ends_at.timestamp(), event.all_day]


def _looks(event: Event) -> tuple[str, str, str]:
    return event.title, event.place_label, event.online_url if event.online else ""


def about_of(event: Event, before: Event | None) -> dict[str, Any]:
    """Return what a message about a change keeps: what it was, and when it was to be."""
    was = before or event
    return {
        "times": times_of(event),
        "was": {"times": times_of(was), "title": was.title, "place": was.place_label},
        "sequence": event.sequence,
    }


def make_sure_it_is_told(registration: Registration) -> None:
    """Tell somebody that the event does not take place, unless they are told already; two queries.

    For who took a place while it was being cancelled, whom the statement above could not see.
    """
    if not registration.is_live or not registration.is_somebodys:
        return
    event = registration.desk.event
    told = Message.objects.filter(cause__startswith=f"registration:{registration.pk}:event:", kind=CANCELLED)
    if not told.exists():
        outbox.tell(
            CANCELLED,
            user=registration.user_id,
            email="" if registration.user_id else registration.email,
            about={**about_of(event, None), "registration": registration.pk},
            cause=f"registration:{registration.pk}:event:{event.sequence}",
            language=registration.language,
        )
