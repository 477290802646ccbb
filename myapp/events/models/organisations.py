"""Who puts events on."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from myapp.web import markdown


class OrganisationKind(models.TextChoices):
    """What sort of organisation it is."""

    CLUB = "club", _("Club")
    SOCIETY = "society", _("Society")
    DEPARTMENT = "department", _("Department")
    RESIDENCE = "residence", _("Residence")
    OFFICE = "office", _("Office")
    OTHER = "other", _("Other")


class Organisation(models.Model):
    """A club, society, department or office that puts events on."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=OrganisationKind, default=OrganisationKind.CLUB)
    summary = models.CharField(_("in one sentence"), max_length=300, blank=True)
    description = models.TextField(_("description"), blank=True, help_text=_("Markdown."))
    description_html = models.TextField(editable=False, blank=True)
    tags = ArrayField(models.CharField(max_length=60), verbose_name=_("tags"), default=list, blank=True)
    meeting_time = models.CharField(_("meets"), max_length=300, blank=True, help_text=_("In words."))
    application_required = models.BooleanField(_("members must apply"), default=False)
    website = models.URLField(_("website"), max_length=500, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    source_key = models.CharField(
        _("source"), max_length=100, blank=True, editable=False, help_text=_("The import it came from.")
    )
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="Membership",
        related_name="organisations",
        verbose_name=_("members"),
    )

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = [Lower("name")]
        indexes = [
            models.Index(Lower("name"), name="events_org_name"),
            GinIndex(fields=["tags"], name="events_org_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """The address of its page, without the language's prefix."""
        return f"/organisations/{self.slug}/"

    def prepare(self) -> None:
        """Work out what is derived: the sanitised description and a summary where none was written. No queries."""
        self.description_html = markdown.to_html(self.description)
        if not self.summary and self.description:
            words = markdown.to_text(self.description_html)
            self.summary = words if len(words) <= 160 else words[:159].rsplit(" ", 1)[0] + "…"

    def save(self, **kwargs: Any) -> None:
        """Save with what is derived from it."""
        self.prepare()
        super().save(**kwargs)


class Role(models.TextChoices):
    """What a person is to an organisation."""

    MEMBER = "member", _("Member")
    ORGANISER = "organiser", _("Organiser")


class Membership(models.Model):
    """A person belongs to an organisation; as an organiser they act for it."""

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="memberships", verbose_name=_("organisation")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    since = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="events_membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organisation}"
