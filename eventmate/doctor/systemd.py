"""The units on a machine where deploy/install has been: what has failed, what is not running, and who sets the clock."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from eventmate.doctor.findings import Finding, advice

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = Path("/etc/systemd/system")
RUNS = Path("/run/systemd/system")
SECONDS = 10


def examine_units() -> Iterator[Finding]:
    """Find units that have failed, timers that do not tick, mounts that are missing, and a clock that nobody sets; nothing where none are."""
    if not is_installed():
        return
    for unit in ask("list-units", "--state=failed", "--plain", "--no-legend", "eventmate*").splitlines():
        name = unit.split()[0]
        yield Finding(f"{name} has failed.", f"journalctl -u {name} says why; then systemctl restart {name}.")
    for timer in sorted(BASE.glob("eventmate*.timer")):
        if ask("is-active", timer.name) == "active":
            continue
        if ask("is-enabled", timer.name) in {"disabled", "masked"}:
            yield advice(
                f"{timer.name} is switched off.",
                f"On one machine it must tick: systemctl enable --now {timer.name}",
            )
        else:
            yield Finding(f"{timer.name} does not tick.", f"systemctl enable --now {timer.name}")
    for mount in sorted(BASE.glob("*eventmate*.mount")):
        if ask("is-active", mount.name) != "active":
            yield Finding(
                f"{mount.name} is not mounted: a full disk now breaks pages that Nginx keeps.",
                f"systemctl start {mount.name} && systemctl reload nginx",
            )
    if run("timedatectl", "show", "--property=NTPSynchronized", "--value") == "no":
        yield advice(
            "Nobody sets this machine's clock.",
            "apt-get install systemd-timesyncd, then timedatectl set-ntp true.",
        )


def is_installed() -> bool:
    """Whether this machine has our units and a systemd that runs."""
    return (BASE / "eventmate.socket").exists() and RUNS.is_dir()


def ask(*words: str) -> str:
    """Return what systemctl answers."""
    return run("systemctl", *words)


def run(program: str, *words: str) -> str:
    """Return what a program prints, nothing where it is missing or takes too long."""
    path = shutil.which(program)
    if not path:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system, with words of ours
            [path, *words],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.strip()
