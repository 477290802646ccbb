"""Who people are."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Department(models.Model):
    """A part of the university that people belong to."""

    name = models.CharField(_("name"), max_length=150, unique=True)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person: signs in by username or e-mail, is shown by the one name they chose."""

    # One name: the world's names do not come in two parts.
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=150, blank=True, help_text=_("As others see it."))
    email = models.EmailField(_("e-mail"))
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        db_default="",
        default="",
        help_text=_("In which mails are written; empty: the site's own."),
    )
    department = models.ForeignKey(
        Department,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="people",
        verbose_name=_("department"),
    )
    year_of_study = models.PositiveSmallIntegerField(_("year of study"), null=True, blank=True)

    REQUIRED_FIELDS = ["email"]

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment]
        verbose_name_plural = _("people")  # type: ignore[assignment]
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_unique")]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        """Return the chosen name, or the username where none was chosen."""
        return self.name or self.username

    def get_short_name(self) -> str:
        """Return what a friend would call them: the first word of the name."""
        return self.get_full_name().split(" ", 1)[0]

    @property
    def initials(self) -> str:
        """Return one or two capitals for the round button that stands for the person."""
        parts = self.get_full_name().split()
        return "".join(part[0] for part in (parts[0], *parts[1:][-1:])).upper() if parts else "?"
