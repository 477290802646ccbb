"""Real input for tests: a folder beside the repository, which a clone need not have."""

import gzip
import os
from pathlib import Path

import pytest
from django.conf import settings


def shared_data(*parts: str) -> Path:
    """Return a path in the shared data; skips the test where there is none, and in CI fails it."""
    path = Path(settings.BASE_DIR).parent.joinpath("shared", "data", *parts)
    if path.exists():
        return path
    sentence = f"The shared data is not here: {path.name} is missing beside the repository."
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def read_shared(path: Path) -> bytes:
    """Return the bytes of a file, unpacked where it is packed."""
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw
