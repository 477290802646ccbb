"""The app's name for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckinConfig(AppConfig):
    """myapp.checkin."""

    name = "myapp.checkin"
    verbose_name = _("The door")
