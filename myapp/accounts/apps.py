"""The app's name for Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """myapp.accounts."""

    name = "myapp.accounts"
