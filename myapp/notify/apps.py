"""The app's name for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotifyConfig(AppConfig):
    """myapp.notify."""

    name = "myapp.notify"
    verbose_name = _("Messages")

    def ready(self) -> None:
        """Have its numbers and its check known, and hear who signs in and out."""
        from myapp.notify import checks, numbers, signing_out  # noqa: F401 - importing registers
