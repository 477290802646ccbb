"""The app's name for Django."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    """health."""

    name = "health"
