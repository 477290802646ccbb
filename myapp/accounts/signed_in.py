"""Who has signed in, read by one statement written by hand, which every request of a signed-in person needs.

    person = admit(request, person)     where a statement has read the person of `claimed(request)` along with other things

Only the usual is decided here: somebody who is active, whose session was made with the password they have now. Everything
else (a session of before the secret key was changed, a new password, a way of signing in that is gone) is left to Django.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from myapp.accounts.models import User
from myapp.web.rows import Columns, prepared, read

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest

PERSON = Columns(User, "person")
_READ = f"SELECT {PERSON} FROM accounts_user person WHERE person.id = %s"  # noqa: S608 - columns alone


class Authentication(AuthenticationMiddleware):
    """Django's, with a person that costs a third."""

    def process_request(self, request: HttpRequest) -> None:
        """Leave word how to find out who asks; nothing is read before somebody wants to know."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _person_of(request))  # type: ignore[assignment]


def claimed(request: HttpRequest) -> int | None:
    """Return whom the session names, not yet proved; None where it names nobody. No queries where the cache has the session."""
    session = request.session
    if session.get(auth.BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    person = session.get(auth.SESSION_KEY, "")
    return int(person) if person.isdecimal() else None


def admit(request: HttpRequest, person: User | None) -> User | None:
    """Return whom the session names if it proves them, None otherwise; the request knows it from then on.

    `person` was read by the id that `claimed` returns. No queries, one in the unusual cases.
    """
    found = _proved(request, person)
    request._cached_user = found  # type: ignore[attr-defined]  # noqa: SLF001 - where Django looks for it
    return found if isinstance(found, User) else None


def _person_of(request: HttpRequest) -> User | AnonymousUser:
    if not hasattr(request, "_cached_user"):
        person = claimed(request)
        admit(request, _by_id(person) if person else None)
    found: User | AnonymousUser = request._cached_user  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    return found


def _by_id(person: int) -> User | None:
    with prepared() as cursor:
        cursor.execute(_READ, [person])
        row = cursor.fetchone()
    return read(row, PERSON)[0] if row else None


def _proved(request: HttpRequest, person: User | None) -> User | AnonymousUser:
    # Proofs of two people who chose the same password are the same, so whose row it is counts as well.
    if person is not None and person.is_active and person.pk == claimed(request):
        proof = request.session.get(auth.HASH_SESSION_KEY) or ""
        if constant_time_compare(proof, person.get_session_auth_hash()):
            return person
    return auth.get_user(request)
