"""The addresses under which calendars and readers follow something."""

from typing import NamedTuple
from urllib.parse import urlsplit

from myapp.web.addresses import whole_address


class Subscription(NamedTuple):
    """One feed in its three forms: `webcal` opens the calendar app, `ics` is to be pasted, `atom` is for readers."""

    webcal: str
    ics: str
    atom: str


def subscription(path: str, query: str = "") -> Subscription:
    """Return the addresses of the feeds at a path without its ending; `query` is "?…" or nothing."""
    ics = whole_address(f"{path}.ics") + query
    parts = urlsplit(ics)
    return Subscription(parts._replace(scheme="webcal").geturl(), ics, whole_address(f"{path}.atom") + query)
