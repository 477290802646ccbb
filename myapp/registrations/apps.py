"""The app's name for Django."""

from django.apps import AppConfig


class RegistrationsConfig(AppConfig):
    """myapp.registrations."""

    name = "myapp.registrations"

    def ready(self) -> None:
        """Have its kinds of messages known, follow events and people, and let event pages say how one registers."""
        from myapp.events.event_page import add_part
        from myapp.registrations import event_mails, handing_on_mails, joining, mails, reminder_mails  # noqa: F401 - importing connects
        from myapp.registrations.actions import leaving  # noqa: F401 - importing connects
        from myapp.registrations.desk_panel import part

        mails.register_kinds()
        event_mails.register_kinds()
        reminder_mails.register_kinds()
        handing_on_mails.register_kinds()
        add_part(part)
