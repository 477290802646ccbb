"""The app's name for Django."""

from django.apps import AppConfig


class RegistrationsConfig(AppConfig):
    """myapp.registrations."""

    name = "myapp.registrations"

    def ready(self) -> None:
        """Have its kinds of messages known."""
        from myapp.registrations import mails

        mails.register_kinds()
