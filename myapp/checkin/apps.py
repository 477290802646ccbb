"""The app's name for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckinConfig(AppConfig):
    """myapp.checkin."""

    name = "myapp.checkin"
    verbose_name = _("The door")

    def ready(self) -> None:
        """Tell registrations who has come."""
        from myapp.checkin.queries import has_come
        from myapp.registrations.presence import add_asker

        add_asker(has_come)
