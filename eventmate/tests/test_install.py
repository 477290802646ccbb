"""Parts of deploy/install that need no machine of their own; `make rehearse` runs the whole on one."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from eventmate.services.holding import ROOT

if TYPE_CHECKING:
    from pathlib import Path

INSTALL = ROOT / "deploy" / "install"


def run(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a script in which the functions of deploy/install are known."""
    functions = re.findall(r"^\w+\(\) \{.*?(?:^\}| \})$", INSTALL.read_text(), re.MULTILINE | re.DOTALL)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join([*functions, script]), "install", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def fail_with(log: Path, said: str) -> str:
    log.write_text(said)
    done = run(
        'log=$1 old=/opt/eventmate/releases/before unfinished=/opt/eventmate/releases/new; fail "It does not work."',
        str(log),
    )
    assert done.returncode == 1
    return done.stderr


def test_an_upgrade_that_failed_before_it_migrated_says_so(tmp_path: Path) -> None:
    assert fail_with(tmp_path / "log", "--- check\nSystem check identified some issues\n").splitlines() == [
        "It does not work.",
        "Release before still runs.",
        "The database is as it was.",
    ]


def test_an_upgrade_that_failed_after_it_migrated_names_what_stays(tmp_path: Path) -> None:
    said = fail_with(
        tmp_path / "log",
        "--- migrate\nRunning migrations:\n  Applying events.0007_rooms... OK\n  Applying mine.0002_saved... OK\n"
        "  Applying mine.0003_broken...Traceback (most recent call last):\n",
    )
    assert "Release before still runs.\n" in said
    assert "has been migrated and stays so: events.0007_rooms mine.0002_saved.\n" in said
    assert "the release before runs on the newer tables" in said
    assert "Nothing has changed" not in said


def test_a_first_installation_that_failed_speaks_of_no_release_before(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    done = run(
        'log=$1 old="" unfinished=/opt/eventmate/releases/new; fail "It does not work."',
        str(tmp_path / "log"),
    )
    assert (done.returncode, done.stderr) == (1, "It does not work.\n")


@pytest.mark.parametrize("option", ["--database-url", "--redis-url"])
def test_passwords_are_not_taken_where_everybody_sees_them(option: str) -> None:
    done = subprocess.run(
        [INSTALL, option, "postgresql://site:hush@db/site"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"{option}-file FILE" in done.stderr
    assert "hush" not in done.stderr


def test_a_url_is_read_from_a_file_that_is_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "database-url"
    file.write_text("postgresql://site:hush@db/site\n")
    file.chmod(0o600)
    reading = 'unfinished="" old=""; url=$(url_in "$1"); printf "<%s>" "$url"'
    assert run(reading, str(file)).stdout == "<postgresql://site:hush@db/site>"

    file.chmod(0o640)
    done = run(reading, str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Others can read" in done.stderr

    done = run(reading, str(tmp_path / "none"))
    assert done.returncode == 1
    assert "There is no URL in" in done.stderr


@pytest.mark.parametrize("kept", ["", "DATABASE_POOL_SIZE=5\n", "DATABASE_POOL_SIZE=''\n"])
def test_the_pool_is_fitted_unless_the_operator_has_said_something(tmp_path: Path, kept: str) -> None:
    settings = tmp_path / "env"
    settings.write_text(kept)
    done = run("settings=$1 log=$2 new=x; ask() { echo 6; }; fit_pool", str(settings), str(tmp_path / "log"))
    assert done.returncode == 0, done.stderr
    assert settings.read_text().endswith(kept or "DATABASE_POOL_SIZE='6'\n")
