"""The machine that is rehearsed on: commands, units, waiting."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DOMAIN = "campus.example"
ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Path("/etc/eventmate/env")
CURRENT = Path("/opt/eventmate/current")
UNITS = (
    *("eventmate.socket", "eventmate.service", "eventmate-worker.service"),
    *("nginx.service", "redis-server.service", "postgresql.service"),
    *(f"eventmate-{name}.timer" for name in ("maintain", "backup", "restore-drill")),
    *("var-cache-nginx-eventmate.mount", "var-cache-nginx-eventmate-arriving.mount"),
)

wheels: Path | None = None


class Lie(Exception):
    """Something was promised and is not so."""


def must(truth: object, sentence: str) -> None:
    """Raise a lie unless it is true."""
    if not truth:
        raise Lie(sentence)


def sh(command: str, *, status: int | None = 0, within: float = 600) -> str:
    """Run a command line and return what it printed; with another exit status than this one it is a lie."""
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd="/",  # where every account may be
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=within,
        check=False,
    )
    if status is not None and done.returncode != status:
        raise Lie(f"`{command}` ended with {done.returncode} instead of {status}:\n{done.stdout[-3000:]}")
    return done.stdout.strip()


def show(command: str) -> None:
    """Print what a command says, whatever that is."""
    print(f"--- {command}\n{sh(command, status=None)}", flush=True)


def install(*words: str, checkout: Path = ROOT, status: int = 0) -> str:
    """Run deploy/install of a checkout."""
    given = f" --wheels {wheels}" if wheels else ""
    return sh(f"{checkout}/deploy/install {' '.join(words)}{given}", status=status)


def wait_until(is_so: Callable[[], object], sentence: str, within: float = 30) -> float:
    """Wait until something is so, and return how many seconds that took; a lie if it never is."""
    began = time.monotonic()
    while not is_so():
        must(time.monotonic() - began < within, f"{sentence}: not within {within:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - began


def main_pid(unit: str = "eventmate.service") -> int:
    """Return the process that systemd looks after."""
    return int(sh(f"systemctl show --property=MainPID --value {unit}"))


def release_that_runs(unit: str = "eventmate.service") -> str:
    """Return the name of the release in whose folder the site runs."""
    return Path(f"/proc/{main_pid(unit)}/cwd").resolve().name


def workers(unit: str = "eventmate.service") -> list[int]:
    """Return the processes that answer."""
    found = sh(f"pgrep -P {main_pid(unit)}", status=None)
    return [int(each) for each in found.split()]
