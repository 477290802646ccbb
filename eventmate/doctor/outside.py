"""The site as a visitor meets it: whether it answers by its own name, and with which certificate."""

from __future__ import annotations

import http.client
import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from eventmate.doctor.findings import Finding, advice

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 5.0
RENEW_WITHIN = timedelta(days=14)  # certbot renews a month before
SELF_SIGNED = {18, 19}  # numbers of OpenSSL, as the cases below: X509_verify_cert_error_string(3)
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME(3), which ssl.VerifyFlags does not name
RENEW = "certbot renew, then systemctl reload nginx; certbot certificates lists what there is."


def examine_site() -> Iterator[Finding]:
    """Find a site that does not answer, or answers with an error; one request for the front page."""
    site = urlsplit(settings.SITE_URL)
    host = str(site.hostname)
    try:
        with _connect() as plain:
            stream = _trusting().wrap_socket(plain, server_hostname=host) if site.scheme == "https" else plain
            status = _status(stream, host)
    except (OSError, http.client.HTTPException) as error:
        yield Finding(
            f"{settings.SITE_URL} does not answer: {error}.",
            "systemctl status nginx eventmate; nginx -t says whether its files are right.",
        )
        return
    if status != 200:
        yield Finding(
            f"{settings.SITE_URL}/ answers {status} instead of a page.",
            "journalctl -u eventmate -n 50 and /var/log/nginx/error.log say why.",
        )


def _status(stream: socket.socket, host: str) -> int:
    """Ask for the front page over a connection that is there, and return the status."""
    connection = http.client.HTTPConnection(host, timeout=SECONDS)
    connection.sock = stream
    connection.request("GET", "/", headers={"User-Agent": "eventmate doctor", "Connection": "close"})
    return connection.getresponse().status


def examine_certificate() -> Iterator[Finding]:
    """Find a certificate that browsers refuse, or soon will; two handshakes."""
    if not settings.SITE_URL.startswith("https://"):
        return
    host = str(urlsplit(settings.SITE_URL).hostname)
    try:
        certificate = _certificate(host, ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        yield from _refused(host, error)
        if error.verify_code not in SELF_SIGNED:
            return
        try:
            certificate = _certificate(host, _trusting_only(_served(host)))
        except ssl.SSLCertVerificationError as own:
            yield from _refused(host, own)
            return
    except OSError:
        return  # a site that does not answer has been found already
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    if ends - timezone.now() < RENEW_WITHIN:
        days = (ends - timezone.now()).days
        yield Finding(f"The certificate of {host} ends in {days} days, on {ends:%d %B %Y}.", RENEW)


def certificate_ends() -> float:
    """Return when the certificate that is served ends, in seconds since 1970; two handshakes.

    Whoever signed it, whatever it names, and if that moment has passed. Raises `OSError` where the site does not answer.
    """
    host = str(urlsplit(settings.SITE_URL).hostname)
    context = _trusting_only(_served(host))
    context.check_hostname = False
    context.verify_flags |= NO_CHECK_TIME
    return float(ssl.cert_time_to_seconds(_certificate(host, context)["notAfter"]))


def _refused(host: str, error: ssl.SSLCertVerificationError) -> Iterator[Finding]:
    """Say why browsers do not believe a certificate."""
    match error.verify_code:
        case 18 | 19:
            yield advice(
                f"The certificate of {host} is signed by nobody that browsers know, so they warn.",
                f"apt-get install certbot, then certbot certonly --webroot -w /var/www/html -d {host} "
                f"--deploy-hook 'ln -sfn /etc/letsencrypt/live/{host} /etc/eventmate/tls; systemctl reload nginx'",
            )
        case 10:
            yield Finding(f"The certificate of {host} has ended; browsers refuse the site.", RENEW)
        case 9:
            yield Finding(f"The certificate of {host} is not valid yet.", "Look at the clock: timedatectl.")
        case 62:
            yield Finding(
                f"The certificate is not one for {host}; browsers refuse the site.",
                "See which certificate /etc/nginx/eventmate/names.conf names.",
            )
        case _:
            yield Finding(f"The certificate of {host} is refused: {error.verify_message}.", RENEW)


def _connect() -> socket.socket:
    """Return a connection to the site: to this machine where something listens, else where its name leads."""
    site = urlsplit(settings.SITE_URL)
    port = site.port or (443 if site.scheme == "https" else 80)
    try:
        return socket.create_connection(("127.0.0.1", port), SECONDS)
    except OSError:
        return socket.create_connection((str(site.hostname), port), SECONDS)


def _certificate(host: str, context: ssl.SSLContext) -> dict[str, Any]:
    """Return what stands in the certificate that is served; raises where it is not believed."""
    with _connect() as plain, context.wrap_socket(plain, server_hostname=host) as stream:
        return stream.getpeercert() or {}


def _served(host: str) -> bytes:
    """Return the certificate itself, whoever signed it."""
    with _connect() as plain, _trusting().wrap_socket(plain, server_hostname=host) as stream:
        return stream.getpeercert(binary_form=True) or b""


def _trusting() -> ssl.SSLContext:
    """Return a context that believes everything: what it asks is not a secret."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trusting_only(certificate: bytes) -> ssl.SSLContext:
    """Return a context that believes one certificate, so that its dates and names are still looked at."""
    context = ssl.create_default_context(cadata=certificate)
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context
