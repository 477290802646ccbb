"""Media in Cloudinary, through its own SDK, behind Django's storage interface."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import cloudinary
import cloudinary.api
import cloudinary.uploader
from cloudinary.exceptions import NotFound
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.utils.deconstruct import deconstructible


@deconstructible
class CloudinaryStorage(Storage):
    """Pictures in the cloud that CLOUDINARY_URL names; a stored name is the public id plus its ending."""

    def __init__(self) -> None:
        """Configure the SDK from the settings: by itself it reads the environment, where the address may be in a file."""
        account = urlsplit(settings.CLOUDINARY_URL)
        cloudinary.config(
            cloud_name=account.hostname, api_key=account.username, api_secret=account.password, secure=True
        )

    def _save(self, name: str, content: File[Any]) -> str:
        path = PurePosixPath(name)
        answer = cloudinary.uploader.upload(
            BytesIO(content.read()),
            public_id=str(path.with_suffix("")),
            overwrite=False,
            resource_type="image",
        )
        return f"{answer['public_id']}.{answer['format']}"

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        if mode != "rb":
            raise ValueError("A stored picture is read, never written in place.")
        import urllib.request

        with urllib.request.urlopen(self.url(name), timeout=10) as answer:  # noqa: S310 - our own https address
            return ContentFile(answer.read(), name=name)

    def delete(self, name: str) -> None:
        """Remove a picture; one that is gone already is fine."""
        cloudinary.uploader.destroy(
            str(PurePosixPath(name).with_suffix("")), resource_type="image", invalidate=True
        )

    def exists(self, name: str) -> bool:
        """Whether the cloud holds it: one request."""
        try:
            cloudinary.api.resource(str(PurePosixPath(name).with_suffix("")), resource_type="image")
        except NotFound:
            return False
        return True

    def url(self, name: str | None) -> str:
        """Return the address of a copy no wider than a page, in the best format the browser takes."""
        return str(
            cloudinary.CloudinaryImage(name).build_url(
                width=1600, crop="limit", quality="auto", fetch_format="auto"
            )
        )
