"""A draw that has been made, as it was published."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from myapp.registrations.models.desk import Desk


class Draw(models.Model):
    """What everybody can check a draw by, kept as it was: who entered, for what, the seed, and who has a place.

    Registrations go on living after it; this does not.
    """

    desk = models.OneToOneField(
        Desk, models.PROTECT, primary_key=True, related_name="draw", verbose_name=_("desk")
    )
    published = models.JSONField(_("as published"), editable=False)

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")

    def __str__(self) -> str:
        return str(self.desk)
