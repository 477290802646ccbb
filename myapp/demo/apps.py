"""The app's name for Django."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """myapp.demo."""

    name = "myapp.demo"
