"""Posters in the cloud: pages may show what the storage links to."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import cloudinary

from eventmate import settings as module
from eventmate.media import CloudinaryStorage

if TYPE_CHECKING:
    import pytest
    from pytest_django import Settings

CLOUD = "cloudinary://key:secret@campus"


def test_the_policy_lets_pages_show_posters_from_the_cloud(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("CLOUDINARY_URL", CLOUD)
    policy = runpy.run_path(str(module.__file__))["CONTENT_SECURITY_POLICY"]
    monkeypatch.delenv("CLOUDINARY_URL")  # a secret may be in a file; the SDK looks at the environment only
    cloudinary.reset_config()
    settings.CLOUDINARY_URL = CLOUD
    try:
        poster = urlsplit(CloudinaryStorage().url("posters/kites.jpg"))
    finally:
        cloudinary.reset_config()

    assert poster.path.startswith("/campus/image/upload/")
    assert policy["img-src"] == f"{poster.scheme}://{poster.netloc}"


def test_without_a_cloud_nothing_foreign_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDINARY_URL", raising=False)

    assert runpy.run_path(str(module.__file__))["CONTENT_SECURITY_POLICY"] == {}
