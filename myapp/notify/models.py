"""What is to be told to whom, what became of it, and what people want to be told."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Lower, Now
from django.utils.translation import gettext_lazy as _


class Group(models.TextChoices):
    """What a message is about, as people choose it."""

    PLACES = "places", _("My places and tickets")
    CHANGES = "changes", _("Changes to events I am going to")
    REMINDERS = "reminders", _("Reminders before an event")
    THANKS = "thanks", _("Thanks and questions afterwards")


class Channel(models.TextChoices):
    """How a message travels."""

    MAIL = "mail", _("mail")
    PUSH = "push", _("push")


class Ending(models.TextChoices):
    """Why a message was not sent and will not be."""

    OUTDATED = "outdated", _("no longer true")
    UNWANTED = "unwanted", _("switched off by the person")
    NOBODY = "nobody", _("nobody to send it to")
    REFUSED = "refused", _("refused for good")
    BROKEN = "broken", _("could not be written")
    TIRED = "tired", _("tried for days")


class Message(models.Model):
    """One thing to tell one person: a row of the outbox.

    It is written in the transaction of its cause (see outbox.py) and sent afterwards (see delivery.py). Whoever writes
    one by SQL names `kind`, `user_id` or `email`, `about` and `cause`; the database knows the rest.
    """

    kind = models.CharField(_("kind"), max_length=40)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), null=True, blank=True
    )
    email = models.CharField(
        _("address"),
        max_length=254,
        blank=True,
        db_default="",
        help_text=_("Empty: the person's address at the time of sending."),
    )
    language = models.CharField(_("language"), max_length=10, blank=True, db_default="")
    about = models.JSONField(_("about"), encoder=DjangoJSONEncoder, default=dict)
    cause = models.CharField(
        _("cause"), max_length=200, unique=True, help_text=_("There is one message for each cause.")
    )
    channel = models.CharField(_("way"), max_length=4, choices=Channel.choices, db_default=Channel.MAIL)
    device = models.ForeignKey("Device", models.SET_NULL, verbose_name=_("device"), null=True, blank=True)
    created_at = models.DateTimeField(_("written"), db_default=Now())
    due_at = models.DateTimeField(_("due"), db_default=Now())
    # Until then nobody takes it: a worker has it, or it is between two attempts.
    paused_until = models.DateTimeField(_("next attempt"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    given_up_at = models.DateTimeField(_("given up"), null=True, blank=True)
    ending = models.CharField(
        _("why it was given up"), max_length=10, choices=Ending.choices, blank=True, db_default=""
    )
    attempts = models.IntegerField(_("attempts"), db_default=0)
    last_error = models.TextField(_("last error"), blank=True, db_default="")

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            # What a worker asks for. What is done is not in it, so it is as small as the queue.
            models.Index(
                Greatest("due_at", "paused_until"),
                "id",
                name="notify_message_next",
                condition=Q(sent_at=None, given_up_at=None),
            ),
            models.Index(F("created_at").desc(), name="notify_message_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(user=None, email="", _negated=True), name="notify_to_someone"),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(given_up_at=None), name="notify_sent_or_given_up"
            ),
            models.CheckConstraint(
                condition=Q(given_up_at=None, ending="") | Q(given_up_at__isnull=False, ending__gt=""),
                name="notify_given_up_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.cause

    @property
    def address(self) -> str:
        """Return where it goes by mail; "" where nobody can be reached any more."""
        if self.email:
            return self.email
        return self.user.email if self.user is not None and self.user.is_active else ""

    @property
    def spoken(self) -> str:
        """Return the language it is written in: its own, else the person's, else the site's."""
        known = dict(settings.LANGUAGES)
        choices = (self.language, self.user.language if self.user is not None else "")
        return next((code for code in choices if code in known), settings.LANGUAGE_CODE)


class Preference(models.Model):
    """What somebody does or does not want of a group. No row: mail yes, push yes where they have switched it on.

    Somebody is an account, or the address of a person without one.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), null=True, blank=True
    )
    email = models.CharField(_("address"), max_length=254, blank=True, db_default="")
    group = models.CharField(_("group"), max_length=10, choices=Group.choices)
    mail = models.BooleanField(_("by mail"), default=True)
    push = models.BooleanField(_("by push"), default=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.UniqueConstraint("user", "group", name="notify_preference_of_a_person"),
            models.UniqueConstraint(
                Lower("email"), "group", name="notify_preference_of_an_address", condition=Q(user=None)
            ),
            models.CheckConstraint(
                condition=Q(user=None, email__gt="") | Q(user__isnull=False, email=""),
                name="notify_preference_of_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email or self.user}: {self.group}"


class Device(models.Model):
    """A browser that asked for push: where to send, and the keys that only it can open (RFC 8291)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"))
    endpoint = models.CharField(_("endpoint"), max_length=1000, unique=True)
    p256dh = models.CharField(_("public key"), max_length=100)
    auth = models.CharField(_("shared secret"), max_length=40)
    name = models.CharField(_("name"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("added"), db_default=Now())
    used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def __str__(self) -> str:
        return self.name or str(_("A browser"))

    def as_subscription(self) -> dict[str, Any]:
        """Return it as browsers and libraries write it."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": self.auth}}
