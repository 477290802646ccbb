"""The project as an app, for its system checks."""

from django.apps import AppConfig


class EventMateConfig(AppConfig):
    """eventmate."""

    name = "eventmate"

    def ready(self) -> None:
        """Register the checks."""
        from eventmate import checks  # noqa: F401 - importing registers
