"""Fetching a feed from an address that somebody typed in, without lending them our place in the network.

Only http and https, only addresses that are public: the name is looked up once, every answer must be public, and the
connection goes to the very address that was checked, so that a name cannot change its mind in between (DNS rebinding).
A redirect is a new address and checked like one. Size, unpacked size, time and redirects have limits; proxies,
cookies, credentials and files are not known here.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from myapp.events.importing.items import Refused
from myapp.events.importing.texts import one_line

MAX_BYTES = 10_000_000
SECONDS = 10.0
MAX_REDIRECTS = 5

_REDIRECTS = {301, 302, 303, 307, 308}
_SCHEMES = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_.-]{1,253}|\[[0-9a-f:.]+\]")
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


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave."""

    body: bytes
    url: str
    """Where it was found in the end."""
    content_type: str


def fetch(url: str) -> Fetched:
    """Return what stands at ``url`` (http, https or webcal). Raises :class:`Refused` with a sentence."""
    ends_at = time.monotonic() + SECONDS
    parts = checked_url(url)
    for _redirect in range(MAX_REDIRECTS + 1):
        connection = _connect(parts, ends_at)
        try:
            answer = _ask(connection, parts)
            if answer.status in _REDIRECTS and (target := answer.getheader("Location")):
                parts = checked_url(urljoin(urlunsplit(parts), target))
                continue
            if answer.status != 200:
                raise Refused(_("The address answers %(status)d.") % {"status": answer.status})
            body = _read(answer)
            return Fetched(body, urlunsplit(parts), answer.getheader("Content-Type", ""))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Refused(_problem(error)) from error
        finally:
            connection.close()
    raise Refused(_("The address leads on more than %(number)d times.") % {"number": MAX_REDIRECTS})


def checked_url(url: str) -> SplitResult:
    """Return the parts of an address that may be asked; raises :class:`Refused`. No look-up yet."""
    url = url.strip()
    if any(ord(character) <= 32 or ord(character) == 127 for character in url) or "\\" in url:
        raise Refused(_("This is no web address."))
    try:
        parts = urlsplit(re.sub(r"^webcals?://", "https://", url, flags=re.IGNORECASE))
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
    except ValueError as error:
        raise Refused(_("This is no web address.")) from error
    if parts.scheme not in _SCHEMES:
        raise Refused(_("Only http and https addresses can be fetched."))
    if parts.username is not None or parts.password is not None:
        raise Refused(_("An address with a name and password in it cannot be fetched."))
    try:
        host = host if ":" in host else host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise Refused(_("This is no web address.")) from error
    netloc = f"[{host}]" if ":" in host else host
    if not host or not _HOST.fullmatch(netloc) or port == 0:
        raise Refused(_("This is no web address."))
    if port is not None and port != _SCHEMES[parts.scheme]:
        netloc += f":{port}"
    # What is not ASCII is sent as its UTF-8, percent-encoded; what already is stays.
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return SplitResult(parts.scheme, netloc, path, query, "")


def public_addresses(host: str, port: int) -> list[Address]:
    """Return the addresses of a host; raises :class:`Refused` when there is none or any of them is not public."""
    answers = _look_up(host, port)
    addresses = list(
        dict.fromkeys(ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers)
    )
    if not addresses or not all(map(is_public, addresses)):
        raise Refused(_("“%(host)s” lies inside the network this site runs in.") % {"host": host[:100]})
    return addresses


def _look_up(host: str, port: int) -> list[tuple[Any, ...]]:
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
    thread.join(SECONDS)
    if not answers:
        raise Refused(_("The address's host “%(host)s” is not known.") % {"host": host[:100]})
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


def _connect(parts: SplitResult, ends_at: float) -> http.client.HTTPConnection:
    """Return a connection to the address that was checked."""
    host = parts.hostname or ""
    port = parts.port or _SCHEMES[parts.scheme]
    addresses = public_addresses(host, port)
    problem: Exception | None = None
    for address in addresses[:4]:
        connection = _Pinned(host, port, address, ends_at, tls=parts.scheme == "https")
        try:
            connection.connect()
        except (OSError, ValueError) as error:
            connection.close()
            problem = error
        else:
            return connection
    raise Refused(_problem(problem or OSError()))


class _Pinned(http.client.HTTPConnection):
    """Speaks HTTP with one address, in the name of a host."""

    def __init__(self, host: str, port: int, address: Address, ends_at: float, *, tls: bool) -> None:
        super().__init__(host, port)
        self.default_port = 443 if tls else 80
        self._address, self._ends_at, self._tls = str(address), ends_at, tls
        self.response_class = self._response  # type: ignore[assignment]

    def connect(self) -> None:
        """Connect to the address, and prove by TLS that it is the host's."""
        self.sock = socket.create_connection((self._address, self.port), timeout=_left(self._ends_at))
        if self._tls:
            self.sock.settimeout(_left(self._ends_at))
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
        self._sock.settimeout(_left(self._ends_at))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


def _ask(connection: http.client.HTTPConnection, parts: SplitResult) -> http.client.HTTPResponse:
    path = urlunsplit(("", "", parts.path, parts.query, ""))
    connection.request(
        "GET",
        path,
        headers={
            "User-Agent": "EventMate (calendar import)",
            "Accept": "text/calendar, text/csv;q=0.9, */*;q=0.5",
            "Accept-Encoding": "gzip",
            "Connection": "close",
        },
    )
    return connection.getresponse()


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Return the body, unpacked, as long as its size allows."""
    length = answer.getheader("Content-Length", "")
    if length.isdecimal() and len(length) > 8:
        raise Refused(_too_large())
    coding = answer.getheader("Content-Encoding", "identity").strip().lower()
    if coding not in ("gzip", "x-gzip", "identity", ""):
        raise Refused(_("The address sends its answer packed in a way we did not ask for."))
    unpack = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    body, received = bytearray(), 0
    while True:
        # read1 gives what has come in; read would wait for all of a chunk, however slowly it drips.
        chunk = answer.read1(65_536)
        if not chunk:
            break
        received += len(chunk)
        body += unpack.decompress(chunk, MAX_BYTES + 1 - len(body)) if unpack else chunk
        if len(body) > MAX_BYTES or received > MAX_BYTES or (unpack and unpack.unconsumed_tail):
            raise Refused(_too_large())
    if unpack and not unpack.eof:
        raise Refused(_("The answer breaks off in the middle."))
    if answer.length:
        raise Refused(_("The answer breaks off in the middle."))
    return bytes(body)


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _too_large() -> str:
    return _("It is larger than %(size)d MB.") % {"size": MAX_BYTES // 1_000_000}


def _problem(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _("The address did not answer within %(seconds)d seconds.") % {"seconds": SECONDS}
    if isinstance(error, ssl.SSLError):
        return _("The address cannot prove who it is (TLS): %(reason)s.") % {
            "reason": error.reason or "certificate"
        }
    if isinstance(error, zlib.error):
        return _("The answer cannot be unpacked.")
    return _("The address could not be fetched: %(reason)s.") % {
        "reason": one_line(str(error), 200) or type(error).__name__
    }
