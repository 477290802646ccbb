"""The outermost middleware: it sees every answer as it leaves, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.signals import request_finished
from django.db.backends.signals import connection_created

from health.metrics import count_streams, measure, watch_pool, watch_pool_after_request
from health.request_log import log_request
from myapp.web.fragments import on_lookup
from myapp.web.streams import on_count
from myapp.web.traces import begin, looked_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

# What machines ask for by the address of this one: no host name leads there, and what is answered names none.
FOR_MACHINES = ("/health/", "/metrics/")


class Observe:
    """Count, time and log each request, and name it on answers that nobody keeps."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap the whole site, and watch its pools, what it keeps and what stays open."""
        self.get_response = get_response
        connection_created.connect(watch_pool, dispatch_uid="pool")
        request_finished.connect(watch_pool_after_request, dispatch_uid="pool")
        on_lookup(looked_up)
        on_count(count_streams)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request; some microseconds, no queries."""
        if request.path_info.startswith(FOR_MACHINES):
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0]
        trace, end = begin(request)
        try:
            response = self.get_response(request)
            seconds = trace.seconds
            measure(trace, response.status_code, seconds)
            # A kept page must not carry the id of whoever came first; what may be kept says so by leaving this out.
            if "no-store" in response.headers.get("Cache-Control", ""):
                response.headers["X-Request-ID"] = trace.id
            log_request(trace, response.status_code, seconds)
        finally:
            end()
        return response
