"""The units in deploy/systemd, as systemd itself reads them: nothing misspelt, nothing open that need not be."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from eventmate.services.holding import ROOT
from myapp.testing.needs import needs_program

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]
DEBIAN = Path("/usr/lib/systemd/system")


def analyse(*words: str) -> subprocess.CompletedProcess[str]:
    program = needs_program("systemd (Debian: systemd)", "systemd-analyze")
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def hardening(name: str) -> list[str]:
    return (FOLDER / name).read_text().partition("\nNoNewPrivileges=")[2].partition("\n\n")[0].splitlines()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with Debian's units, ours, and the programs that ours start."""
    root = tmp_path_factory.mktemp("machine")
    shutil.copytree(DEBIAN, root / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(FOLDER, root / "etc/systemd/system")
    for line in re.findall(
        r"^Exec\w+=(\S+)", "\n".join(path.read_text() for path in FOLDER.iterdir()), re.MULTILINE
    ):
        program = root / line.lstrip("/-+!@:")
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(0o755)
    return root


@pytest.mark.parametrize("name", UNITS)
def test_systemd_has_nothing_to_say_about_a_unit(name: str, request: pytest.FixtureRequest):
    """On an unknown key it exits with 0 and says so on standard error."""
    needs_program("systemd (Debian: systemd)", "systemd-analyze")
    machine = request.getfixturevalue("machine")
    done = analyse("verify", "--man=no", f"--root={machine}", name.replace("@.", "@1."))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked_in(name: str):
    """The threshold is in tenths."""
    done = analyse("security", "--offline=true", "--threshold=15", "--no-pager", str(FOLDER / name))
    assert done.returncode == 0, done.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_locked_in_alike(name: str):
    """The lines stand in each file, so that each can be read and judged by itself; here they are held together."""
    assert hardening(name) == hardening("eventmate.service")
    assert len(hardening(name)) > 25


def test_one_site_and_one_of_several_differ_in_their_names_only():
    for kind in ("service", "socket"):
        alone = (FOLDER / f"eventmate.{kind}").read_text().splitlines()[1:]
        several = (FOLDER / f"eventmate@.{kind}").read_text().splitlines()[1:]
        assert [line for line in several if "%i" not in line] == [
            one for one, other in zip(alone, several, strict=True) if "%i" not in other
        ]


def megabytes(pattern: str, text: str) -> list[int]:
    return [int(found) for found in re.findall(pattern + r"=(\d+)m\b", text)]


def test_the_stores_of_nginx_fit_into_their_mount_and_leave_room_for_what_comes_in():
    """Nginx looks after their sizes every ten seconds only, in which a visitor may have two thousand pages made."""
    nginx = (ROOT / "deploy" / "nginx" / "eventmate.conf").read_text()
    mount = (FOLDER / "var-cache-nginx-eventmate.mount").read_text()
    stores, room = megabytes("max_size", nginx), megabytes("size", mount)
    assert len(stores) == 3
    assert room[0] - sum(stores) >= 64 + max(megabytes("min_free", nginx))


def test_answers_on_their_way_are_written_beside_the_stores():
    """In a mount of its own: one that is full must not fill the other."""
    arriving = (FOLDER / "var-cache-nginx-eventmate-arriving.mount").read_text()
    (where,) = re.findall(r"^Where=(\S+)$", arriving, re.MULTILINE)
    assert f"proxy_temp_path {where};" in (ROOT / "deploy" / "nginx" / "page-cache.conf").read_text()
    assert "use_temp_path=off" not in re.sub(
        r"^#.*", "", (ROOT / "deploy" / "nginx" / "eventmate.conf").read_text(), flags=re.MULTILINE
    )


def test_a_restart_waits_longer_than_requests_may_take():
    graceful = re.findall(
        r"^graceful_timeout = (\d+)", (ROOT / "gunicorn_config.py").read_text(), re.MULTILINE
    )
    stop = re.findall(r"^TimeoutStopSec=(\d+)", (FOLDER / "eventmate.service").read_text(), re.MULTILINE)
    assert int(graceful[0]) < int(stop[0])
