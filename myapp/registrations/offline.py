"""Tickets that open without a network: the service worker in static/js/ticket-worker.js."""

from functools import cache

from django.conf import settings


@cache
def worker_script() -> str:
    """Return the worker's script; read once a process."""
    return (settings.BASE_DIR / "static" / "js" / "ticket-worker.js").read_text(encoding="utf-8")
