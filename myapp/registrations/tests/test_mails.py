"""What the mails about registrations say: whatever an event is called, in the reader's language, with their calendar."""

import datetime as dt
import json
from typing import Any

import icalendar
import pytest
from django.urls import reverse
from django.utils import timezone, translation

from myapp.events.calendars import personal_feed_ics
from myapp.events.models import Event
from myapp.notify import kinds
from myapp.notify.letters import letter_for
from myapp.notify.models import Message
from myapp.registrations import actions, mails
from myapp.registrations.calendars import feed
from myapp.registrations.keys import key_of
from myapp.registrations.mails import LETTERS
from myapp.registrations.models import Desk, Registration, State
from myapp.registrations.tests.outgoing import calendar_in, delivered, parsed
from myapp.testing.factories import (
    make_person,
    make_registration,
    make_room,
    make_ticket_type,
)
from myapp.testing.needs import needs_shared_data
from myapp.testing.people import browser_of
from myapp.web.mails import write_mail

pytestmark = pytest.mark.django_db


def test_the_confirmation_brings_the_event_for_the_calendar(desk, ticket, ada, post_office):
    make_registration(ticket, ada)
    [letter] = delivered(post_office)

    part = calendar_in(letter)
    [event] = icalendar.Calendar.from_ical(part.get_content()).walk("VEVENT")
    [(_event, told)] = feed([Registration.objects.get()])
    mine = personal_feed_ics([(desk.event, told)], name="Mine")
    [in_feed] = icalendar.Calendar.from_ical(mine).walk("VEVENT")

    assert part.get_param("method") == "PUBLISH"
    assert "METHOD:PUBLISH" in part.get_content()
    assert (event["UID"], event["SEQUENCE"], event["DTSTART"].dt) == (
        in_feed["UID"],
        in_feed["SEQUENCE"],
        in_feed["DTSTART"].dt,
    )
    assert event["STATUS"] == "CONFIRMED"
    assert event["ORGANIZER"].params["CN"] == desk.event.organisation_name


def entry_in(letter):
    [event] = icalendar.Calendar.from_ical(calendar_in(letter).get_content()).walk("VEVENT")
    return event["UID"], event["STATUS"], event["SEQUENCE"]


@pytest.mark.parametrize("who", ["ada", "a guest"])
@pytest.mark.parametrize("how", ["cancelled", "taken off"])
def test_what_the_confirmation_brought_the_cancellation_takes_away(desk, ada, omar, post_office, who, how):
    Desk.objects.update(without_account=True)
    kind = make_ticket_type(desk, audience="everyone")
    person: dict[str, Any] = (
        {"acting_user": ada} if who == "ada" else {"acting_user": None, "email": "g@example.org"}
    )
    sequence, uids = -1, set()
    for _ in range(2):
        registration = actions.register(kind, name="Grace", **person)
        if who == "a guest":
            actions.confirm_address(registration)
        came = delivered(post_office)[-1]
        registration.refresh_from_db()
        if how == "cancelled":
            actions.cancel(registration, acting_user=person["acting_user"])
        else:
            actions.take_off(registration, sentence="", acting_user=omar)
        [gone] = delivered(post_office)
        for letter, expected in ((came, "CONFIRMED"), (gone, "CANCELLED")):
            uid, status, number = entry_in(letter)
            uids.add(uid)
            assert (status, number > sequence) == (expected, True)
            sequence = number
        assert "takes it out of your calendar" in gone.body
    assert uids == {f"{desk.event.code}@eventmate"}


def test_who_only_waited_has_nothing_in_their_calendar_to_take_out(desk, ticket, ada, post_office):
    make_registration(ticket), make_registration(ticket)
    actions.cancel(make_registration(ticket, ada), acting_user=ada)

    gone = delivered(post_office)[-1]

    assert not [part for part in parsed(gone).walk() if part.get_content_type() == "text/calendar"]
    assert "calendar" not in gone.body


def test_a_mail_names_time_place_and_zone_in_words(desk, ticket, ada, post_office, settings):
    settings.TIME_ZONE = "America/New_York"
    room = make_room("141")
    Event.objects.filter(pk=desk.pk).update(room=room, place_label=room.label)
    make_registration(ticket, ada)

    [letter] = delivered(post_office)

    for words in ("New York time", room.label, desk.event.title, ticket.name):
        assert words in letter.body
        assert words in letter.alternatives[0].content


def test_a_person_is_written_to_in_their_language(desk, ticket, post_office):
    make_registration(ticket, make_person(language="fr"))

    [letter] = delivered(post_office)

    assert letter.subject.startswith("Vous avez une place\u00a0: Dark skies, ")
    assert "/fr/" in letter.body


