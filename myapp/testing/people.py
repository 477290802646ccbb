"""The cast. Every story in tests, docs and on the demo campus is told with the same few people.

*Ada* is a student. *Omar* organises one club, *Priya* another; neither may touch the other's. *Rosa* is campus staff:
she works in the back office with the rights of the group "Campus staff". *A visitor* is nobody: no account and no
cookie.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.test import Client

from myapp.accounts.models import User

PASSWORD = "campus-demo-2026"
STAFF_GROUP = "Campus staff"
STAFF_APPS = ("accounts", "notify", "venues", "events")


@dataclass(frozen=True)
class Person:
    """Who somebody is, before there is an account."""

    username: str
    name: str
    part: str
    is_staff: bool = False

    @property
    def email(self) -> str:
        """Their address, in a domain that RFC 2606 keeps for examples."""
        return f"{self.username}@example.edu"


ADA = Person("ada", "Ada Okonkwo", "student")
OMAR = Person("omar", "Omar Haddad", "organiser of a club")
PRIYA = Person("priya", "Priya Raghunathan", "organiser of another club")
ROSA = Person("rosa", "Rosa Lindqvist", "campus staff", is_staff=True)
CAST = (ADA, OMAR, PRIYA, ROSA)


@lru_cache(maxsize=4)
def _hash_for(password: str, _hashers: tuple[str, ...]) -> str:
    return make_password(password)


def hashed(password: str = PASSWORD) -> str:
    """Return the password's hash, worked out once a process and list of hashers: it is slow by design."""
    from django.conf import settings

    return _hash_for(password, tuple(settings.PASSWORD_HASHERS))


def make_account(person: Person, **fields: Any) -> User:
    """Create a person's account with a verified address, ready to sign in with `PASSWORD`; two queries.

    Rosa's takes as many more as her group needs.
    """
    from allauth.account.models import EmailAddress

    user = User.objects.create(
        **{
            "username": person.username,
            "email": person.email,
            "name": person.name,
            "is_staff": person.is_staff,
            "password": hashed(),
            **fields,
        }
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if person.is_staff:
        user.groups.add(campus_staff())
    return user


def campus_staff() -> Group:
    """Return the group that may see and change people, venues and events; makes it where it is missing."""
    group, _ = Group.objects.get_or_create(name=STAFF_GROUP)
    group.permissions.set(
        Permission.objects.filter(content_type__app_label__in=STAFF_APPS).exclude(
            codename__startswith="delete_"
        )
    )
    return group


def browser_of(user: User | None = None, **headers: Any) -> Client:
    """Return a test client signed in as `user`; without one, a visitor's."""
    client = Client(headers=headers or None)
    if user is not None:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client
