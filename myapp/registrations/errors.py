"""Refusals: a stable code for programs, one sentence and a way on for people."""

from django.core.exceptions import PermissionDenied


class NotAllowed(PermissionDenied):
    """The person may not do this to that registration."""


class RegistrationRefused(Exception):
    """An action on a registration that the state of things does not allow. Nothing has changed."""

    def __init__(self, code: str, sentence: str) -> None:
        """Keep the code for programs and the sentence for people."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
