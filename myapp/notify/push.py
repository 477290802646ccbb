"""Web push: a few words to a browser that asked for them, by way of its maker's push service.

pywebpush encrypts for the browser (RFC 8291) and signs for the service (VAPID, RFC 8292). The address of the service comes
from the browser, so the connection is our own: https only, and never into the network this site runs in.

The key that signs is made once, under DATA_DIR, or named by VAPID_PRIVATE_KEY_FILE. A browser takes pushes from the key it
was subscribed with and no other: several machines need the same file, and a lost one ends all subscriptions.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from email.utils import parseaddr
from functools import cache, lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db.models.functions import Now
from django.templatetags.static import static

from myapp.notify.kinds import Mail
from myapp.notify.models import Device, Message
from myapp.web import outgoing
from myapp.web.mails import one_line

SECONDS = 10.0
# How long a service keeps a push for a phone that is off: what is older than half a day is told by the mail.
SECONDS_KEPT = 12 * 60 * 60
# RFC 8030 lets a service refuse more than 4096 bytes with encryption; these are characters of up to four.
MOST_TITLE, MOST_BODY = 120, 400

# Sends a body with headers to an endpoint and returns the status of the answer.
Post = Callable[[str, bytes, Mapping[str, str]], int]


class PushFailed(Exception):
    """The service did not take it now."""


class PushRefused(Exception):
    """The service will never take it."""


class DeviceGone(Exception):
    """The browser has ended its subscription, or was removed."""


def words_of(message: Message, mail: Mail) -> dict[str, str]:
    """Return what a push says, as the service worker reads it (static/js/push-worker.js)."""
    return {
        "title": one_line(mail.subject)[:MOST_TITLE],
        "body": one_line(mail.short)[:MOST_BODY],
        "url": settings.SITE_URL + mail.link if mail.link.startswith("/") else mail.link,
        "tag": f"{message.kind}:{message.cause}"[:200],
        "lang": message.spoken,
        "icon": settings.SITE_URL + static("img/apple-touch-icon.png"),
    }


def send(device: Device, words: Mapping[str, str], post: Post) -> None:
    """Send words to a device; one query. Raises `DeviceGone`, `PushRefused` or `PushFailed`."""
    from pywebpush import WebPusher  # with what it brings, too much for workers that answer requests

    endpoint = device.endpoint
    if not is_endpoint(endpoint):
        raise DeviceGone(f"{endpoint[:100]} is no address of a push service.")
    try:
        prepared = WebPusher(device.as_subscription()).encode(json.dumps(words).encode())
    except ValueError as error:  # keys that no browser makes
        raise DeviceGone(f"The device's keys are none: {error}") from error
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(SECONDS_KEPT),
        "Urgency": "high",
        **_signature(endpoint),
    }
    status = post(endpoint, prepared["body"], headers)
    if status in {404, 410}:
        raise DeviceGone(f"The push service answers {status}: the device is gone.")
    if status == 429 or status >= 500:
        raise PushFailed(f"The push service answers {status}.")
    if not 200 <= status < 300:
        raise PushRefused(f"The push service answers {status}.")
    Device.objects.filter(pk=device.pk).update(used_at=Now())


def post(endpoint: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send a body to a push service and return the status of its answer. Raises `PushFailed` or `PushRefused`."""
    parts = urlsplit(endpoint)
    ends_at = time.monotonic() + SECONDS
    try:
        with closing(
            outgoing.connect(parts.hostname or "", parts.port or 443, tls=True, ends_at=ends_at)
        ) as connection:
            connection.request("POST", parts._replace(scheme="", netloc="").geturl(), body, dict(headers))
            return connection.getresponse().status
    except outgoing.NotPublic as error:
        raise PushRefused(f"{error} lies inside the network this site runs in.") from error
    except (outgoing.UnknownHost, OSError, HTTPException, ValueError) as error:
        raise PushFailed(f"{parts.hostname}: {type(error).__name__} {error}") from error


def is_endpoint(address: str) -> bool:
    """Whether this can be the address of a push service: https, a host, and nothing that hides in it. No look-up."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    printable = address.isascii() and address.isprintable() and " " not in address and "\\" not in address
    is_plain = port in {None, 443} and parts.username is None and not parts.fragment
    return printable and parts.scheme == "https" and bool(parts.hostname) and is_plain


def _signature(endpoint: str) -> dict[str, str]:
    """Return the header that says who sends: our key, and an address to write to if we misbehave."""
    from py_vapid import Vapid02

    parts = urlsplit(endpoint)
    claims: dict[str, Any] = {
        "aud": f"https://{parts.netloc}",
        "exp": int(time.time()) + SECONDS_KEPT,
        "sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}",
    }
    signed: dict[str, str] = Vapid02(_key(str(key_file()))).sign(claims)
    return signed


def public_key() -> bytes:
    """Return the public key that browsers subscribe with, as a point (RFC 8292, 3.2); makes the key where there is none."""
    point = _key(str(key_file())).public_key()
    return point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@cache
def worker_script() -> str:
    """Return the script that shows pushes in a browser; read once a process."""
    return (settings.BASE_DIR / "static" / "js" / "push-worker.js").read_text(encoding="utf-8")


def key_file() -> Path:
    """Return where the private key is."""
    return Path(settings.VAPID_PRIVATE_KEY_FILE or settings.DATA_DIR / "vapid.pem")


@lru_cache(maxsize=4)
def _key(path: str) -> ec.EllipticCurvePrivateKey:
    """Return the private key in a file; the one under DATA_DIR is made where it is missing."""
    file = Path(path)
    if not settings.VAPID_PRIVATE_KEY_FILE and not file.exists():
        _make_key(file)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ValueError(f"{path} holds no private key of the curve P-256.")
    return key


def _make_key(file: Path) -> None:
    """Write a new key that only our account can read; where another process was faster, its key stays."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        dir=file.parent, prefix=".vapid-"
    ) as written:  # readable by its owner alone
        written.write(pem)
        written.flush()
        os.fsync(written.fileno())
        try:
            os.link(written.name, file)
        except FileExistsError:
            return
