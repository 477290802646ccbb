"""Every test here sees the little site of site.py, an empty cache, and mistakes that raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache

from myapp.web import page_store
from myapp.web.tests import site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def _little_site(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.ROOT_URLCONF = "myapp.web.tests.site"
    settings.RAISE_ON_PERSONAL_DATA = True
    settings.KEEP_PUBLIC_PAGES = True
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    monkeypatch.setattr(page_store, "_pause_until", 0.0)
    site.made.clear()
    cache.clear()
    yield
    cache.clear()
