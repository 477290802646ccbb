"""Run a command with the services it needs.

    python -m eventmate.services [--data DIR] [--env-file FILE] [--quick] COMMAND…

COMMAND runs with PostgreSQL and Valkey up and DATABASE_URL and REDIS_URL naming them; its exit status is returned.
When COMMAND has ended and nobody else uses them, nothing is left running. Ctrl-C is COMMAND's to answer.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from eventmate.clone import read_env_file
from eventmate.services.account import follow_parent
from eventmate.services.errors import ServiceError
from eventmate.services.holding import ROOT, Held, hold

_LOOK_EVERY = 1.0


def main() -> int:
    """Read the command line, run what it names, return its status."""
    started_by = os.getppid()
    parser = argparse.ArgumentParser(
        prog="python -m eventmate.services", description="Run a command with PostgreSQL and Valkey."
    )
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "services", help="where they live")
    parser.add_argument("--env-file", type=Path, help="variables for those that are not set")
    parser.add_argument("--quick", action="store_true", help="for tests: fast, and not safe on disk")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if not given.command:
        parser.error("which command?")
    if given.env_file:
        read_env_file(given.env_file)
    try:
        with hold(given.data, quick=given.quick, say=silent if given.quick else say) as held:
            return _run(given.command, held, started_by)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def say(sentence: str) -> None:
    """Show what takes a while."""
    print(sentence, flush=True)


def silent(_sentence: str) -> None:
    """Show nothing: tests and checks are quiet when all is well."""


def _run(command: list[str], held: Held, started_by: int) -> int:
    """Run a command as a child that inherits the hold on the servers, and return its status."""
    messenger = _Messenger()
    with subprocess.Popen(
        command,
        env=os.environ | held.urls,
        pass_fds=held.fds,
        preexec_fn=follow_parent,  # noqa: PLW1509 - the threads that started servers have ended
    ) as child:
        messenger.introduce(child)
        while (status := _wait(child)) is None:
            if os.getppid() != started_by:  # make or the shell was killed: nobody could press Ctrl-C any more
                child.terminate()
            messenger.repeat_interrupt()
            try:
                held.ensure()
            except ServiceError as error:
                print(error, file=sys.stderr)
    if signal.SIGINT in messenger.told and status in {130, -signal.SIGINT}:
        return 0  # as asked: make has nothing to report
    return 128 - status if status < 0 else status


class _Messenger:
    """Hands on to a child what this process is told, also what it is told before there is a child."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.child: subprocess.Popen[bytes] | None = None
        self.patience = 2
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hear)

    def introduce(self, child: subprocess.Popen[bytes]) -> None:
        """Hand on what came early."""
        self.child = child
        for number in tuple(self.told):
            child.send_signal(number)

    def repeat_interrupt(self) -> None:
        """Hand on Ctrl-C after two looks: then it was not the terminal, which tells the child as well."""
        if self.child and signal.SIGINT in self.told:
            self.patience -= 1
            if self.patience == 0:
                self.child.send_signal(signal.SIGINT)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.told.append(number)
        if self.child and number != signal.SIGINT:
            self.child.send_signal(number)


def _wait(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(_LOOK_EVERY)
    except subprocess.TimeoutExpired:
        return None


if __name__ == "__main__":
    sys.exit(main())
