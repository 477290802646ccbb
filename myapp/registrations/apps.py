"""The app's name for Django."""

from django.apps import AppConfig


class RegistrationsConfig(AppConfig):
    """myapp.registrations."""

    name = "myapp.registrations"
