"""Valkey (or Redis) on a private socket, forgetting everything when it stops: a cache, as in production."""

import socket
import subprocess
from pathlib import Path

from eventmate.services.account import Account
from eventmate.services.server import leave, rotate, socket_folder


class Valkey:
    """A Valkey whose socket and log are in `folder`."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder, self.program = folder, program
        self.log = folder / "server.log"
        self.socket = socket_folder(folder) / "valkey.sock"

    def prepare(self) -> None:
        """End one that outlived its keeper (where no kernel does that for us) and remove its socket."""
        rotate(self.log)
        self._ask(b"SHUTDOWN NOSAVE")
        self.socket.unlink(missing_ok=True)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it with memory for a campus's cache and nothing on disk."""
        options = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--save": "",
            "--appendonly": "no",
            "--maxmemory": "64mb",
            "--maxmemory-policy": "allkeys-lru",
            "--dir": str(self.folder),
        }
        return Account().start([self.program, *(word for pair in options.items() for word in pair)], self.log)

    def doubt(self) -> None:
        """Do nothing: there is no data that could be broken."""

    def answers(self) -> bool:
        """Return whether it answers a PING."""
        return self._ask(b"PING").startswith(b"+PONG")

    def tidy(self) -> None:
        """Leave no socket folder behind."""
        leave(self.socket.parent)

    def url(self) -> str:
        """Return the URL of its socket."""
        return f"unix://{self.socket}"

    def _ask(self, command: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket))
                connection.sendall(command + b"\r\n")
                return connection.recv(100)
            except OSError:
                return b""
