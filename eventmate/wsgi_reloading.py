"""What gunicorn serves under `make run`: the site, or, while its code does not even import, the reason.

A worker that cannot import its application ends gunicorn. Here the person who just saved half a line gets the traceback
in the terminal and in the browser, and the site again once the file is right.
"""

import traceback
from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def broken(reason: str) -> Application:
    """Return an application that answers every request with the reason why there is no other."""
    body = f"EventMate does not start:\n\n{reason}".encode()

    def answer(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(
            "500 Internal Server Error",
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
            ],
        )
        return [body]

    return answer


def load() -> Application:
    """Return the site with its static files up to date, or an application that shows why it cannot be."""
    try:
        from eventmate.static_files import refresh  # these imports are what may fail
        from eventmate.wsgi import application

        refresh()
    except Exception:  # noqa: BLE001 - whatever it is, the developer wants to see it
        traceback.print_exc()
        return broken(traceback.format_exc())
    return application


application = load()
