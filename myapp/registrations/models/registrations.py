"""A person's claim on a place."""

import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from myapp.events.codes import new_code
from myapp.registrations.models.desk import Desk, TicketType


class State(models.TextChoices):
    """Where a registration is in its life."""

    HELD = "held", _("Held while questions are answered")
    ENTERED = "entered", _("In the draw")
    PENDING = "pending", _("Waiting for an organiser's word")
    WAITING = "waiting", _("On the waiting list")
    OFFERED = "offered", _("A place is offered")
    CONFIRMED = "confirmed", _("Confirmed")
    CANCELLED = "cancelled", _("Cancelled")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Ran out")


# Those that hold a place, and those that are not over.
WITH_PLACE = (State.HELD, State.OFFERED, State.CONFIRMED)
LIVE = (*WITH_PLACE, State.ENTERED, State.PENDING, State.WAITING)


class Because(models.TextChoices):
    """Why a registration is in the state it is in, as the log says it."""

    ASKED = "asked", _("asked for it")
    WAS_FREE = "was_free", _("a place was free")
    WAS_FULL = "was_full", _("no place was free")
    ANSWERED = "answered", _("answered the questions")
    PLACE_CAME_FREE = "came_free", _("a place came free")
    MORE_PLACES = "more_places", _("the organiser added places")
    ACCEPTED = "accepted", _("accepted the offer")
    DECLINED = "declined", _("declined the offer")
    TIME_RAN_OUT = "time_ran_out", _("the time ran out")
    CHANGED = "changed", _("changed the ticket")
    HANDED_ON = "handed_on", _("was handed on")
    APPROVED = "approved", _("an organiser accepted it")
    NOT_APPROVED = "not_approved", _("an organiser refused it")
    TAKEN_OFF = "taken_off", _("an organiser took it off the list")
    DRAWN = "drawn", _("was drawn")
    NOT_DRAWN = "not_drawn", _("was not drawn")
    NOT_THERE = "not_there", _("was not there when the doors closed")
    AT_THE_DOOR = "at_the_door", _("was let in at the door")
    EVENT_OFF = "event_off", _("the event was called off")


def new_alias() -> str:
    """Return the name under which a registration stands in the public log: says nothing, leads nowhere."""
    return secrets.token_hex(6)


class Registration(models.Model):
    """A person's claim on a place at an event, and on one for each guest.

    The person is a `user`, or an `email` without an account. `until` is when a held place, an offer or an unconfirmed
    address runs out. The order of the waiting list is `queue_number`, given once under the desk's lock.
    """

    code = models.CharField(_("code"), max_length=10, unique=True, default=new_code, editable=False)
    alias = models.CharField(_("name in the log"), max_length=12, default=new_alias, editable=False)
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="registrations", verbose_name=_("desk"))
    ticket_type = models.ForeignKey(
        TicketType, models.PROTECT, related_name="registrations", verbose_name=_("ticket type")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,  # what is live is given back first, see actions/leaving.py
        null=True,
        blank=True,
        related_name="registrations",
        verbose_name=_("person"),
    )
    email = models.EmailField(_("e-mail"), blank=True, db_default="")
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        default="",
        db_default="",
        help_text=_("In which somebody without an account is written to."),
    )
    email_confirmed_at = models.DateTimeField(_("address confirmed at"), null=True, blank=True)
    name = models.CharField(_("name"), max_length=150)
    guests = ArrayField(
        models.CharField(max_length=150, blank=True),
        verbose_name=_("guests"),
        default=list,
        db_default=Value([], output_field=ArrayField(models.CharField(max_length=150))),
        blank=True,
    )
    places = models.GeneratedField(
        expression=Value(1)
        + models.Func(F("guests"), function="cardinality", output_field=models.IntegerField()),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    state = models.CharField(_("state"), max_length=10, choices=State)
    because = models.CharField(_("because"), max_length=12, choices=Because, default=Because.ASKED)
    sentence = models.CharField(_("in the organiser's words"), max_length=300, blank=True, db_default="")
    queue_number = models.PositiveBigIntegerField(_("number in the queue"), null=True, blank=True)
    until = models.DateTimeField(_("runs out at"), null=True, blank=True)
    answers = models.JSONField(
        _("answers"), default=dict, db_default=Value({}, models.JSONField()), blank=True
    )
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    rotation = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("made at"), db_default=Now())
    changed_at = models.DateTimeField(_("changed at"), db_default=Now())

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [
            models.UniqueConstraint(
                fields=["desk", "user"],
                condition=Q(state__in=LIVE, user__isnull=False),
                name="registrations_one_live_per_person",
            ),
            models.UniqueConstraint(
                F("desk"),
                Lower("email"),
                condition=Q(state__in=LIVE, user=None) & ~Q(email=""),
                name="registrations_one_live_per_address",
            ),
            models.UniqueConstraint(fields=["desk", "alias"], name="registrations_alias"),
            models.UniqueConstraint(
                fields=["desk", "queue_number"],
                condition=Q(queue_number__isnull=False),
                name="registrations_queue_number",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.WAITING) | Q(queue_number__isnull=False),
                name="registrations_waiting_has_number",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.HELD, State.OFFERED]) | Q(until__isnull=False),
                name="registrations_held_runs_out",
            ),
            models.CheckConstraint(
                # Whose account was deleted after the event leaves a row without a name.
                condition=Q(user__isnull=False) | ~Q(email="") | ~Q(state__in=LIVE) | Q(name=""),
                name="registrations_live_is_somebodys",
            ),
        ]
        indexes = [
            models.Index(
                fields=["desk", "queue_number"],
                condition=Q(state=State.WAITING),
                name="registrations_queue",
            ),
            models.Index(fields=["until"], condition=Q(until__isnull=False), name="registrations_until"),
            models.Index(fields=["desk", "state"], name="registrations_by_state"),
            models.Index(fields=["user", "-changed_at"], name="registrations_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {self.get_state_display()}"

    @property
    def has_place(self) -> bool:
        """Whether places are counted for it."""
        return self.state in WITH_PLACE

    @property
    def is_somebodys(self) -> bool:
        """Whether we know that the person is who they say: by their account, or because they have read our mail."""
        return self.user_id is not None or self.email_confirmed_at is not None

    @property
    def is_live(self) -> bool:
        """Whether it is not over."""
        return self.state in LIVE


class LogEntry(models.Model):
    """A line of the log by which anyone can check that the order was kept.

    Written by the database itself whenever a registration's state or size changes or a capacity does, numbered without
    gaps and chained: `digest` is the SHA-256 of the digest before and this line. Never changed and never deleted.
    """

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="log", db_index=False)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    alias = models.CharField(max_length=12, blank=True)
    ticket_type = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10)
    because = models.CharField(max_length=12, blank=True)
    places = models.IntegerField(null=True)
    queue_number = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log")
        constraints = [models.UniqueConstraint(fields=["desk", "number"], name="registrations_log_number")]

    def __str__(self) -> str:
        return f"{self.number}: {self.alias} {self.state}"
