"""The app's name for Django."""

from django.apps import AppConfig


class MineConfig(AppConfig):
    """myapp.mine."""

    name = "myapp.mine"
