"""The door: what was scanned, and who is in."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from myapp.registrations.models import Desk, Registration


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
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"), db_index=False
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
