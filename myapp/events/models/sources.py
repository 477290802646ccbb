"""Where events come from when nobody typed them in here: feeds and rules."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from myapp.events.models.organisations import Organisation


class Source(models.Model):
    """A file or feed that events were imported from; importing it again finds them by it."""

    key = models.CharField(
        _("key"), max_length=300, unique=True, help_text=_("The feed's address or the file's name.")
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    imported_at = models.DateTimeField(_("last imported"), null=True, blank=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name or self.key


class Series(models.Model):
    """A rule that stamps events: every Tuesday at six until the end of term."""

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="series", verbose_name=_("organisation")
    )
    title = models.CharField(_("title"), max_length=200)
    rule = models.TextField(
        _("rule"), blank=True, help_text=_("As in iCalendar: RRULE, RDATE and EXDATE lines.")
    )
    timezone = models.CharField(_("time zone"), max_length=60)
    source = models.ForeignKey(
        Source, models.SET_NULL, null=True, blank=True, related_name="series", verbose_name=_("source")
    )
    uid = models.CharField(_("name in calendars"), max_length=500, blank=True, editable=False)
    horizon = models.DateField(_("stamped until"), null=True, blank=True)

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "uid"], condition=models.Q(source__isnull=False), name="events_series_once"
            )
        ]

    def __str__(self) -> str:
        return self.title
