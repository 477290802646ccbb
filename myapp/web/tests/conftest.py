"""Every test here sees the little site of site.py."""

import pytest
from pytest_django import Settings

from myapp.web.tests import site


@pytest.fixture(autouse=True)
def _little_site(settings: Settings) -> None:
    settings.ROOT_URLCONF = "myapp.web.tests.site"
    site.made.clear()
