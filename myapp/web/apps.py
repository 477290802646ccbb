"""The app's name for Django: it brings template tags and checks, no tables."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """myapp.web."""

    name = "myapp.web"
