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
    """Return the site as its files now say, or an application that shows why there is none."""
    try:
        from django.urls import get_resolver

        from eventmate.static_files import refresh
        from eventmate.wsgi import application
        from myapp.web.page_store import forget_public_pages

        _ = get_resolver().url_patterns  # imports every view, which Django would put off to the first request
        refresh()
        forget_public_pages()  # they were made by the code before, and name the style sheets before
    except Exception:  # noqa: BLE001 - whatever it is, the developer wants to see it
        traceback.print_exc()
        return broken(traceback.format_exc())
    return application


application = load()
