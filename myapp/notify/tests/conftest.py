"""Kinds of messages as rooms register them, a mail server that can be broken, and time that can be moved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import F

from myapp.notify import kinds, outbox
from myapp.notify.kinds import Mail
from myapp.notify.models import Message


class Server:
    """A mail server: what it was asked, what it took, and what it does instead."""

    def __init__(self):
        self.connections, self.taken, self.trouble = 0, [], None

    def ids(self):
        return [letter.extra_headers["Message-ID"] for letter in self.taken]


class Backend(EmailBackend):
    """Django's backend in memory, in front of `Server`."""

    server: Server

    def open(self):
        self.server.connections += 1
        if self.server.trouble and self.server.trouble != "after":
            self.server.trouble("open", None)
        return True

    def send_messages(self, letters):
        if self.server.trouble:
            self.server.trouble("send", letters[0])
        self.server.taken += letters
        return super().send_messages(letters)


@pytest.fixture
def server(settings):
    Backend.server = Server()
    settings.EMAIL_BACKEND = "myapp.notify.tests.conftest.Backend"
    mail.outbox = []
    return Backend.server


@pytest.fixture(autouse=True)
def register(monkeypatch):
    """Register kinds for one test alone."""
    monkeypatch.setattr(kinds, "_register", {})
    monkeypatch.setattr(outbox, "_nudged_at", [float("-inf")])

    def register(name="place", render=None, *, words="You have a place", **options):
        def written(message):
            return Mail(
                message.about.get("subject", words),
                "notify/tests/mail.html",
                {"message": message},
                link="/events/",
                short="In the hall, at noon",
            )

        return kinds.register(name, render or written, **options)

    return register


@pytest.fixture(autouse=True)
def _template(settings, tmp_path):
    """The template of the tests' mails, where no product looks."""
    folder = tmp_path / "notify" / "tests"
    folder.mkdir(parents=True)
    (folder / "mail.html").write_text(
        "{% extends layout %}{% load i18n %}"
        "{% block opening %}{% translate 'Saved.' %} {{ message.about.words }}{% endblock %}"
    )
    first, *others = settings.TEMPLATES
    settings.TEMPLATES = [{**first, "DIRS": [*first["DIRS"], tmp_path]}, *others]


def tell(user=None, kind="place", cause="1", **options):
    outbox.tell(kind, user=user, about=options.pop("about", {}), cause=cause, **options)
    return Message.objects.get(cause=cause)


def pass_time(**how_long):
    """Let time pass for everything in the outbox."""
    gone = timedelta(**how_long)
    Message.objects.update(due_at=F("due_at") - gone, paused_until=F("paused_until") - gone)
