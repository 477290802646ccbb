"""Where the commands that check what is published get it from: a file, an address, or this site's own database."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.core.management.base import CommandError

from myapp.events import codes
from myapp.registrations.models import Desk

_MOST_BYTES = 50_000_000
_PATIENCE = 30


def text_from(source: str) -> str | None:
    """Return what stands in a file or at an address; None where the source is neither, so an event. Raises `CommandError`."""
    try:
        if source.startswith(("https://", "http://")):
            with urlopen(source, timeout=_PATIENCE) as answer:  # noqa: S310 - of the two schemes that were asked for
                data = answer.read(_MOST_BYTES + 1)
        elif Path(source).is_file():
            data = Path(source).read_bytes()
        else:
            return None
        if len(data) > _MOST_BYTES:
            raise CommandError("That is too long for anything we publish.")
        return str(data.decode())
    except (URLError, OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{source} cannot be read: {error}") from error


def desk_from(event: str) -> Desk:
    """Return the desk of an event by its code or its address; two queries. Raises `CommandError`."""
    code = codes.code_of(f"x-{event.rstrip('/').rpartition('/')[2]}") or ""
    desk = Desk.objects.select_related("event").filter(event__code=code).first()
    if desk is None:
        raise CommandError(f"{event} is no file, no address and no event with registration.")
    return desk
