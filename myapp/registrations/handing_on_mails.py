"""What is written about a ticket that changes hands: to whom it is offered, and to whom it was."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from myapp.events.models import Status
from myapp.events.times import spoken_moment
from myapp.notify import kinds
from myapp.notify.kinds import Mail
from myapp.notify.models import Group, Message
from myapp.registrations import keys, mails, rules
from myapp.registrations.models import HandOn
from myapp.web.languages import language_prefix


def offered(message: Message) -> Mail | None:
    """Return the mail that offers a ticket, None where it is not offered any more; one query."""
    offer = _offer_of(message)
    desk = offer.registration.desk if offer else None
    if offer is None or desk is None or not offer.is_open or rules.why_not_hand_on(offer.registration, desk):
        return None
    event = desk.event
    words = mails.words_of(event)
    return Mail(
        _("%(name)s hands a ticket on to you: %(title)s, %(begins)s")
        % {**words, "name": offer.registration.name},
        "registrations/mail/offered_on.html",
        {
            **words,
            "giver": offer.registration.name,
            "until": spoken_moment(offer.until),
            "event": event,
            "facts": [*mails.facts_of(event), *mails.ticket_facts(offer.registration)],
        },
        link=reverse("registrations:take_over", args=[keys.offer_key_of(offer)]),
    )


def taken(message: Message) -> Mail | None:
    """Return the mail that says to the giver who has their ticket now; one query."""
    offer = _offer_of(message)
    if offer is None or offer.taken_at is None or offer.registration.desk.event.status != Status.PUBLISHED:
        return None
    event = offer.registration.desk.event
    words = mails.words_of(event)
    return Mail(
        _("Your ticket was taken: %(title)s, %(begins)s") % words,
        "registrations/mail/taken_over.html",
        {**words, "event": event, "facts": mails.facts_of(event), "taker": offer.registration.name},
        # The ticket is somebody else's by now, and the way to it is theirs alone.
        link=f"{language_prefix()}{event.path}",
        short=mails.short_of(event),
    )


def _offer_of(message: Message) -> HandOn | None:
    return (
        HandOn.objects.select_related(
            *("registration__ticket_type", "registration__desk__event__organisation"),
            *("registration__desk__event__room__building", "registration__desk__event__building"),
        )
        .filter(pk=message.about["hand_on"])
        .first()
    )


def register_kinds() -> None:
    """Make these kinds of messages known. The offer goes to somebody who may have never heard of us: it always goes."""
    kinds.register("ticket_offered_on", offered, group=Group.PLACES, essential=True)
    kinds.register("ticket_taken_over", taken, group=Group.PLACES, essential=True, push=True)
