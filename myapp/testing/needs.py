"""What a test needs beyond the project. Where it is missing the test is skipped with a sentence; on CI it fails.

def test_every_calendar_is_read():
    corpus = needs_shared_data("ics-corpus")
"""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = Path(os.environ.get("EVENTMATE_SHARED_DATA", "") or ROOT.parent / "shared" / "data")


def needs_shared_data(*parts: str) -> Path:
    """Return a folder or file of the real input that lies beside the project, not in it."""
    path = SHARED_DATA.joinpath(*parts)
    if not path.exists():
        missing(f"the real input in {path}, which is not part of the project")
    return path


def needs_browser() -> Path:
    """Return the program of Chromium or Chrome."""
    return needs_program("a browser (Debian: chromium)", "chromium", "chromium-browser", "google-chrome")


def needs_nginx() -> Path:
    """Return the program of Nginx."""
    return needs_program("Nginx (Debian: nginx-light)", "nginx", "/usr/sbin/nginx")


def needs_gettext() -> Path:
    """Return the program that finds what is to be translated."""
    return needs_program("gettext (Debian: gettext)", "xgettext")


def needs_program(what: str, *names: str) -> Path:
    """Return the first of these programs that is installed; `what` says in words what is missing if none is."""
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        missing(what)
    return Path(found or "")


def missing(what: str) -> None:
    """Skip the running test, or fail it where CI=true: there everything is present."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(
            f"This test needs {what}. With CI=true nothing may be skipped for want of it.", pytrace=False
        )
    pytest.skip(f"needs {what}")
