"""What makes the door's page one that a device keeps: its worker and its manifest."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from myapp.checkin import actions, queries
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page
def worker(_request: HttpRequest) -> HttpResponse:
    """Serve the worker of the door's pages, always under this name: the folder it stands in is what it may serve."""
    return HttpResponse(_worker_script(), content_type="text/javascript; charset=utf-8")


@lru_cache(maxsize=1)
def _worker_script() -> str:
    """Return the script, with the addresses of what it shares with the pages; read once a process."""
    script = (settings.BASE_DIR / "static" / "js" / "door-worker.js").read_text(encoding="utf-8")
    for name in ("store", "sync"):
        script = script.replace(f"{{{name}}}", static(f"js/door-{name}.js"))
    return script


@private_page
def manifest(request: SignedInRequest, slug: str) -> HttpResponse:
    """Say how the door looks as an app of its own."""
    desk = queries.desk_with_door_or_404(slug)
    actions.must_keep_door(request.user, desk)
    here = reverse("checkin:door", args=[slug])
    app = {
        "name": _("Door: %(title)s") % {"title": desk.event.title},
        "short_name": _("The door"),
        "id": here,
        "start_url": here,
        "scope": here,
        "display": "standalone",
        "background_color": "#14120f",
        "theme_color": "#14120f",
        "icons": [
            {"src": static("img/apple-touch-icon.png"), "sizes": "180x180", "type": "image/png"},
            {"src": static("img/favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
        ],
    }
    return JsonResponse(app, content_type="application/manifest+json")
