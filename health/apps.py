"""The app's name for Django."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    """health."""

    name = "health"

    def ready(self) -> None:
        """Count what every database connection is asked."""
        from django.db.backends.signals import connection_created

        from myapp.web.traces import watch_connection

        connection_created.connect(watch_connection, dispatch_uid="traces")
