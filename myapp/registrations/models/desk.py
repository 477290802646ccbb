"""How people register for an event: the desk with its places, the ticket types that share them, the questions asked."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now as right_now
from django.utils.translation import gettext_lazy as _

from myapp.accounts.models import Department
from myapp.events.models import Event, Organisation


class Way(models.TextChoices):
    """Where one registers. An event without a desk needs no registration: people just come.

    A desk that is closed down for good says so by `NONE`: its log stays, so the row does.
    """

    NONE = "none", _("Nowhere: people just come")
    HERE = "here", _("Here")
    ELSEWHERE = "elsewhere", _("On another site")


class Mode(models.TextChoices):
    """Who gets a place when more people come than there are places."""

    FIRST_COME = "first_come", _("Whoever comes first")
    LOTTERY = "lottery", _("A draw among all who enter")


class Promotion(models.TextChoices):
    """What happens to a place that comes free while people wait."""

    AT_ONCE = "at_once", _("The next in the queue has it at once")
    OFFER = "offer", _("It is offered to the next, who has some time to accept")


class Desk(models.Model):
    """The registration desk of an event, and the row that everybody's place goes through.

    `taken` counts the places of registrations that hold one (held, offered, confirmed), `waiting` the registrations in
    the queue. Both are changed only together with those rows (`places.py`), and constraints stand behind them. Whoever
    changes more than one of desk, type and registration locks the desk first: there is one order, so no deadlock.
    """

    event = models.OneToOneField(
        Event, models.CASCADE, primary_key=True, related_name="desk", verbose_name=_("event")
    )
    way = models.CharField(_("where one registers"), max_length=10, choices=Way, default=Way.HERE)
    url = models.URLField(_("register at"), max_length=1000, blank=True)
    mode = models.CharField(_("who gets a place"), max_length=10, choices=Mode, default=Mode.FIRST_COME)
    capacity = models.PositiveIntegerField(
        _("places"), null=True, blank=True, help_text=_("All ticket types share them. Empty: no limit.")
    )
    taken = models.PositiveIntegerField(_("taken"), default=0, db_default=0, editable=False)
    waiting = models.PositiveIntegerField(_("waiting"), default=0, db_default=0, editable=False)
    last_in_queue = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    is_open = models.BooleanField(
        _("open"), default=True, help_text=_("Closed, nobody can register; the queue stays as it is.")
    )
    asks = models.BooleanField(default=False, db_default=False, editable=False)

    promotion = models.CharField(
        _("when a place comes free"), max_length=10, choices=Promotion, default=Promotion.AT_ONCE
    )
    offer_hours = models.PositiveSmallIntegerField(_("hours to accept an offer"), default=12)
    agree_hours = models.PositiveSmallIntegerField(
        _("hours before the start"),
        default=24,
        help_text=_("From then on nobody is moved up without agreeing: the place is offered instead."),
    )
    cancel_until = models.DateTimeField(
        _("cancelling until"), null=True, blank=True, help_text=_("Empty: until it starts.")
    )
    can_hand_on = models.BooleanField(_("tickets may be handed on"), default=True)
    without_account = models.BooleanField(_("also without an account, by e-mail"), default=False)
    release_minutes = models.PositiveSmallIntegerField(
        _("minutes after the start"),
        null=True,
        blank=True,
        help_text=_(
            "Places of people who are not there by then may go to the queue at the door. Empty: never."
        ),
    )
    strikes = models.BooleanField(_("not coming without cancelling counts"), default=False)

    # The draw: the hash is shown before, the seed after (lottery.py).
    draw_at = models.DateTimeField(_("draw at"), null=True, blank=True)
    seed = models.CharField(max_length=64, blank=True, editable=False)
    seed_hash = models.CharField(max_length=64, blank=True, editable=False)
    drawn_at = models.DateTimeField(_("drawn at"), null=True, blank=True, editable=False)

    # The head of the chain of log entries, which the database itself writes (see the first migration).
    log_size = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    log_head = models.CharField(max_length=64, default="", db_default="", blank=True, editable=False)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("registration desk")
        verbose_name_plural = _("registration desks")
        constraints = [
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(taken__lte=F("capacity")), name="registrations_desk_capacity"
            ),
            models.CheckConstraint(condition=~Q(way=Way.ELSEWHERE, url=""), name="registrations_desk_url"),
        ]

    def __str__(self) -> str:
        return str(self.event)

    @property
    def free(self) -> int | None:
        """How many places are left; None where there is no limit."""
        return None if self.capacity is None else self.capacity - self.taken

    def can_be_cancelled(self, now: dt.datetime | None = None) -> bool:
        """Whether a person may still give their place back; reads `event`."""
        return (now or right_now()) < (self.cancel_until or self.event.starts_at)

    def must_agree(self, now: dt.datetime) -> bool:
        """Whether a free place is only offered: always, or because the start is near. Reads `event`."""
        near = self.event.starts_at - dt.timedelta(hours=self.agree_hours)
        return self.promotion == Promotion.OFFER or now >= near

    def offer_ends(self, now: dt.datetime) -> dt.datetime:
        """When an offer made at `now` runs out: after `offer_hours`, sooner near the start. Reads `event`.

        Never more than a quarter of the time that is left, so that four people can be asked one after the other, but
        ten minutes at least: who is asked must be able to look at their phone.
        """
        left = max(self.event.starts_at - now, dt.timedelta())
        return now + max(min(dt.timedelta(hours=self.offer_hours), left / 4), dt.timedelta(minutes=10))


class Audience(models.TextChoices):
    """Who may have a ticket of a type."""

    EVERYONE = "everyone", _("Everyone")
    CAMPUS = "campus", _("People of the campus")
    MEMBERS = "members", _("Members of an organisation")
    DEPARTMENT = "department", _("People of a department")


class TicketType(models.Model):
    """One sort of ticket. Its places are among those of the desk."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="types", verbose_name=_("desk"))
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    capacity = models.PositiveIntegerField(
        _("places"), null=True, blank=True, help_text=_("Empty: as many as the event has.")
    )
    taken = models.PositiveIntegerField(_("taken"), default=0, db_default=0, editable=False)
    waiting = models.PositiveIntegerField(_("waiting"), default=0, db_default=0, editable=False)
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    closes_at = models.DateTimeField(
        _("closes"), null=True, blank=True, help_text=_("Empty: when the event starts.")
    )
    audience = models.CharField(_("for whom"), max_length=10, choices=Audience, default=Audience.CAMPUS)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("organisation"),
        help_text=_("Empty: the one that puts the event on."),
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    years = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name=_("years of study"),
        default=list,
        blank=True,
        help_text=_("Empty: all."),
    )
    needs_approval = models.BooleanField(_("an organiser accepts each"), default=False)
    guests = models.PositiveSmallIntegerField(
        _("guests a person may bring"), default=0, help_text=_("By name; each takes a place.")
    )

    class Meta:
        verbose_name = _("ticket type")
        verbose_name_plural = _("ticket types")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["desk", "name"], name="registrations_type_name"),
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(taken__lte=F("capacity")), name="registrations_type_capacity"
            ),
            models.CheckConstraint(
                condition=~Q(audience=Audience.DEPARTMENT, department=None),
                name="registrations_type_department",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def free(self) -> int | None:
        """How many places of this type are left, as far as the event has as many; None where there is no limit."""
        return None if self.capacity is None else self.capacity - self.taken

    def closing(self, event: Event) -> dt.datetime:
        """When it closes: as said, and when the event is over at the latest."""
        return min(self.closes_at or event.starts_at, event.ends_at)


class QuestionKind(models.TextChoices):
    """How a question is answered."""

    TEXT = "text", _("A line")
    LONG_TEXT = "long_text", _("Several lines")
    CHOICE = "choice", _("One of several")
    SEVERAL = "several", _("Some of several")
    YES_NO = "yes_no", _("Yes or no")
    CONSENT = "consent", _("Consent")


class Question(models.Model):
    """Something that people are asked when they register."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="questions", verbose_name=_("desk"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    kind = models.CharField(_("kind"), max_length=10, choices=QuestionKind, default=QuestionKind.TEXT)
    label = models.CharField(_("question"), max_length=200)
    help_text = models.CharField(_("in more words"), max_length=500, blank=True)
    required = models.BooleanField(_("must be answered"), default=False)
    choices = ArrayField(
        models.CharField(max_length=200), verbose_name=_("choices"), default=list, blank=True
    )
    shown_when = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("asked only when")
    )
    shown_for = models.CharField(_("is answered with"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.label
