"""How allauth fits in here: one name, our mails, links that carry our address and the page people came from."""

import logging
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import get_next_redirect_url
from allauth.core import context as current
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext as _, gettext_lazy

from myapp.accounts.addresses import validate_plain_address
from myapp.web.mails import write_mail

logger = logging.getLogger(__name__)


class Adapter(DefaultAccountAdapter):
    """What allauth leaves to the site."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": gettext_lazy("This account has been closed."),
        "cannot_remove_primary_email": gettext_lazy(
            "This is your main address; make another one the main one first."
        ),
        "duplicate_email": gettext_lazy("This address is already yours."),
        "email_password_mismatch": gettext_lazy("The e-mail address and the password do not fit together."),
        "enter_current_password": gettext_lazy("This is not your password."),
        "incorrect_password": gettext_lazy("This is not your password."),
        "invalid_password_reset": gettext_lazy("This link no longer works."),
        "max_email_addresses": gettext_lazy("An account has at most %d addresses."),
        "rate_limited": gettext_lazy("Too many tries. Wait a moment, then try again."),
        "too_many_login_attempts": gettext_lazy("Too many tries. Wait five minutes, then try again."),
        "unverified_primary_email": gettext_lazy(
            "Confirm this address first; the link is in the mail we sent to it."
        ),
        "username_blacklisted": gettext_lazy("This username is taken."),
        "username_password_mismatch": gettext_lazy("The username and the password do not fit together."),
        "username_taken": gettext_lazy("This username is taken."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the visitor's address for limits; a server that cannot tell still lets people sign in."""
        try:
            return super().get_client_ip(request)
        except PermissionDenied:
            return "unknown"

    def clean_email(self, email: str) -> str:
        """Refuse an address that could be taken for another one."""
        validate_plain_address(email)
        return super().clean_email(email)

    def save_user(
        self, request: HttpRequest, user: AbstractBaseUser, form: BaseForm, **options: bool
    ) -> AbstractBaseUser:
        """Save a person who signs up, with the one name they gave and the language they read."""
        user.name = form.cleaned_data["name"]  # type: ignore[attr-defined]
        user.language = get_language() or settings.LANGUAGE_CODE  # type: ignore[attr-defined]
        return super().save_user(request, user, form, **options)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return the link that confirms an address and then leads to where the person was going."""
        link = reverse("account_confirm_email", args=[emailconfirmation.key])
        going_to = get_next_redirect_url(request)
        return f"{link}?{urlencode({'next': going_to})}" if going_to else link

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Make a mail of one template: its subject, its text and its HTML are the same words in three layouts."""
        return write_mail(
            f"{template_prefix}.html",
            context | {"link": _main_link(context)},
            to=[email] if isinstance(email, str) else email,
            headers=headers,
            request=current.request,
        )

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; where the mail server fails, say so on the page instead of failing with it."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException):
            logger.exception("A mail of the kind %s could not be sent.", template_prefix)
            self.add_message(
                current.request,
                messages.ERROR,
                message=_("The mail could not be sent just now. Try again in a few minutes."),
            )


def _main_link(context: dict[str, Any]) -> str:
    """Return the one link of a mail, at the site's own address whatever host the request named; "" for none."""
    names = ("activate_url", "password_reset_url", "signup_url")
    link = next((str(context[name]) for name in names if context.get(name)), "")
    return settings.SITE_URL + urlsplit(link)._replace(scheme="", netloc="").geturl() if link else ""
