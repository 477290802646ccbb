"""What an upgrade leaves alone: functions of deploy/install, with stand-ins for the programs that change a machine."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from eventmate.services.holding import ROOT

SCRIPT = (ROOT / "deploy" / "install").read_text()
STAND_IN = """#!/bin/bash
echo "${0##*/} $*" >>"$DID"
[ "$1" != is-enabled ] || [[ " $ENABLED " == *" ${*: -1} "* ]]
"""


def function(name: str) -> str:
    found = re.search(rf"^{name}\(\) \{{.*?(?:^\}}| \}})$", SCRIPT, re.MULTILINE | re.DOTALL)
    assert found, f"deploy/install has no function {name}"
    return found[0]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with programs that only write down what they were asked."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "units").mkdir()
    (tmp_path / "bin" / "systemctl").write_text(STAND_IN)
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    return tmp_path


def do(machine: Path, call: str, *names: str, enabled: str = "") -> list[str]:
    """Call functions of the installer on that machine; return what the stand-ins were asked."""
    did = machine / "did"
    did.write_text("")
    settled = f'set -euo pipefail\nlog=/dev/null units="{machine}/units"\nrun() {{ shift; "$@"; }}\n'
    script = settled + "\n".join(function(name) for name in names) + f"\n{call}\n"
    path = f"{machine}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    subprocess.run(
        ["/bin/bash", "-c", script], env={"PATH": path, "DID": str(did), "ENABLED": enabled}, check=True
    )
    return did.read_text().splitlines()


def test_an_upgrade_starts_the_timers_that_nobody_has_switched_off(machine: Path):
    did = do(machine, f"start_timers {ROOT}", "start_timers", enabled="eventmate-maintain.timer")
    assert [line for line in did if " start " in line] == ["systemctl start eventmate-maintain.timer"]
    assert "start_timers" in function("start_release")
    assert ".timer" not in function("start_release")


def test_units_are_enabled_when_they_come_and_never_again(machine: Path):
    install_units = (
        f'install() {{ [[ $* == */usr/local/* ]] || command install "$@"; }}; install_units {ROOT}'
    )
    first = [line for line in do(machine, install_units, "install_units") if " enable " in line]
    assert len(first) == 1
    assert "eventmate-backup.timer" in first[0]
    masked = machine / "units" / "eventmate-backup.timer"
    masked.unlink()
    masked.symlink_to("/dev/null")
    (machine / "units" / "eventmate.service").write_text("of the release before")
    assert not [line for line in do(machine, install_units, "install_units") if " enable " in line]
    assert masked.readlink() == Path("/dev/null")
    assert (machine / "units" / "eventmate.service").read_text() != "of the release before"


MOUNTING = """
install() { mkdir -p "${@:7}"; }
mountpoint() { [ -e "$2/mounted" ]; }
mount() { echo "mount $* with $(ls -m "$2" 2>/dev/null)" >>"$DID"; }
umount() { rm -r "$1"/*; }
"""


def test_pages_kept_on_the_disk_do_not_stay_there_under_the_mount(machine: Path):
    cache, outside = machine / "cache", machine / "outside"
    (cache / "pages").mkdir(parents=True)
    (cache / "pages" / "kept").touch()
    outside.touch()
    (cache / "pages" / "link").symlink_to(outside)
    (machine / "units" / "one.mount").write_text("[Mount]\nOptions=size=1m,mode=0700\n")
    call = f'{MOUNTING}\npage_cache="{cache}" mounts=(one.mount two.mount)\nmount_page_cache'
    reloaded = ["systemctl reload-or-restart one.mount", "systemctl reload-or-restart two.mount"]
    made, bound, *rest = do(machine, call, "mount_page_cache")
    assert made.startswith("mount -t tmpfs -o size=1m,mode=0700 tmpfs /")
    assert bound.endswith(
        f" {cache} with arriving, files, pages, searches"
    )  # nothing is missing for a moment
    assert rest == reloaded
    assert not (cache / "pages" / "kept").exists()
    assert outside.exists()

    for name in ("mounted", "pages/kept", "pages/cce9.0000000284", "pages/9.0000000285"):
        (cache / name).touch()
        os.utime(cache / name, None if name.endswith("5") else (0, 0))
    assert do(machine, call, "mount_page_cache") == reloaded
    assert (cache / "pages" / "kept").exists()
    assert not (cache / "pages" / "cce9.0000000284").exists()  # half written, when the store was full
    assert (cache / "pages" / "9.0000000285").exists()


def test_files_of_nginx_that_belong_to_the_machine_are_named_in_the_manual():
    kept = re.search(r"^ +([\w. |-]+)\)\n +if \[ ! -e ", function("install_nginx"), re.MULTILINE)
    assert kept
    names = kept[1].split(" | ")
    assert names == ["balancer.conf", "names.conf", "upstream.conf", "watchers.conf"]
    manual = (ROOT / "docs" / "operations.md").read_text()
    row = next(line for line in manual.splitlines() if line.startswith("| `/etc/nginx/eventmate/`"))
    assert all(f"`{name}`" in row for name in names)
    shipped = (ROOT / "deploy" / "nginx" / "eventmate.conf").read_text()
    assert all(f"include /etc/nginx/eventmate/{name};" in shipped for name in names)
