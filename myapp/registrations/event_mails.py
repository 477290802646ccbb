"""What messages about changes of an event say to those who have registered for it."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from myapp.events.models import Event, Status
from myapp.events.times import spoken_period
from myapp.notify import kinds
from myapp.notify.kinds import Mail
from myapp.notify.models import Group, Message
from myapp.registrations import changes, mails
from myapp.registrations.models import Registration, State


class Letter(NamedTuple):
    """A kind of mail about an event: its subject, whether the event takes place, and whether one can do without it."""

    subject: Promise
    takes_place: bool
    essential: bool


LETTERS = {
    changes.CANCELLED: Letter(gettext_lazy("Cancelled: %(title)s, %(begins)s"), False, True),
    changes.BACK: Letter(gettext_lazy("It takes place after all: %(title)s, %(begins)s"), True, True),
    changes.MOVED: Letter(gettext_lazy("New time: %(title)s, %(begins)s"), True, True),
    changes.ALTERED: Letter(gettext_lazy("Changed: %(title)s, %(begins)s"), True, False),
}
_NEW_PLACE = gettext_lazy("New place, %(place)s: %(title)s, %(begins)s")


def write(name: str, letter: Letter, message: Message) -> Mail | None:
    """Return a message about a change in the active language, None where a later one tells another; one query."""
    registration = mails.registration_of(message)
    if registration is None or not _is_true(letter, message, registration):
        return None
    event, was = registration.desk.event, message.about["was"]
    words = {**mails.words_of(event), "place": event.place_label}
    has_moved = was["place"] != event.place_label
    subject = _NEW_PLACE if name == changes.ALTERED and has_moved and event.place_label else letter.subject
    files = (mails.calendar_file(registration),) if registration.state == State.CONFIRMED else ()
    return Mail(
        str(subject) % words,
        f"registrations/mail/{name}.html",
        {
            **words,
            "registration": registration,
            "event": event,
            "facts": [*mails.facts_of(event), *_before(event, was)],
            "has_calendar": bool(files),
        },
        link=mails.link_of(registration),
        attachments=files,
        short=mails.short_of(event),
    )


def _is_true(letter: Letter, message: Message, registration: Registration) -> bool:
    """Whether the change still stands, for somebody whom it concerns."""
    event = registration.desk.event
    if not registration.is_live or event.is_past():
        return False
    if (event.status == Status.PUBLISHED) != letter.takes_place:
        return False
    # What has been moved again since is told by the later message; titles and places are told as they are.
    return not letter.takes_place or changes.times_of(event) == message.about["times"]


def _before(event: Event, was: dict[str, Any]) -> list[str]:
    """Return what is not so any more, line by line."""
    lines = []
    if was["times"] != changes.times_of(event):
        start, end, all_day = was["times"]
        old = Event(starts_at=_moment(start), ends_at=_moment(end), all_day=all_day)
        lines.append(_("It was: %(before)s") % {"before": spoken_period(old)})
    if was["place"] != event.place_label and was["place"]:
        lines.append(_("No longer: %(before)s") % {"before": was["place"]})
    if was["title"] != event.title:
        lines.append(_("It was called: %(before)s") % {"before": was["title"]})
    return lines


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


RENDERERS = {name: partial(write, name, letter) for name, letter in LETTERS.items()}


def register_kinds() -> None:
    """Make the kinds of messages about events known."""
    for name, letter in LETTERS.items():
        kinds.register(name, RENDERERS[name], group=Group.CHANGES, essential=letter.essential, push=True)
