"""EventMate as it stands in production: the shipped Nginx configuration in front of gunicorn, as ordinary processes.

    with serving(folder, database=…, redis=…) as site:
        site.ask("/events/").headers["X-Cache-Status"]

Nothing is taken from /etc but Nginx's list of media types; everything else lives in a folder of the test's own, which is
gone afterwards. Paths and ports of the shipped files are replaced, not a directive more.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlencode

from django.db import connection

from myapp.testing.needs import needs_nginx, needs_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "deploy" / "nginx"
DOMAIN = "events.example.edu"
SECRET = "a-secret-of-these-tests"
PORTS = {"443": "https", "80": "http", "127.0.0.1:8081": "limits", "127.0.0.1:8082": "refresh"}


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers and the body as it went over the wire."""

    status: int
    headers: Message
    body: bytes

    @property
    def cache(self) -> str:
        """What Nginx says of its cache: HIT, MISS, STALE …; nothing for a page it never keeps."""
        return self.headers.get("X-Cache-Status", "")


class Conversation:
    """One connection to a server, over TLS where `name` says for whom; requests go one after the other."""

    def __init__(self, port: int, name: str = "", at: str = "127.0.0.1") -> None:
        """Connect from an address of this machine (it has all of 127.0.0.0/8), and agree on HTTP/1.1."""
        plain = socket.create_connection(("127.0.0.1", port), timeout=15, source_address=(at, 0))
        self.socket = _tls("http/1.1").wrap_socket(plain, server_hostname=name) if name else plain

    def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        """Send a request and read its answer; `accept_encoding="br"` is the header Accept-Encoding."""
        named = {name.replace("_", "-"): value for name, value in ({"host": DOMAIN} | headers).items()}
        if body or method == "POST":
            named["content-length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + body)
        response = HTTPResponse(self.socket, method=method)
        response.begin()
        return Answer(response.status, response.headers, response.read())

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Site:
    """A running site; `ports` are those of its doors: https, http, limits, refresh."""

    folder: Path
    ports: dict[str, int]
    environment: dict[str, str]
    application: str
    domain: str
    _gunicorn: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", *, door: str = "https", **headers: str) -> Answer:
        """Ask one of the doors on a connection of its own."""
        with self.converse(door) as conversation:
            return conversation.ask(path, method, b"", **headers)

    def converse(self, door: str = "https", at: str = "127.0.0.1") -> Conversation:
        """Connect to a door, as somebody at an address, and stay connected."""
        return Conversation(self.ports[door], self.domain if door == "https" else "", at)

    def start_application(self) -> None:
        """Start gunicorn, and wait until it answers at its socket."""
        command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn_config.py")]
        command += ["--bind", f"unix:{self.folder}/app.sock", "--workers", "1", "--graceful-timeout", "1"]
        command += [self.application]
        with (self.folder / "gunicorn.log").open("ab") as log:
            self._gunicorn.append(
                subprocess.Popen(
                    command, env=self.environment, stdout=log, stderr=log, start_new_session=True
                )
            )
        _wait_for(lambda: _answers(self.folder / "app.sock", self.domain), self.folder / "gunicorn.log")

    def kill_application(self) -> None:
        """End gunicorn and its workers without a word: nothing answers at its socket any more."""
        while self._gunicorn:
            master = self._gunicorn.pop()
            os.killpg(master.pid, signal.SIGKILL)
            master.wait()

    def reload_nginx(self) -> None:
        """Have Nginx read its configuration again; returns when its new workers answer and the old ones are gone."""
        master = int((self.folder / "nginx.pid").read_text())
        before = _children(master)
        os.kill(master, signal.SIGHUP)
        _wait_for(
            lambda: bool(_children(master)) and not before & _children(master), self.folder / "nginx.log"
        )

    def log(self, name: str) -> list[str]:
        """Return the lines of one of Nginx's logs."""
        return (self.folder / "logs" / name).read_text().splitlines()


@contextmanager
def serving(
    folder: Path,
    *,
    database: str = "",
    redis: str = "",
    application: str = "eventmate.wsgi:application",
    domain: str = DOMAIN,
    plain: bool = False,
    beside: str = "",
) -> Iterator[Site]:
    """Run Nginx and gunicorn in a folder until the block is left; without an `application` Nginx alone.

    For measuring: `plain` opens a further door "plain", without TLS, and `beside` is configuration of servers beside ours,
    in which {folder} is filled. Skips the test where Nginx is missing.
    """
    program = needs_nginx()
    doors = [*PORTS.values(), *(["plain"] if plain else [])]
    ports = dict(zip(doors, free_ports(len(doors)), strict=True))
    configuration = configured(folder, ports, domain, beside)
    environment = os.environ | {
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "SITE_URL": f"https://{domain}",
        "BEHIND_PROXY": "1",
        "METRICS_ALLOW": "127.0.0.1",
        "DATA_DIR": str(ROOT / "var" / "behind-nginx"),  # static files are collected once, not with every run
    }
    with (folder / "nginx.log").open("ab") as log:
        nginx = subprocess.Popen(
            [str(program), "-c", str(configuration), "-e", str(folder / "nginx.log"), "-g", "daemon off;"],
            stdout=log,
            stderr=log,
        )
    site = Site(folder, ports, environment, application, domain)
    try:
        _wait_for(lambda: _is_open(ports["https"]), folder / "nginx.log")
        if application:
            site.start_application()
        yield site
    finally:
        site.kill_application()
        nginx.terminate()
        nginx.wait(10)


def database_url() -> str:
    """Return the address of the database this process uses, for one that knows nothing of tests."""
    found = connection.settings_dict
    login = quote(found["USER"], safe="") + (
        f":{quote(found['PASSWORD'], safe='')}" if found["PASSWORD"] else ""
    )
    return (
        f"postgresql://{login}@/{found['NAME']}?{urlencode({'host': found['HOST'], 'port': found['PORT']})}"
    )


def configured(folder: Path, ports: dict[str, int], domain: str, beside: str = "") -> Path:
    """Write the shipped configuration into a folder, with its placeholders filled; returns the main file."""
    for name in ("cache", "logs/eventmate", "temporary"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(SHIPPED, folder / "eventmate")
    key, certificate = _certificate(folder)
    replaced = {
        "@DOMAIN@": domain,
        "@CERTIFICATE@": str(certificate),
        "@CERTIFICATE_KEY@": str(key),
        "@REFRESH_SECRET@": SECRET,
        "/etc/nginx/eventmate": str(folder / "eventmate"),
        "/var/cache/nginx/eventmate": str(folder / "cache"),
        "/var/log/nginx": str(folder / "logs"),
        "/run/eventmate/eventmate.sock": str(folder / "app.sock"),
        "/run/nginx.pid": str(folder / "nginx.pid"),
        "127.0.0.1:8081": f"127.0.0.1:{ports['limits']}",
        "127.0.0.1:8082": f"127.0.0.1:{ports['refresh']}",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{ports['https']} ssl http2;"
        + (f" listen 127.0.0.1:{ports['plain']};" if "plain" in ports else ""),
        "listen 443": f"listen 127.0.0.1:{ports['https']}",
        "listen 80": f"listen 127.0.0.1:{ports['http']}",
        "user www-data;": f"user {os.environ.get('USER') or 'root'};" if os.geteuid() == 0 else "",
        "include /etc/nginx/modules-enabled/*.conf;": "",
        "include /etc/nginx/conf.d/*.conf;": "",
        "include /etc/nginx/sites-enabled/*;": f"include {folder}/eventmate/eventmate.conf;\n"
        + "".join(
            f"{what}_temp_path {folder}/temporary/{what};\n"
            for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + beside.replace("{folder}", str(folder)),
    }
    for path in (folder / "eventmate").rglob("*.conf"):
        text = re.sub(r"\n *listen \[::\].*", "", path.read_text())
        for old, new in replaced.items():
            text = text.replace(old, new)
        path.write_text(text)
    return folder / "eventmate" / "nginx.conf"


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a key and a certificate that it signs itself."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    openssl = needs_program("OpenSSL (Debian: openssl)", "openssl")
    how = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    subprocess.run(
        [openssl, *how.split(), "-subj", f"/CN={DOMAIN}", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return key, certificate


@cache
def _tls(*protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(
        ssl.PROTOCOL_TLS_CLIENT
    )  # without the authorities of this machine, 25 ms to read
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on, all held until the last one is found."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def _children(pid: int) -> set[str]:
    """Return the processes that one has started and that still run."""
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(path: Path, host: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(10)
        try:
            probe.connect(str(path))
            probe.sendall(f"GET /health/live/ HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            return b" 200 " in probe.recv(100)
        except OSError:
            return False


def _wait_for(is_true: Callable[[], bool], log: Path) -> None:
    """Wait until something holds; say what the log says where it never does."""
    until = time.monotonic() + 60
    while not is_true():
        if time.monotonic() > until:
            raise TimeoutError(log.read_text())
        time.sleep(0.05)
