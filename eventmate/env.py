"""Strict readers of the environment: a value is right, absent, or the process does not start.

Every reader takes the variable's name, returns the type it is named after, and raises `ImproperlyConfigured`
with a sentence that names the variable. An empty value counts as absent.
"""

import ipaddress
import os
import zoneinfo
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_FLAGS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def text(name: str, default: str | None = None) -> str:
    """Return a variable's text; without a default it must be set."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set. .env.example says what belongs there.")
    return default


def flag(name: str, *, default: bool) -> bool:
    """Return a yes or no: 1/0, true/false, yes/no, on/off in any case; nothing else is guessed."""
    value = text(name, "")
    if not value:
        return default
    try:
        return _FLAGS[value.lower()]
    except KeyError:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.") from None


def number(name: str, *, default: int, least: int = 0) -> int:
    """Return a whole number of at least `least`."""
    value = text(name, str(default))
    try:
        result = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if result < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {result}.")
    return result


def words(name: str, *, default: tuple[str, ...] = ()) -> list[str]:
    """Return a comma-separated list without empty parts."""
    value = text(name, "")
    return [part.strip() for part in value.split(",") if part.strip()] if value else list(default)


def choice(name: str, *, among: tuple[str, ...]) -> str:
    """Return one of some words; the first is the default."""
    value = text(name, among[0]).lower()
    if value not in among:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(among)}, not {value!r}.")
    return value


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return a comma-separated list of networks like 10.0.0.0/8; an address is a network of one."""
    found = []
    for word in words(name):
        try:
            found.append(ipaddress.ip_network(word))
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} holds {word!r}, which is no network like 10.0.0.0/8."
            ) from None
    return found


def secret(name: str, *, default: str | None = None) -> str:
    """Return NAME, or what the file named by NAME_FILE holds; setting both is a mistake and says so."""
    path = text(f"{name}_FILE", "")
    if not path:
        return text(name, default)
    if os.environ.get(name):
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set; keep one.")
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from None
    if not value:
        raise ImproperlyConfigured(f"{name}_FILE names an empty file: {path}")
    return value


def zone(name: str, *, default: str) -> str:
    """Return the name of a time zone that this machine knows."""
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ImproperlyConfigured(f"{name} must be a zone like Europe/London, not {value!r}.") from None
    return value


def site_url(name: str, *, default: str) -> str:
    """Return a site's address without a trailing slash: scheme and host, nothing behind them. Its default is not read."""
    value = text(name, default).rstrip("/")
    if value == default:
        return value
    parts = urlsplit(value)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.path
        or parts.query
        or parts.username
    ):
        raise ImproperlyConfigured(f"{name} must be like https://events.example.edu, not {value!r}.")
    return value


# How long a server may be silent. One that vanished without a word (a cable, a power cut) is noticed after seconds; libpq
# alone would wait a quarter of an hour. Seconds, but for the last one; all but the first are for TCP only.
_PATIENCE = {
    "connect_timeout": "2",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "10000",
}


def database(name: str) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL URL.

    The form is libpq's: `postgresql://user:password@host:port/database?sslmode=require`, where the host may also be
    a folder that holds a socket, as `?host=/run/postgresql`. What the URL says of time-outs wins over ours.
    """
    value = secret(name)
    parts = urlsplit(value)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must start with postgresql://; EventMate needs PostgreSQL.")
    options: dict[str, Any] = _PATIENCE | dict(parse_qsl(parts.query))
    database_name = unquote(parts.path.lstrip("/")) or options.pop("dbname", "")
    if not database_name:
        raise ImproperlyConfigured(f"{name} names no database.")
    try:
        port = str(parts.port or options.pop("port", ""))
    except ValueError:
        raise ImproperlyConfigured(f"{name} has a port that is no number.") from None
    return {
        "ENGINE": "eventmate.postgresql",
        "NAME": database_name,
        "USER": unquote(parts.username or "") or options.pop("user", ""),
        "PASSWORD": unquote(parts.password or "") or options.pop("password", ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": port,
        "OPTIONS": options,
    }


def email(name: str, *, default: str) -> dict[str, Any]:
    """Return Django's mail settings for `smtp://`, `smtp+tls://`, `smtp+ssl://`, `console:` or `file:///folder`."""
    value = secret(name, default=default)
    parts = urlsplit(value)
    backends = "django.core.mail.backends"
    match parts.scheme:
        case "console":
            return {"EMAIL_BACKEND": f"{backends}.console.EmailBackend"}
        case "file":
            return {
                "EMAIL_BACKEND": f"{backends}.filebased.EmailBackend",
                "EMAIL_FILE_PATH": unquote(parts.path),
            }
        case "smtp" | "smtp+tls" | "smtp+ssl" if parts.hostname:
            return {
                "EMAIL_BACKEND": f"{backends}.smtp.EmailBackend",
                "EMAIL_HOST": parts.hostname,
                "EMAIL_PORT": parts.port or {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}[parts.scheme],
                "EMAIL_HOST_USER": unquote(parts.username or ""),
                "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
                "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
                "EMAIL_USE_SSL": parts.scheme == "smtp+ssl",
                "EMAIL_TIMEOUT": 10,
            }
    raise ImproperlyConfigured(
        f"{name} must be like smtp+tls://user:password@host, console: or file:///folder."
    )
