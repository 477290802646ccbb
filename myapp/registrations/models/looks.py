"""What a person has seen of their own."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Look(models.Model):
    """When somebody last looked at their tickets, so that the next time shows what is new since.

    `at` is when the visit of today began, `before` when the visit before it did: what is new stays marked during a visit,
    however often the page is loaded.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="+",
        verbose_name=_("person"),
    )
    at = models.DateTimeField(_("looked at"))
    before = models.DateTimeField(_("looked before at"), null=True)

    class Meta:
        verbose_name = _("look at one's tickets")
        verbose_name_plural = _("looks at one's tickets")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.at:%Y-%m-%d %H:%M}"
