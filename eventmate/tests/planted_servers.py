"""Servers that a test plants: they listen on a port of this machine and answer as they are told."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from myapp.testing.needs import needs_program


class server:  # noqa: N801 - used as a function
    """Listens on a port and hands each connection to `answer`, in a thread, until left."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self._answer = answer

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _run(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            with stream:
                stream.settimeout(10)
                with contextlib.suppress(OSError):  # the doctor broke off a handshake that it did not like
                    self._answer(stream)


def answer_mail(stream: socket.socket, greeting: bytes) -> None:
    stream.sendall(greeting)
    if b"220" in greeting:
        stream.recv(100)  # EHLO
        stream.sendall(b"250 mail\r\n")
        stream.recv(100)  # QUIT
        stream.sendall(b"221 bye\r\n")


def answer_http(stream: socket.socket, context: ssl.SSLContext, status: int) -> None:
    with context.wrap_socket(stream, server_side=True) as inside:
        if inside.recv(4096):
            inside.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)


def make_certificate(folder: Path, days: int, name: str) -> tuple[Path, Path]:
    openssl = needs_program("openssl (Debian: openssl)", "openssl")
    key, request, certificate, names = (folder / each for each in ("key", "request", "certificate", "names"))
    names.write_text(f"subjectAltName=DNS:{name}")
    steps = (
        f"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout {key} -out {request}",
        f"x509 -req -in {request} -signkey {key} -days {days} -extfile {names} -out {certificate}",
    )
    for words in steps:
        subprocess.run([openssl, *words.split()], check=True, capture_output=True)
    return certificate, key


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
