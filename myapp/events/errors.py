"""Refusals: a stable code for programs, one sentence for people."""

from django.core.exceptions import PermissionDenied


class NotAllowed(PermissionDenied):
    """The person may not do this to that thing."""


class EventRefused(Exception):
    """An action on an event that its state does not allow."""

    def __init__(self, code: str, sentence: str) -> None:
        """Keep the code for programs and the sentence for people."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
