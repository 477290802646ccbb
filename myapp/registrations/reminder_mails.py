"""What reminders and thanks say."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from myapp.events.models import Event, Status
from myapp.events.times import spoken_moment
from myapp.notify import kinds
from myapp.notify.kinds import Mail
from myapp.notify.models import Group, Message
from myapp.registrations import mails, queries, rules, ways
from myapp.registrations.models import State
from myapp.web.dates import spoken_date

# Later than this, the reminder of an hour before says it.
_STILL_A_DAY = dt.timedelta(minutes=90)


def reminded_a_day_before(message: Message) -> Mail | None:
    """Return the reminder of a day before, None where it is not true any more; one query."""
    return _reminder(message, at_least=_STILL_A_DAY)


def reminded_an_hour_before(message: Message) -> Mail | None:
    """Return the reminder of an hour before, None where it is not true any more; one query."""
    return _reminder(message, at_least=dt.timedelta())


def _reminder(message: Message, *, at_least: dt.timedelta) -> Mail | None:
    registration = mails.registration_of(message)
    if registration is None or registration.state != State.CONFIRMED:
        return None
    event = registration.desk.event
    if event.status != Status.PUBLISHED or event.starts_at.timestamp() != float(message.about["starts_at"]):
        return None
    if event.starts_at - timezone.now() <= (dt.timedelta() if event.all_day else at_least):
        return None
    words = mails.words_of(event)
    return Mail(
        _("%(when)s: %(title)s") % {"when": when(event), "title": words["title"]},
        "registrations/mail/reminder.html",
        {
            **words,
            "registration": registration,
            "event": event,
            "facts": [*mails.facts_of(event), *mails.ticket_facts(registration)],
        },
        link=mails.link_of(registration),
        short=mails.short_of(event),
    )


def when(event: Event) -> str:
    """Return when an event starts, as one says it today: "Tomorrow, 18:00". No queries."""
    start = timezone.localtime(event.starts_at)
    days = (start.date() - timezone.localdate()).days
    if days not in {0, 1}:
        return capfirst(spoken_date(start.date(), "day") if event.all_day else spoken_moment(event.starts_at))
    day = _("Tomorrow") if days else _("Today")
    return day if event.all_day else _("%(day)s, %(time)s") % {"day": day, "time": f"{start:%H:%M}"}


def thanked(message: Message) -> Mail | None:
    """Return the thanks, None where there is nothing to thank for, or who has said how it was; two queries."""
    registration = mails.registration_of(message)
    if registration is None or not rules.can_give_feedback(registration):
        return None
    if queries.feedback_of(registration) is not None:
        return None
    event = registration.desk.event
    words = mails.words_of(event)
    return Mail(
        _("How was it? %(title)s") % words,
        "registrations/mail/thanks.html",
        {**words, "registration": registration, "event": event, "facts": []},
        link=ways.way_to(registration, "feedback"),
        short=mails.short_of(event),
    )


def register_kinds() -> None:
    """Make the kinds of reminders and thanks known."""
    kinds.register("reminder_day", reminded_a_day_before, group=Group.REMINDERS)
    kinds.register("reminder_hour", reminded_an_hour_before, group=Group.REMINDERS, push=True)
    kinds.register("thanks", thanked, group=Group.THANKS)
