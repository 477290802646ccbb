"""Is it up, and can it work? Answers without session, user or template, even when everything else is ill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.utils import timezone

from health import exposition
from health.doors import allowed_machines_only
from health.parts import Health, check_parts
from myapp.web.policies import operators_page

if TYPE_CHECKING:
    from myapp.web.requests import Request


@operators_page
def health(_request: Request) -> JsonResponse:
    """Say that the process answers, and when; no queries."""
    return JsonResponse({"status": "healthy", "timestamp": timezone.now().isoformat()})


@operators_page
def live(_request: Request) -> HttpResponse:
    """Say that the process answers, for whoever restarts it otherwise; no queries."""
    return HttpResponse("ok", content_type="text/plain")


@operators_page
@allowed_machines_only
def ready(_request: Request) -> JsonResponse:
    """Say whether requests can be served, part by part, within a second: 503 without the database or its tables.

    Without Redis or with a full disk the site is slower and complete, so that is 200 and "degraded".
    """
    parts = check_parts()
    status = max((part.health for part in parts.values()), default=Health.HEALTHY)
    return JsonResponse(
        {
            "status": status.name.lower(),
            "timestamp": timezone.now().isoformat(),
            "parts": {name: part.as_json() for name, part in parts.items()},
        },
        status=503 if status is Health.UNAVAILABLE else 200,
    )


@operators_page
@allowed_machines_only
def metrics(request: Request) -> HttpResponse:
    """Say what was counted over all workers and what the site is like now, to Prometheus, or with ?format=json to people.

    A few queries a minute; what does not answer in time is left out.
    """
    if request.GET.get("format") == "json":
        return JsonResponse(exposition.as_json(), json_dumps_params={"indent": 2})
    return HttpResponse(exposition.as_text(), content_type=exposition.CONTENT_TYPE)