NAUGHTY = [
    "Bcc: everyone@example.edu\r\nBcc: all@example.edu",
    "line\u2028break\x85and\x0bmore",
    "100% %(title)s %s {title} {{ title }}",
    "<script>alert(1)</script> & “co”",
    "\u202eright to left",
    "=?utf-8?q?=0ABcc:_x?=",
    "Ω≈ç√∫ 田中さん 🎉" * 12,
]


@pytest.mark.parametrize("title", NAUGHTY)
def test_no_title_gets_out_of_the_subject(desk, ticket, post_office, title):
    Event.objects.filter(pk=desk.pk).update(title=title[:200])
    person = make_person(f"Zoë {title}"[:150])
    registration = make_registration(make_ticket_type(desk, guests=1), person, guests=[title[:150]])
    assert registration.state == State.CONFIRMED

    [letter] = delivered(post_office)

    sent = parsed(letter)
    assert sent["Bcc"] is None
    assert sent.get_all("To") == [person.email]
    assert sent["Subject"].strip().startswith("You have a place: ")
    assert "\n" not in letter.subject
    assert "<script>" not in letter.alternatives[0].content


def test_every_letter_can_be_written_in_every_language(desk, ticket, ada, settings):
    """Each template, by a registration of the state that it is about."""
    base = make_registration(ticket, ada)
    for name, letter in LETTERS.items():
        state = letter.state or State.WAITING
        Registration.objects.filter(pk=base.pk).update(
            state=state,
            until=timezone.now() + dt.timedelta(hours=1),
            queue_number=1,
            user=None if name == "address_asked" else ada,
            email="g@example.org" if name == "address_asked" else "",
        )
        about = {"registration": base.pk, "revision": base.revision}
        message = Message(kind=name, about=about, user=None if name == "address_asked" else ada)
        message.email = "" if message.user else "g@example.org"
        subjects = set()
        for language, _label in settings.LANGUAGES:
            with translation.override(language):
                mail = kinds.find(name).render(message)
                assert mail, name
                written = write_mail(
                    mail.template,
                    {**mail.context, "subject": mail.subject, "link": "/x/"},
                    to=["a@example.edu"],
                )
            assert "Dark skies" in written.subject, name
            assert "%(" not in f"{written.subject}{written.body}"
            subjects.add(written.subject)
        assert len(subjects) == len(settings.LANGUAGES), name


def test_no_naughty_string_breaks_a_mail(ticket, ada, monkeypatch):
    strings = json.loads(needs_shared_data("naughty-strings", "blns.json").read_text())
    make_registration(ticket, ada)
    message = Message.objects.get()
    registration = mails.registration_of(message)
    assert registration is not None
    # What the database would give back five hundred times, with other words in it.
    monkeypatch.setattr(mails, "registration_of", lambda _message: registration)
    for words in strings:
        event = registration.desk.event
        event.title, event.place_label = words[:200] or "-", words[:300]
        registration.name, registration.guests = words[:150], [words[:150]]
        kind = kinds.find(message.kind)
        mail = kind.render(message) if kind else None
        assert kind
        assert mail, words
        sent = parsed(letter_for(message, kind, mail))
        assert sent["Subject"].strip().startswith("You have a place: "), words
        assert set(sent.keys()) == {
            *("Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID"),
            *("Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post"),
        }, words


def test_a_mail_leads_to_the_ticket_while_there_is_one(desk, ticket, ada, post_office):
    registration = make_registration(ticket, ada)
    actions.cancel(registration, acting_user=ada)
    again = make_registration(ticket, ada)
    [letter] = delivered(post_office)
    assert reverse("registrations:ticket", args=[again.code]) in letter.body

    actions.cancel(again, acting_user=ada)
    [letter] = delivered(post_office)
    assert f"{desk.event.path}\n" in letter.body


def test_without_an_account_a_mail_leads_to_the_ticket_by_its_key(desk, ticket, post_office):
    Desk.objects.update(without_account=True)
    kind = make_ticket_type(desk, audience="everyone")
    registration = actions.register(kind, acting_user=None, email="g@example.org", name="Grace")
    [asking] = delivered(post_office)
    assert reverse("registrations:confirm_by_key", args=[key_of(registration)]) in asking.body
    registration = actions.confirm_address(registration)

    [letter] = delivered(post_office)

    path = reverse("registrations:ticket_by_key", args=[key_of(registration)])
    assert path in letter.body
    assert browser_of().get(path).status_code == 200
