"""The keeper: a detached process that owns one server as its child, as long as anybody uses it.

    python -m eventmate.services.keeper valkey FOLDER PROGRAM
    python -m eventmate.services.keeper postgres FOLDER PROGRAMS [--quick]

It is started by whoever needs the server first (`holding.py`) and writes to `keeper.log` beside the server's log.
"""

import argparse
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from eventmate.services.errors import ServiceError
from eventmate.services.locks import Lock
from eventmate.services.postgres import Postgres
from eventmate.services.server import Server
from eventmate.services.valkey import Valkey

_START_WITHIN = 60.0  # seconds: replaying the log of a crash takes a while on a slow disk
_LOOK_EVERY = 0.1
_SPELL = 60.0  # a server that dies this often in this time is ill: somebody should read its log
_DEATHS_IN_A_SPELL = 5


class Keeper:
    """Keeps one server running from `run()` until that returns the process's exit status."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.me = Lock(server.folder / "keeper.lock")
        self.ready = Lock(server.folder / "ready.lock")
        self.users = Lock(server.folder / "users.lock")
        self.told_to_stop = False
        self.deaths: list[float] = []

    def run(self) -> int:
        """Start, watch, restart, stop. Returns 0 once nobody needs the server, 1 when it cannot be kept alive."""
        if not self._become_the_keeper():
            return 0
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            return self._keep()
        finally:
            self.server.tidy()

    def _keep(self) -> int:
        while True:
            self.server.prepare()
            process = self.server.start()
            try:
                needed = self._watch(process)
            finally:
                self.ready.release()
                end(process)
            if not needed:
                return 0
            print(f"the server ended by itself (status {process.returncode})", file=sys.stderr, flush=True)
            if self._is_ill():
                return 1

    def _become_the_keeper(self) -> bool:
        """Take the keeper's lock; somebody who only looks at it holds it for a moment, another keeper for longer."""
        for _ in range(20):
            if self.me.seize(wait=False):
                return True
            time.sleep(0.02)
        return False

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True

    def _watch(self, process: subprocess.Popen[bytes]) -> bool:
        """Stay until the server dies (true) or is no longer needed (false); say when it is ready."""
        deadline = time.monotonic() + _START_WITHIN
        ready = False
        while process.poll() is None:
            if self._is_unneeded():
                return False
            if not ready and self.server.answers():
                (self.server.folder / "url").write_text(self.server.url())
                ready = self.ready.seize()
            if not ready and time.monotonic() > deadline:
                break
            time.sleep(_LOOK_EVERY if ready else _LOOK_EVERY / 5)
        if not ready:
            self.server.doubt()
        return True

    def _is_unneeded(self) -> bool:
        """Return whether to stop. Once users.lock is ours, a newcomer waits for it until this process has ended."""
        return self.told_to_stop or not self.me.is_of(self.me.path) or self.users.seize(wait=False)

    def _is_ill(self) -> bool:
        now = time.monotonic()
        self.deaths = [each for each in self.deaths if now - each < _SPELL] + [now]
        time.sleep(0.2 * len(self.deaths))
        return len(self.deaths) >= _DEATHS_IN_A_SPELL


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server: in order, then at once, then by force."""
    for number, patience in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def main() -> int:
    """Read the command line and keep what it names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["postgres", "valkey"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("program", type=Path)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    try:
        if given.kind == "valkey":
            return Keeper(Valkey(given.folder, given.program)).run()
        return Keeper(Postgres(given.folder, given.program, quick=given.quick)).run()
    except (ServiceError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
