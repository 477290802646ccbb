"""What messages about registrations say, as the outbox asks for them: when they are sent, by what is true then.

A message that is not true any more is not sent (`None`): the registration is in another state, has changed hands, or the
event does not take place; a later message tells that. Each mail has a template in templates/registrations/mail/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from myapp.accounts.addresses import same_address
from myapp.events import calendars
from myapp.events.models import Event, Status
from myapp.events.times import spoken_moment, spoken_period
from myapp.notify import kinds
from myapp.notify.kinds import Attachment, Mail
from myapp.notify.models import Group, Message
from myapp.registrations import changes, queries, ways
from myapp.registrations.calendars import registration_ics
from myapp.registrations.keys import key_of
from myapp.registrations.models import LIVE, Registration, State
from myapp.web.dates import spoken_date
from myapp.web.languages import language_prefix
from myapp.web.texts import shortened

# A subject has room for what the event is called and for what is to be said about it.
LONGEST_TITLE = 90


@dataclass(frozen=True)
class Letter:
    """A kind of mail: its subject, the state of the registration that it is true in, and how much it matters."""

    subject: Promise
    template: str
    state: State | None
    calendar: bool = False
    essential: bool = False
    push: bool = False


LETTERS = {
    "address_asked": Letter(
        gettext_lazy("Confirm your address: %(title)s, %(begins)s"), "address_asked", None, essential=True
    ),
    "place_confirmed": Letter(
        gettext_lazy("You have a place: %(title)s, %(begins)s"), "confirmed", State.CONFIRMED, calendar=True
    ),
    "place_handed_on": Letter(
        gettext_lazy("A ticket was handed on to you: %(title)s, %(begins)s"),
        "handed_on",
        State.CONFIRMED,
        calendar=True,
        essential=True,
    ),
    "place_approved": Letter(
        gettext_lazy("Accepted, you have a place: %(title)s, %(begins)s"),
        "approved",
        State.CONFIRMED,
        calendar=True,
    ),
    "place_drawn": Letter(
        gettext_lazy("Drawn, you have a place: %(title)s, %(begins)s"),
        "drawn",
        State.CONFIRMED,
        calendar=True,
        push=True,
    ),
    "place_promoted": Letter(
        gettext_lazy("From the waiting list to a place: %(title)s, %(begins)s"),
        "promoted",
        State.CONFIRMED,
        calendar=True,
        essential=True,
        push=True,
    ),
    "place_offered": Letter(
        gettext_lazy("A place for you, to accept by %(until)s: %(title)s"),
        "offered",
        State.OFFERED,
        essential=True,
        push=True,
    ),
    "place_waiting": Letter(
        gettext_lazy("Number %(position)s on the waiting list: %(title)s, %(begins)s"),
        "waiting",
        State.WAITING,
    ),
    "approval_asked": Letter(
        gettext_lazy("The organiser decides about your place: %(title)s, %(begins)s"),
        "approval_asked",
        State.PENDING,
    ),
    "not_approved": Letter(gettext_lazy("No place for you: %(title)s"), "not_approved", State.REFUSED),
    "draw_entered": Letter(
        gettext_lazy("You are in the draw: %(title)s, %(begins)s"), "draw_entered", State.ENTERED
    ),
    "not_drawn": Letter(gettext_lazy("Not drawn: %(title)s, %(begins)s"), "not_drawn", None),
    "hold_ran_out": Letter(
        gettext_lazy("Your place was not kept any longer: %(title)s"), "hold_ran_out", State.EXPIRED
    ),
    "offer_ran_out": Letter(
        gettext_lazy("The offer of a place has run out: %(title)s"), "offer_ran_out", State.EXPIRED
    ),
    "ticket_changed": Letter(
        gettext_lazy("Your registration is changed: %(title)s, %(begins)s"), "changed", None, calendar=True
    ),
    "place_cancelled": Letter(
        gettext_lazy("You are no longer registered: %(title)s"), "cancelled", State.CANCELLED, calendar=True
    ),
    "place_taken_off": Letter(
        gettext_lazy("The organiser has cancelled your registration: %(title)s, %(begins)s"),
        "taken_off",
        State.CANCELLED,
        calendar=True,
        essential=True,
        push=True,
    ),
    "place_released": Letter(
        gettext_lazy("Your place was given to the queue at the door: %(title)s"),
        "released",
        State.EXPIRED,
        calendar=True,
    ),
}


def registration_of(message: Message) -> Registration | None:
    """Return what a message is about, with its event and place; None where it is somebody else's by now. One query."""
    found = (
        Registration.objects.filter(pk=message.about["registration"])
        .select_related(
            *("ticket_type", "user", "desk__event__organisation"),
            *("desk__event__room__building", "desk__event__building"),
        )
        .first()
    )
    return found if found is not None and _is_for(message, found) else None


def _is_for(message: Message, registration: Registration) -> bool:
    """Whether the registration is still that of whoever the message is for; an address may have got an account since."""
    if message.user_id is not None:
        return message.user_id == registration.user_id
    theirs = {registration.email.lower(), registration.user.email.lower() if registration.user else ""}
    return message.email.lower() in theirs


