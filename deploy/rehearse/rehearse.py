"""The rehearsal: one line a step, and an end at the first lie."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import breaking
import changing
import examining
import installing
import machine
import restoring

if TYPE_CHECKING:
    from collections.abc import Callable

# Each says in its docstring what is to be seen, and returns what was seen.
STEPS: tuple[Callable[[], str], ...] = (
    installing.install,
    installing.every_unit_is_active,
    installing.settings_are_secret,
    installing.the_doctor_has_nothing_to_say,
    installing.browse_over_tls,
    installing.the_administrator_signs_in,
    installing.fill_the_demo_campus,
    changing.start,
    changing.reload_under_load,
    changing.restart_under_load,
    changing.upgrade_under_load,
    changing.an_upgrade_that_fails_changes_nothing,
    changing.several_instances,
    changing.an_event_taken_back_is_gone_at_once,
    changing.hostile_headers,
    breaking.kill_a_worker,
    breaking.kill_the_master,
    breaking.stop_redis,
    breaking.kill_redis,
    breaking.stop_postgresql,
    breaking.kill_postgresql,
    breaking.fill_the_disk_of_the_cache,
    breaking.fill_the_disk_beside_the_cache,
    breaking.restart_everything,
    examining.seal_the_backups,
    examining.back_up_and_drill,
    examining.the_doctor_finds_what_is_planted,
    installing.uninstall_and_install_again,
)
SECOND_MACHINE: tuple[Callable[[], str], ...] = (
    installing.install,
    restoring.restore,
    installing.the_doctor_has_nothing_to_say,
)
AFTER_REBOOT: tuple[Callable[[], str], ...] = (
    installing.every_unit_is_active,
    installing.browse_over_tls,
    installing.the_doctor_has_nothing_to_say,
)
LONGEST = 3000  # letters of what went wrong, where it is said for the second time
ASKED_LAST = (
    "systemctl --failed --no-legend --plain",
    "journalctl --no-pager --quiet -o short -n 40 | cut -c 1-300",
    "tail -n 20 /var/log/nginx/error.log",
)


def main() -> int:
    """Run the steps; return 1 at the first that does not hold."""
    parser = argparse.ArgumentParser(prog="deploy/rehearse/run")
    parser.add_argument("--wheels", type=Path)
    parser.add_argument("--after-reboot", action="store_true")
    parser.add_argument("--second-machine", type=Path, metavar="ELSEWHERE")
    given = parser.parse_args()
    if os.geteuid() != 0 or not Path("/run/systemd/system").is_dir():
        print(
            "The rehearsal changes the whole machine: it runs as root on one with systemd that may be thrown away."
        )
        return 1
    machine.wheels = given.wheels.resolve() if given.wheels else None
    restoring.elsewhere = given.second_machine
    began = time.monotonic()
    for step in AFTER_REBOOT if given.after_reboot else SECOND_MACHINE if given.second_machine else STEPS:
        since = time.monotonic()
        try:
            seen = step()
        except Exception as error:  # noqa: BLE001 - whatever stops a step is a lie
            print(f"LIE   {_sentence(step)}", flush=True)
            tell_why(error)
            # Again, where somebody looks who sees the end of a long log only.
            print(f"LIE   {_sentence(step)} ({step.__name__}): {error}", flush=True)
            return 1
        print(f"{time.monotonic() - since:5.1f} s  {_sentence(step)}: {seen}", flush=True)
    print(f"All of it held, in {time.monotonic() - began:.0f} s.")
    return 0


def _sentence(step: Callable[[], str]) -> str:
    return (step.__doc__ or step.__name__).splitlines()[0].rstrip(".")


def tell_why(step: Callable[[], str], error: Exception) -> None:
    """Print what went wrong and what the machine said last; and once more what went wrong, for who sees only the end."""
    name = f"{step.__module__}.{step.__name__}"
    lie = f"LIE   {_sentence(step)} ({name})"
    print(lie, flush=True)
    if isinstance(error, machine.Lie):
        why = f"      {error}"
        print(why)
    else:
        why = f"      {error!r}"
        traceback.print_exception(error)
    sys.stdout.flush()
    for command in ASKED_LAST:
        try:
            machine.show(command)
        except Exception as another:  # noqa: BLE001 - the machine is broken, and what broke it comes last
            print(f"--- {command}: {another!r}")
    print(f"{why[:LONGEST]}\n{lie}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
