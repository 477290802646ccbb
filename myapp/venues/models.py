"""Where things happen."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Building(models.Model):
    """A building, or an outdoor place that people find as one."""

    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    code = models.CharField(_("code"), max_length=20, blank=True, help_text=_("As on the campus map."))
    address = models.CharField(_("address"), max_length=250, blank=True)
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    description = models.TextField(_("description"), blank=True)
    step_free = models.BooleanField(_("step-free"), default=False, help_text=_("The way in has no steps."))

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """The address of its page, without the language's prefix."""
        return f"/buildings/{self.slug}/"


class RoomKind(models.TextChoices):
    """What a room is made for."""

    LECTURE = "lecture", _("Lecture hall")
    SEMINAR = "seminar", _("Seminar room")
    LAB = "lab", _("Laboratory")
    STUDIO = "studio", _("Studio")
    HALL = "hall", _("Hall")
    SPORT = "sport", _("Sports hall")
    OUTDOOR = "outdoor", _("Outdoors")
    OTHER = "other", _("Other")


class Room(models.Model):
    """A room of a building, or one named part of a place outdoors."""

    building = models.ForeignKey(Building, models.PROTECT, related_name="rooms", verbose_name=_("building"))
    name = models.CharField(_("name"), max_length=80, help_text=_("As on the door: 141, Great Hall."))
    label = models.CharField(_("label"), max_length=150, help_text=_("As in a list: Loomis 141."))
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=RoomKind, default=RoomKind.OTHER)
    floor = models.CharField(_("floor"), max_length=20, blank=True)
    capacity = models.PositiveIntegerField(_("seats"), null=True, blank=True)
    step_free = models.BooleanField(_("step-free"), default=False)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["label"]
        constraints = [models.UniqueConstraint(fields=["building", "name"], name="venues_room_name_unique")]

    def __str__(self) -> str:
        return self.label

    @property
    def path(self) -> str:
        """The address of its page, without the language's prefix."""
        return f"/rooms/{self.slug}/"
