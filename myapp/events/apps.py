"""The app's name for Django."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """myapp.events."""

    name = "myapp.events"