def write(letter: Letter, message: Message) -> Mail | None:
    """Return a message about a registration in the active language, None where it is not true any more.

    One query, and one for a number in the queue or for whether somebody has registered again.
    """
    registration = registration_of(message)
    if registration is None or not _is_true(letter, message, registration):
        return None
    event = registration.desk.event
    position = queries.position(registration)
    words = {
        **words_of(event),
        "position": position,
        "until": spoken_moment(registration.until) if registration.until else "",
        "draw_at": spoken_moment(registration.desk.draw_at) if registration.desk.draw_at else "",
    }
    files = (calendar_file(registration),) if letter.calendar and _concerns_calendar(registration) else ()
    return Mail(
        str(letter.subject) % words,
        f"registrations/mail/{letter.template}.html",
        {
            **words,
            "registration": registration,
            "event": event,
            "facts": [*facts_of(event), *ticket_facts(registration)],
            "has_calendar": bool(files),
        },
        link=link_of(registration),
        attachments=files,
        short=short_of(event),
    )


def _concerns_calendar(registration: Registration) -> bool:
    """Whether it belongs into the person's calendar, or out of it again; one query for what is over."""
    return registration.state == State.CONFIRMED or (
        not registration.is_live and queries.has_had_place(registration)
    )


def _is_true(letter: Letter, message: Message, registration: Registration) -> bool:
    """Whether what a letter says is still so."""
    event = registration.desk.event
    if event.is_past():
        return False
    if event.status != Status.PUBLISHED:
        changes.make_sure_it_is_told(registration)
        return False
    if letter.state is None:
        is_same = registration.revision == message.about["revision"]
    else:
        is_same = registration.state == letter.state
    return is_same and _is_still_of_use(letter, registration)


def _is_still_of_use(letter: Letter, registration: Registration) -> bool:
    """Whether there is still something to confirm or to accept, and nothing newer than what is over."""
    if letter.template == "address_asked":
        return registration.is_live and registration.email_confirmed_at is None
    if registration.state == State.OFFERED:
        return registration.until is not None and registration.until > timezone.now()
    return registration.is_live or not _has_another(registration)


def _has_another(registration: Registration) -> bool:
    """Whether the person has registered again since this one ended; one query."""
    others = Registration.objects.filter(desk=registration.desk_id, state__in=LIVE)
    if registration.user_id is not None:
        return others.filter(user=registration.user_id).exists()
    return others.filter(same_address(registration.email), user=None).exists()


def words_of(event: Event) -> dict[str, Any]:
    """Return what subjects say of an event."""
    day = spoken_date(timezone.localtime(event.starts_at).date(), "day")
    return {
        "title": shortened(event.title, LONGEST_TITLE),
        "begins": day if event.all_day else spoken_moment(event.starts_at),
    }


def facts_of(event: Event) -> list[str]:
    """Return when and where an event is, line by line; no queries where its place is loaded."""
    when = spoken_period(event)
    if not event.all_day:
        when = _("%(when)s (%(zone)s)") % {"when": when, "zone": spoken_zone()}
    return [line for line in (when, calendars.location(event), _online(event)) if line]


def _online(event: Event) -> str:
    return event.online_url if event.online else ""


def spoken_zone() -> str:
    """Return the campus's time zone in words, like "New York time"."""
    city = settings.TIME_ZONE.rpartition("/")[2].replace("_", " ")
    return city if city in {"UTC", "GMT"} else _("%(city)s time") % {"city": city}


def short_of(event: Event) -> str:
    """Return when and where in one line, for a push."""
    when = spoken_date(event.day, "day") if event.all_day else spoken_moment(event.starts_at)
    return " · ".join(part for part in (capfirst(when), event.place_label) if part)


def ticket_facts(registration: Registration) -> list[str]:
    """Return what the person has, or asked for, line by line."""
    number = len(registration.guests)
    lines = [_("Ticket: %(name)s") % {"name": registration.ticket_type.name}]
    names = ", ".join(name for name in registration.guests if name)
    if number:
        guests = ngettext("With %(number)s guest", "With %(number)s guests", number) % {"number": number}
        lines.append(f"{guests}: {names}" if names else guests)
    return lines


def link_of(registration: Registration) -> str:
    """Return the path of the page to go on from: what the person has, or the event where that is over. No queries.

    There is none for what is over at an event that was withdrawn.
    """
    if registration.is_live:
        return ways.way_on(registration)
    event = registration.desk.event
    return "" if event.status == Status.WITHDRAWN else f"{language_prefix()}{event.path}"


def calendar_file(registration: Registration) -> Attachment:
    """Return the event for the reader's calendar, as it stands with them: by the UID and SEQUENCE of their feed; two queries."""
    path = "" if registration.user_id else f"/r/{key_of(registration)}/"
    content = registration_ics(registration, path=path, method="PUBLISH")
    return Attachment("event.ics", content, "text/calendar; method=PUBLISH")


RENDERERS: Mapping[str, Callable[[Message], Mail | None]] = {
    name: partial(write, letter) for name, letter in LETTERS.items()
}


def register_kinds() -> None:
    """Make the kinds of messages about registrations known."""
    for name, letter in LETTERS.items():
        kinds.register(
            name, RENDERERS[name], group=Group.PLACES, essential=letter.essential, push=letter.push
        )
