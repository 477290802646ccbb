"""Connections to addresses that somebody else chose, without lending them our place in the network.

The name is looked up once, every answer must be public, and the connection goes to the very address that was checked, so
that a name cannot change its mind in between (DNS rebinding). All of an answer stands under one clock. Redirects are not
followed here, and proxies, cookies and credentials not known.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from typing import Any

PORTS = {"http": 80, "https": 443}
_MOST_TRIED = 4

_EMBEDDING = (
    # Addresses that carry an IPv4 address to which a gateway may pass them on.
    (ipaddress.ip_network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.ip_network("2002::/16"), 80),  # 6to4
)
_NOT_FOR_US = (
    *(
        ipaddress.ip_network(net)
        for net in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4")
    ),
    *(
        ipaddress.ip_network(net)
        for net in (
            "::/96",
            "100::/64",
            "2001::/32",
            "2001:db8::/32",
            "fc00::/7",
            "fec0::/10",
            "64:ff9b:1::/48",
        )
    ),
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class UnknownHost(Exception):
    """Nobody knows an address of the host; its name is the message."""


class NotPublic(Exception):
    """The host lies inside the network this site runs in, as one of its addresses says; its name is the message."""


def connect(host: str, port: int, *, tls: bool, ends_at: float) -> http.client.HTTPConnection:
    """Return a connection to a public host; answers over it must have come by `ends_at` (of the monotonic clock).

    Raises `UnknownHost`, `NotPublic`, or what the last of the addresses tried raised: OSError, ValueError.
    """
    problem: Exception | None = None
    for address in public_addresses(host, port, seconds=seconds_left(ends_at))[:_MOST_TRIED]:
        connection = _Pinned(host, port, address, ends_at, tls=tls)
        try:
            connection.connect()
        except (OSError, ValueError) as error:
            connection.close()
            problem = error
        else:
            return connection
    raise problem or OSError()


def public_addresses(host: str, port: int, *, seconds: float) -> list[Address]:
    """Return the addresses of a host. Raises `UnknownHost` when there is none, `NotPublic` when one of them is inside."""
    answers = _look_up(host, port, seconds)
    if not answers:
        raise UnknownHost(host)
    addresses = list(
        dict.fromkeys(ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers)
    )
    if not all(map(is_public, addresses)):
        raise NotPublic(host)
    return addresses


def _look_up(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """Ask the resolver, for no longer than the whole may take: it cannot be told to hurry."""
    answers: list[tuple[Any, ...]] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        except (OSError, UnicodeError):
            return
        answers.extend(found)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answers


def is_public(address: Address) -> bool:
    """Whether an address may be asked: on the public net, for one machine, and not another one in disguise."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        for network, shift in _EMBEDDING:
            if address in network:
                return is_public(ipaddress.IPv4Address((int(address) >> shift) & 0xFFFFFFFF))
    if any(address in network for network in _NOT_FOR_US if network.version == address.version):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_reserved
        or address.is_unspecified
    )


class _Pinned(http.client.HTTPConnection):
    """Speaks HTTP with one address, in the name of a host."""

    def __init__(self, host: str, port: int, address: Address, ends_at: float, *, tls: bool) -> None:
        super().__init__(host, port)
        self.default_port = 443 if tls else 80
        self._address, self._ends_at, self._tls = str(address), ends_at, tls
        self.response_class = self._response  # type: ignore[assignment]

    def connect(self) -> None:
        """Connect to the address, and prove by TLS that it is the host's."""
        self.sock = socket.create_connection((self._address, self.port), timeout=seconds_left(self._ends_at))
        if self._tls:
            self.sock.settimeout(seconds_left(self._ends_at))
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def _response(self, sock: socket.socket, **options: object) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(_Clocked(sock, self._ends_at), **options)  # type: ignore[arg-type]


class _Clocked(io.RawIOBase):
    """A socket's incoming bytes, under one clock for all of them: a byte every nine seconds is too slow as well."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock, self._ends_at = sock, ends_at
        # Asked for through makefile, so that closing the connection leaves the socket open for the answer.
        self._raw = sock.makefile("rb", buffering=0)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - http.client's call
        """Give what http.client reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Of course."""
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        """Read what has come in, waiting no longer than is left."""
        self._sock.settimeout(seconds_left(self._ends_at))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


def seconds_left(ends_at: float) -> float:
    """Return the seconds until then; raises TimeoutError where there are none."""
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
