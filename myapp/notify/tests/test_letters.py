"""What a mail looks like: two forms of the same words, in the reader's language, and a way to be rid of the next one."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import signing

from myapp.notify.delivery import deliver_due
from myapp.notify.kinds import Attachment, Mail
from myapp.notify.links import signer
from myapp.notify.models import Ending, Group, Message
from myapp.notify.tests.conftest import tell
from myapp.testing.html import parse
from myapp.testing.needs import needs_shared_data

pytestmark = pytest.mark.django_db

NAUGHTY = [
    "Free\r\nBcc: everyone@example.edu",
    "Free\nX-Evil: 1",
    "Free\u2028X-Evil: 1",
    "Free\x85X-Evil: 1",
    "tab\tand\x0bline\x0cfeed",
    "\x00nothing\x07",
    "\u202eright to left",
    "=?utf-8?q?=0D=0ABcc:_a@b.c?=",
    "<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }}{% now %}",
    "Ελληνικά 日本語 😀 " * 40,
    "\ud800",
    " ",
]


def read_back(letter):
    """Return a mail as its reader's program sees it."""
    return message_from_bytes(letter.message().as_bytes(), policy=policy.default)


@pytest.mark.parametrize("words", NAUGHTY, ids=range(len(NAUGHTY)))
def test_a_subject_is_one_line_whatever_people_write(ada, server, register, words):
    def render(_message):
        return Mail(words, "notify/tests/mail.html", {"message": None})

    register(render=render)
    tell(ada)
    assert deliver_due().sent == 1
    read = read_back(server.taken[0])
    assert not {"bcc", "x-evil"} & {name.lower() for name in read.keys()}  # noqa: SIM118 - a message is no dict
    assert read["To"] == "ada@example.edu"
    assert len(read.get_all("Subject")) == 1
    page = read.get_body(("html",)).get_content()
    assert "<script>" not in page
    assert django_settings.SECRET_KEY not in page


def test_naughty_strings_as_subjects_and_words(ada, server, register):
    strings = json.loads(needs_shared_data("naughty-strings", "blns.json").read_text())
    register()
    for number, words in enumerate(strings):
        if "\0" not in words:
            tell(ada, cause=str(number), about={"subject": words, "words": words})
    deliver_due()
    assert not Message.objects.filter(sent_at=None).exists()
    for letter in server.taken:
        assert len(read_back(letter)["Subject"].splitlines()) <= 1


def test_an_address_that_no_header_can_hold_is_given_up(server, register, db):
    register()
    tell(email="a@example.edu\nBcc: b@example.edu", cause="1")
    assert deliver_due().given_up == 1
    assert server.taken == []
    assert Message.objects.get().ending == Ending.BROKEN


def test_text_and_page_say_the_same(ada, server, register):
    register()
    tell(ada)
    deliver_due()
    read = read_back(server.taken[0])
    text, page = (read.get_body((form,)).get_content() for form in ("plain", "html"))
    tree = parse(page)
    assert tree.one("h1").text() == read["Subject"] == "You have a place"
    for line in ("Saved.", f"{django_settings.SITE_URL}/events/", "Choose what we tell you"):
        assert line in text
        assert line in page
    assert all(link.attrs["href"].startswith(django_settings.SITE_URL) for link in tree.all("a"))
    assert read["Auto-Submitted"] == "auto-generated"


def test_the_readers_language_is_spoken(ada, server, register):
    ada.language = "fr"
    ada.save()
    register()
    tell(ada, cause="1")
    tell(email="guest@example.org", cause="2", language="fr")
    tell(email="guest@example.org", cause="3")
    tell(email="guest@example.org", cause="4", language="xx")
    deliver_due()
    said = ["Enregistré" in letter.body for letter in server.taken]
    assert said == [True, True, False, False]
    assert f"{django_settings.SITE_URL}/fr/accounts/notifications/stop/" in server.taken[0].body


def test_one_click_ends_it(ada, server, register, visitor):
    """As a mailbox does it (RFC 8058): the POST it was told of, with nothing but what the header says."""
    register()
    tell(ada)
    deliver_due()
    read = read_back(server.taken[0])
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = read["List-Unsubscribe"].strip(" <>")
    visitor.handler.enforce_csrf_checks = True
    response = visitor.post(address.removeprefix(django_settings.SITE_URL), {"List-Unsubscribe": "One-Click"})
    assert (response.status_code, response.cookies) == (200, {})
    tell(ada, cause="2")
    deliver_due()
    assert len(server.taken) == 1


def test_what_is_always_sent_offers_no_end(ada, server, register):
    register(essential=True)
    tell(ada)
    deliver_due()
    read = read_back(server.taken[0])
    assert "List-Unsubscribe" not in read
    assert "/stop/" not in server.taken[0].body


def test_attachments_and_headers_of_the_kind_go_along(ada, server, register):
    calendar = Attachment("event.ics", "BEGIN:VCALENDAR", "text/calendar")

    def render(_message):
        return Mail(
            "Yes",
            "notify/tests/mail.html",
            attachments=(calendar,),
            headers={"X-Event": "abc", "Message-ID": "<no>"},
        )

    register(render=render)
    tell(ada)
    deliver_due()
    read = read_back(server.taken[0])
    [attached] = read.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("event.ics", "text/calendar")
    assert read["X-Event"] == "abc"
    assert read["Message-ID"] != "<no>"


# --- The page behind the link


def stop_path(whom, group="places"):
    return f"/accounts/notifications/stop/{signer.sign_object([whom, group])}/"


def test_looking_at_the_page_changes_nothing(ada, visitor, server, register):
    """Mailboxes and scanners follow links; only pressing the button counts."""
    register()
    path = stop_path(ada.pk)
    page = parse(visitor.get(path).content.decode())
    assert page.one("main button").text() == "No more of these"
    tell(ada)
    assert deliver_due().sent == 1


def test_off_and_on_again(ada, visitor, server, register):
    register()
    path = stop_path(ada.pk)
    page = parse(visitor.post(path).content.decode())
    assert page.one("main button").attrs["name"] == "again"
    visitor.post(path, {"again": "1"})
    tell(ada)
    assert deliver_due().sent == 1


def test_an_address_without_an_account_is_stopped(visitor, server, register, db):
    register()
    assert "Choose what we tell you" not in visitor.post(stop_path("Guest@example.org")).content.decode()
    tell(email="guest@Example.org", cause="1")
    assert deliver_due().given_up == 1


NOT_OURS = [
    *["x", "a:b", signing.Signer().sign_object([1, "places"]), signer.sign_object([10**9, "places"])],
    *[signer.sign_object(value) for value in ([1, "nothing"], 7, [1], None, [10**30, "places"])],
    signer.sign_object([1, "places"])[:-3],
]


@pytest.mark.parametrize("token", NOT_OURS, ids=range(len(NOT_OURS)))
def test_a_link_that_is_not_ours_is_not_found(visitor, token, db):
    assert visitor.post(f"/accounts/notifications/stop/{token}/").status_code == 404


def test_the_page_is_french_at_its_french_address(visitor, ada):
    response = visitor.get("/fr" + stop_path(ada.pk, Group.REMINDERS.value))
    assert parse(response.content.decode()).one("h1").text() == "Rappels avant un événement"
    assert "no-store" in response["Cache-Control"]
    assert Path(response.templates[0].name).name == "stop.html"
