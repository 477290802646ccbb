"""Real input for tests: a folder beside the repository, which a clone need not have."""

import gzip
from pathlib import Path

from myapp.testing.needs import needs_shared_data


def shared_data(*parts: str) -> Path:
    """Return a path in the shared data; skips the test where there is none, and in CI fails it."""
    return needs_shared_data(*parts)


def read_shared(path: Path) -> bytes:
    """Return the bytes of a file, unpacked where it is packed."""
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw
