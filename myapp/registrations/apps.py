"""The app's name for Django."""

from django.apps import AppConfig


class RegistrationsConfig(AppConfig):
    """myapp.registrations."""

    name = "myapp.registrations"

    def ready(self) -> None:
        """Have its kinds of messages known, and event pages say how one registers."""
        from myapp.events.event_page import add_part
        from myapp.registrations import mails
        from myapp.registrations.desk_panel import part

        mails.register_kinds()
        add_part(part)
