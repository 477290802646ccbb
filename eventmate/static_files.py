"""Collecting and compressing static files, each only when it has changed."""

import fcntl
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

_HASHED = re.compile(r"\.[0-9a-f]{12}\.")  # as Django writes them before the ending


def refresh() -> bool:
    """Run collectstatic unless nothing has changed since the last time; return whether it ran.

    Two workers that start together take turns.
    """
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with (root.parent / "static.state").open("a+") as state:
        fcntl.flock(state, fcntl.LOCK_EX)
        state.seek(0)
        now = fingerprint()
        if state.read() == now and (root / manifest_name()).exists():
            return False
        call_command("collectstatic", interactive=False, verbosity=0)
        state.truncate(0)
        state.write(now)
    return True


def fingerprint() -> str:
    """Return what changes when a static file is added, edited or removed."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{found.st_mtime_ns}\0{found.st_size}\n".encode())
    return digest.hexdigest()


def manifest_name() -> str:
    """Return the name of the list that says which file a page means by `css/site.css`.

    The releases that deploy/install puts side by side share one folder of files, so that a page kept from the release
    before finds its style sheet; each has a list of its own, since one still runs while the next is prepared.
    """
    release = Path(settings.BASE_DIR)
    return f"staticfiles-{release.name}.json" if release.parent.name == "releases" else "staticfiles.json"


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which compresses only what pages name, and that once: seconds for each saved style sheet."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Name the list before it is read."""
        self.manifest_name = manifest_name()
        super().__init__(*args, **options)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress the files that are new and have a hash in their names: by the plain ones nobody asks."""
        return cast(
            "Iterator[tuple[str, str]]",
            super().compress_files(
                path for path in paths if _HASHED.search(path) and not self._is_compressed(path)
            ),
        )

    def _is_compressed(self, path: str) -> bool:
        """Whether it was compressed before; a name with a hash in it never changes its content."""
        source = Path(self.path(path))
        return any(source.with_name(source.name + ending).exists() for ending in (".br", ".gz"))
