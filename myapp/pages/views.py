"""What EventMate says about itself: pages for people, robots.txt and sitemaps for search engines."""

from functools import partial

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import override

from eventmate.replica import from_replica
from myapp.events.feeds import MOST_IN_CALENDAR, PAST_DAYS
from myapp.pages import sitemaps
from myapp.web.addresses import whole_address
from myapp.web.fragments import kept
from myapp.web.policies import public_page

HOUR = 3600
SITEMAP = 300  # nobody fetches it anew, and what was withdrawn should not be looked for much longer
XML = "application/xml; charset=utf-8"
# Pages of one person, fragments without a page around them, and the back office: nothing of these is to be found.
CLOSED = ("/_mine/", "/_part/", "/my/", "/tickets/", "/r/", "/accounts/", "/admin/", "/health/")
_LINKED = ("home", "list", "calendar", "organisations", "buildings", "rooms")


@public_page(keep=HOUR)
def about(request: HttpRequest) -> HttpResponse:
    """Say what EventMate is and what it does with what it knows; no queries."""
    context = {"organisations_url": reverse("events:organisations"), "help_url": reverse("pages:help")}
    return render(request, "pages/about.html", context)


@public_page(keep=HOUR)
def help_page(request: HttpRequest) -> HttpResponse:
    """Say how to find an event and how to keep up; no queries."""
    context = {
        "past_days": PAST_DAYS,
        "most_in_calendar": MOST_IN_CALENDAR,
        "calendar_address": whole_address("/events.ics"),
    } | {f"{name}_url": reverse(f"events:{name}") for name in _LINKED}
    return render(request, "pages/help.html", context)


@public_page(keep=HOUR)
def robots(_request: HttpRequest) -> HttpResponse:
    """Tell search engines where to look and where not to; no queries."""
    closed, maps = [], []
    for language, _name in settings.LANGUAGES:
        with override(language):
            prefix = reverse("events:home").rstrip("/")
            closed += [f"{prefix}{path}" for path in CLOSED]
            maps.append(f"{settings.SITE_URL}{reverse('pages:sitemap')}")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), *(f"Sitemap: {url}" for url in maps)]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


@public_page(keep=SITEMAP)
def sitemap(_request: HttpRequest) -> HttpResponse:
    """List the parts of the sitemap; four queries, none where they are kept."""
    sections = kept("sitemap.sections", make=lambda: from_replica(sitemaps.sections))
    parts = [(f"/sitemap-{section.name}.xml", section.changed_at) for section in sections]
    return HttpResponse(sitemaps.index_xml(parts), content_type=XML)


@public_page(keep=SITEMAP)
def sitemap_section(_request: HttpRequest, name: str) -> HttpResponse:
    """List one part of the sitemap; one query."""
    entries = from_replica(partial(sitemaps.entries, name))
    if not entries:
        raise Http404
    return HttpResponse(sitemaps.entries_xml(entries), content_type=XML)
