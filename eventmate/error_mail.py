"""Errors by mail to those who mend them: what broke and the request's id, nothing about the person who met it."""

from __future__ import annotations

import logging
import time

from django.conf import settings
from django.core import mail

from eventmate.logs import Plain, trace_of

PAUSE_SECONDS = 60.0


class ErrorMail(logging.Handler):
    """Sends an error to ADMINS, one a minute and process; the next mail says how many were left out.

    Django's own AdminEmailHandler sends settings, cookies and what was typed into the form, for every error there is.
    """

    def __init__(self) -> None:
        """Begin with nothing sent."""
        super().__init__()
        self.quiet_until = 0.0
        self.left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record, if the last one was long enough ago."""
        if time.monotonic() < self.quiet_until:
            self.left_out += 1
            return
        self.quiet_until = time.monotonic() + PAUSE_SECONDS
        try:
            trace = trace_of(record)
            subject = f"Error at {settings.SITE_URL}" + (
                f": {trace.route}, request {trace.id}" if trace else ""
            )
            mail.mail_admins(subject, self.body(record), connection=mail.get_connection(fail_silently=True))
        except Exception:  # noqa: BLE001 - an error that cannot be mailed is in the log all the same
            self.handleError(record)

    def body(self, record: logging.LogRecord) -> str:
        """Return what the mail says."""
        said = (self.formatter or Plain()).format(record)
        if self.left_out:
            said += f"\n\n{self.left_out} more since the last mail; the log has them."
            self.left_out = 0
        return said
