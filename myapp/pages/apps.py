"""The app's name for Django."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """myapp.pages."""

    name = "myapp.pages"
