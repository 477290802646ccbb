"""The door: what was scanned, who is in, who keeps it and with which devices."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from myapp.events.models import Event
from myapp.registrations.models import Desk, Question, QuestionKind, Registration


class Direction(models.TextChoices):
    """Which way somebody went."""

    IN = "in", _("In")
    OUT = "out", _("Out")


class How(models.TextChoices):
    """How the door knew who it was."""

    CAMERA = "camera", _("Camera")
    SCANNER = "scanner", _("Hand scanner")
    TYPED = "typed", _("Typed")
    SEARCH = "search", _("Found by name")
    SELF = "self", _("By the code in the room")
    WALK_IN = "walk_in", _("Registered at the door")


class Scan(models.Model):
    """One scan of one place of a registration. Rows are only ever added; a later word may take one back (`undone_at`).

    Who is in follows from these rows in the order of `at`, whichever order they arrived in: `Presence` is their sum,
    kept by `presence.py`. A scan that was refused (`refused`, its code) counts for nothing, but keeps its nonce, so that
    asking again gives the same answer. `remark` is the code of what was wrong with somebody whom a door without a network
    let in.
    """

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="scans", verbose_name=_("event"))
    registration = models.ForeignKey(
        Registration, models.PROTECT, related_name="scans", verbose_name=_("registration")
    )
    place = models.PositiveSmallIntegerField(_("place"), default=0, db_default=0)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField(_("received at"), db_default=Now())
    door = models.CharField(_("door"), max_length=40, blank=True, db_default="")
    device = models.CharField(_("device"), max_length=36, blank=True, db_default="")
    nonce = models.UUIDField(unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,  # whose account is deleted was there, or kept the door, without a name
        null=True,
        related_name="+",
        verbose_name=_("by"),
        db_index=False,
    )
    how = models.CharField(_("how"), max_length=7, choices=How)
    refused = models.CharField(_("refused"), max_length=20, blank=True, db_default="")
    remark = models.CharField(_("remark"), max_length=20, blank=True, db_default="")
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        constraints = [
            models.CheckConstraint(
                condition=Q(at__lte=F("received_at")), name="checkin_scan_not_from_the_future"
            ),
            models.CheckConstraint(condition=Q(direction__in=["in", "out"]), name="checkin_scan_direction"),
        ]
        indexes = [
            models.Index(fields=["registration", "place", "at"], name="checkin_scan_of_place"),
            models.Index(fields=["desk", "at"], name="checkin_scan_of_desk"),
            # For deleting an account, which holds desks meanwhile.
            models.Index(fields=["user"], name="checkin_scan_by", condition=Q(user__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}.{self.place} {self.direction} {self.at}"


class Presence(models.Model):
    """Whether the person of a place is in: the sum of its scans. Changed only by `presence.py`."""

    desk = models.ForeignKey(Desk, models.PROTECT, related_name="presences", verbose_name=_("event"))
    registration = models.ForeignKey(
        Registration,
        models.PROTECT,
        related_name="presences",
        verbose_name=_("registration"),
        db_index=False,
    )
    place = models.PositiveSmallIntegerField(_("place"), default=0, db_default=0)
    is_in = models.BooleanField(_("in"), default=False, db_default=False)
    first_in_at = models.DateTimeField(_("first in at"), null=True, blank=True)
    changed_at = models.DateTimeField(_("last seen at"), null=True, blank=True)
    door = models.CharField(_("door"), max_length=40, blank=True, db_default="")

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints = [
            models.UniqueConstraint(fields=["registration", "place"], name="checkin_presence_of_place"),
            models.CheckConstraint(
                condition=Q(is_in=False) | Q(first_in_at__isnull=False), name="checkin_presence_since"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}.{self.place}: {'in' if self.is_in else 'out'}"


class Helper(models.Model):
    """Somebody whom the organisers let keep the door of one event."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="helpers", verbose_name=_("event"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person")
    )
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("named by")
    )
    created_at = models.DateTimeField(_("named at"), db_default=Now())

    class Meta:
        verbose_name = _("helper")
        verbose_name_plural = _("helpers")
        constraints = [models.UniqueConstraint(fields=["event", "user"], name="checkin_helper_once")]

    def __str__(self) -> str:
        return str(self.user)


class DoorSettings(models.Model):
    """What organisers decided about the door of an event. No row: what is safe."""

    desk = models.OneToOneField(Desk, models.CASCADE, primary_key=True, related_name="door_settings")
    consent = models.ForeignKey(
        Question,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"kind": QuestionKind.CONSENT},
        verbose_name=_("names on the door's devices"),
        help_text=_("Whoever agreed to this is on the devices by name, everybody else by initials."),
    )
    can_check_in_oneself = models.BooleanField(
        _("people check themselves in"),
        default=False,
        help_text=_("By a code on a screen in the room, which changes every fifteen seconds."),
    )

    class Meta:
        verbose_name = _("door")
        verbose_name_plural = _("doors")

    def __str__(self) -> str:
        return str(self.desk_id)


class Device(models.Model):
    """A device that keeps a door, as it was last heard from: what it has not sent yet is not counted anywhere."""

    desk = models.ForeignKey(Desk, models.CASCADE, related_name="devices", verbose_name=_("event"))
    key = models.CharField(_("device"), max_length=36)
    door = models.CharField(_("door"), max_length=40, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person")
    )
    seen_at = models.DateTimeField(_("last heard from"))
    unsent = models.PositiveIntegerField(_("not sent yet"), default=0)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [models.UniqueConstraint(fields=["desk", "key"], name="checkin_device_once")]

    def __str__(self) -> str:
        return self.door or self.key
