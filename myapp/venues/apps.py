"""The app's name for Django."""

from django.apps import AppConfig


class VenuesConfig(AppConfig):
    """myapp.venues."""

    name = "myapp.venues"
