"""Servers that take a connection and then never say another word, for tests of what waits for them."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def silent_server() -> Iterator[int]:
    """Yield the port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def postgres_that_falls_silent() -> Iterator[tuple[int, list[socket.socket]]]:
    """Yield the port of a PostgreSQL that lets everybody in and answers no statement, and who is in at present."""
    here: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_let_in, args=(listener, here), daemon=True).start()
        try:
            yield listener.getsockname()[1], here
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _let_in(listener: socket.socket, here: list[socket.socket]) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_fall_silent, args=(line, here), daemon=True).start()


def _fall_silent(line: socket.socket, here: list[socket.socket]) -> None:
    """Greet as PostgreSQL does, then only read, until the other side is gone."""
    with line:
        while struct.unpack("!I", line.recv(65536)[4:8])[0] in {
            80877103,
            80877104,
        }:  # may we have TLS, or GSS?
            line.sendall(b"N")
        line.sendall(_message(b"R", struct.pack("!I", 0)))
        for name, value in {
            "server_version": "15.8",
            "client_encoding": "UTF8",
            "TimeZone": "UTC",
            "standard_conforming_strings": "on",
        }.items():
            line.sendall(_message(b"S", f"{name}\0{value}\0".encode()))
        line.sendall(_message(b"K", struct.pack("!II", 1, 1)) + _message(b"Z", b"I"))
        here.append(line)
        with suppress(OSError):
            while line.recv(65536):
                pass
        here.remove(line)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body
