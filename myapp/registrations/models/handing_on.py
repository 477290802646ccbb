"""A ticket on its way from one person to another."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from myapp.registrations.models.registrations import Registration


class HandOn(models.Model):
    """An offer of one's ticket to an address. Until it is taken, the ticket is the giver's.

    It holds for the ticket of one `rotation`. The address is there while it is needed: it goes when the offer is taken or
    taken back. `revision` is the registration's when it changed hands, for the calendar of who gave it.
    """

    registration = models.ForeignKey(
        Registration, models.CASCADE, related_name="hand_ons", verbose_name=_("registration")
    )
    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("giver"),
    )
    email = models.EmailField(_("to"), blank=True)
    rotation = models.PositiveIntegerField(editable=False)
    revision = models.PositiveIntegerField(null=True, editable=False)
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    until = models.DateTimeField(_("runs out at"))
    taken_at = models.DateTimeField(_("taken at"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    class Meta:
        verbose_name = _("ticket handed on")
        verbose_name_plural = _("tickets handed on")
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(taken_at=None, withdrawn_at=None),
                name="registrations_hand_on_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.registration_id} → {self.email}"

    @property
    def is_open(self) -> bool:
        """Whether it was neither taken nor taken back; it may have run out."""
        return self.taken_at is None and self.withdrawn_at is None
