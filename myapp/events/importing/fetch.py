"""Fetching a feed from an address that somebody typed in, without lending them our place in the network.

Only http and https, only addresses that are public: the name is looked up once, every answer must be public, and the
connection goes to the very address that was checked, so that a name cannot change its mind in between (DNS rebinding).
A redirect is a new address and checked like one. Size, unpacked size, time and redirects have limits; proxies,
cookies, credentials and files are not known here.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
import zlib
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from myapp.events.importing.items import Refused
from myapp.events.importing.texts import one_line
from myapp.web import outgoing

MAX_BYTES = 10_000_000
SECONDS = 10.0
MAX_REDIRECTS = 5

_REDIRECTS = {301, 302, 303, 307, 308}
_HOST = re.compile(r"[a-z0-9_.-]{1,253}|\[[0-9a-f:.]+\]")


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
    if parts.scheme not in outgoing.PORTS:
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
    if port is not None and port != outgoing.PORTS[parts.scheme]:
        netloc += f":{port}"
    # What is not ASCII is sent as its UTF-8, percent-encoded; what already is stays.
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return SplitResult(parts.scheme, netloc, path, query, "")


def _connect(parts: SplitResult, ends_at: float) -> http.client.HTTPConnection:
    """Return a connection to the address that was checked."""
    host = parts.hostname or ""
    port = parts.port or outgoing.PORTS[parts.scheme]
    try:
        return outgoing.connect(host, port, tls=parts.scheme == "https", ends_at=ends_at)
    except outgoing.UnknownHost:
        raise Refused(_("The address's host “%(host)s” is not known.") % {"host": host[:100]}) from None
    except outgoing.NotPublic:
        raise Refused(
            _("“%(host)s” lies inside the network this site runs in.") % {"host": host[:100]}
        ) from None
    except (OSError, ValueError) as error:
        raise Refused(_problem(error)) from error


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
