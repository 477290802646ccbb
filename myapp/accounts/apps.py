"""The app's name for Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """myapp.accounts."""

    name = "myapp.accounts"

    def ready(self) -> None:
        """Have its numbers known."""
        from myapp.accounts import numbers  # noqa: F401 - importing registers
