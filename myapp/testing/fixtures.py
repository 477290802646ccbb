"""The cast as pytest fixtures. The root conftest names this module as a plugin."""

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from eventmate import breaker
from myapp.accounts.models import User
from myapp.events.models import Organisation
from myapp.testing import people
from myapp.testing.factories import make_organisation
from myapp.web import fragments


@pytest.fixture(autouse=True)
def _alone(settings: Settings) -> None:
    """Every test has a cache of its own, empty, and mistakes of public pages raise."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.RAISE_ON_PERSONAL_DATA = True
    settings.KEEP_PUBLIC_PAGES = True
    breaker.stop_all()
    fragments.forget_here()
    cache.clear()


@pytest.fixture
def ada(db: None) -> User:
    """A student."""
    return people.make_account(people.ADA)


@pytest.fixture
def omar(db: None) -> User:
    """The organiser of `omars_club`, and of nothing else."""
    return people.make_account(people.OMAR)


@pytest.fixture
def priya(db: None) -> User:
    """The organiser of `priyas_club`, and of nothing else."""
    return people.make_account(people.PRIYA)


@pytest.fixture
def rosa(db: None) -> User:
    """Campus staff, in the group that may see and change people, venues and events."""
    return people.make_account(people.ROSA)


@pytest.fixture
def visitor() -> Client:
    """The browser of somebody without an account."""
    return people.browser_of()


@pytest.fixture
def ada_browser(ada: User) -> Client:
    """Ada's browser, signed in."""
    return people.browser_of(ada)


@pytest.fixture
def omar_browser(omar: User) -> Client:
    """Omar's browser, signed in."""
    return people.browser_of(omar)


@pytest.fixture
def priya_browser(priya: User) -> Client:
    """Priya's browser, signed in."""
    return people.browser_of(priya)


@pytest.fixture
def rosa_browser(rosa: User) -> Client:
    """Rosa's browser, signed in."""
    return people.browser_of(rosa)


@pytest.fixture
def omars_club(omar: User) -> Organisation:
    """A club that Omar organises."""
    return make_organisation("Observatory Society", organiser=omar)


@pytest.fixture
def priyas_club(priya: User) -> Organisation:
    """A club that Priya organises."""
    return make_organisation("Robotics Workshop", organiser=priya)
