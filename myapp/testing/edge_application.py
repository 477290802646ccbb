"""The application as tests put it behind Nginx: what may be kept for half a minute is kept for a second, and a request may
ask for what no page of ours does.

`X-Test: cookie` adds Set-Cookie to the answer, `vary` makes it depend on cookies, `broken` answers 500, `missing` says that
there is no such page, as of a public one, and `echo` tells which headers arrived.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
django.setup()

from eventmate import static_files  # noqa: E402 - Django must be set up first

static_files.refresh()  # before WhiteNoise looks what there is

from eventmate.wsgi import application as shipped  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Headers = list[tuple[str, str]]

MORE = {"cookie": {"Set-Cookie": "sessionid=somebody"}, "vary": {"Vary": "Accept-Encoding, Cookie"}}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as EventMate does, in a hurry."""
    wish = environ.pop("HTTP_X_TEST", "")
    if wish == "broken":
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"broken"]
    if wish == "missing":
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("X-Accel-Expires", "1")])
        return [b"missing"]
    if wish == "echo":
        start_response("200 OK", [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        seen = {name: value for name, value in environ.items() if name.startswith(("HTTP_", "wsgi.url"))}
        return [json.dumps(seen).encode()]
    if wish == "slow":
        time.sleep(1)

    def start(status: str, headers: Headers, *rest: object) -> Any:
        hurried = {name: "1" if name == "X-Accel-Expires" else value for name, value in headers}
        return start_response(status, [*(hurried | MORE.get(wish, {})).items()], *rest)

    answer: Iterable[bytes] = shipped(environ, start)
    return answer
