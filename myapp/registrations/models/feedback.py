"""What somebody thought of an event."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from myapp.registrations.models.registrations import Registration

MOST_STARS = 5
LONGEST_FEEDBACK = 2000


class Feedback(models.Model):
    """One to five stars and a few words, once for each registration; organisers read it without the name."""

    registration = models.OneToOneField(Registration, models.CASCADE, verbose_name=_("registration"))
    stars = models.PositiveSmallIntegerField(_("stars"))
    text = models.TextField(_("in your words"), max_length=LONGEST_FEEDBACK, blank=True, db_default="")
    created_at = models.DateTimeField(_("given at"), db_default=Now())

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [
            models.CheckConstraint(
                condition=Q(stars__gte=1, stars__lte=MOST_STARS), name="registrations_feedback_stars"
            )
        ]

    def __str__(self) -> str:
        return "★" * self.stars
