"""Not coming without a word, as it is remembered for a while."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now as right_now
from django.utils.translation import gettext_lazy as _

from myapp.registrations.models.registrations import Registration


class Strike(models.Model):
    """Somebody had a place, could have given it back, and was not there. Ends by itself, or is lifted.

    `user` stands here too: a ticket that is handed on later takes no strike with it.
    """

    registration = models.OneToOneField(
        Registration, models.PROTECT, related_name="strike", verbose_name=_("registration")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="strikes", verbose_name=_("person")
    )
    given_at = models.DateTimeField(_("given at"), default=right_now)
    expires_at = models.DateTimeField(_("ends at"))
    appealed_at = models.DateTimeField(_("appealed at"), null=True, blank=True)
    appeal = models.TextField(_("what the person says"), max_length=2000, blank=True)
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("lifted by"),
    )

    class Meta:
        verbose_name = _("strike")
        verbose_name_plural = _("strikes")
        ordering = ["-given_at", "-id"]
        indexes = [
            models.Index(
                fields=["user", "expires_at"], condition=Q(lifted_at=None), name="registrations_live_strikes"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.given_at:%Y-%m-%d}"

    def is_live(self, now: dt.datetime | None = None) -> bool:
        """Whether it counts."""
        return self.lifted_at is None and self.expires_at > (now or right_now())
