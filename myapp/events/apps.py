"""The app's name for Django."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """myapp.events."""

    name = "myapp.events"

    def ready(self) -> None:
        """Have its numbers known."""
        from myapp.events import numbers  # noqa: F401 - importing registers
