"""What operators see of people: how many."""

from myapp.accounts.models import User
from myapp.web.numbers import number


@number("eventmate_people", "Accounts that can sign in.")
def people() -> int:
    """Return how many accounts are active, by one query."""
    return User.objects.filter(is_active=True).count()
