"""`manage.py first_administrator`: somebody who may enter /admin/, on a site that has nobody yet."""

import secrets
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from myapp.accounts.models import User

USERNAME = "administrator"  # nobody can sign up under this name: settings.ACCOUNT_USERNAME_BLACKLIST


class Command(BaseCommand):
    """Make the first superuser with a verified address, and say the password this once."""

    help = (
        "Makes an account that may do everything and prints its password, which is stored nowhere. Does nothing where "
        "there is such an account already."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address."""
        parser.add_argument("--email", required=True, help="the address to sign in with")

    def handle(self, *_args: Any, email: str, **_options: Any) -> None:
        """Make the account, or say that there is one."""
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email} is no e-mail address.") from None
        with transaction.atomic():
            if User.objects.select_for_update().filter(is_superuser=True, is_active=True).exists():
                self.stdout.write("There is an administrator already.")
                return
            if User.objects.filter(email__iexact=email).exists():
                raise CommandError(
                    f"{email} has an account; use another address, or make that one a superuser."
                )
            password = make_administrator(email)
        self.stdout.write(f"Sign in as {email} with the password {password}")
        self.stdout.write("It is shown this once. Change it after you have signed in.")


def make_administrator(email: str) -> str:
    """Create the superuser and return the password; three queries."""
    password = secrets.token_urlsafe(15)
    user = User.objects.create_superuser(USERNAME, email, password, name="Administrator")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return password
