"""Organisations: who puts events on, and what each has on."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language

from myapp.events import queries
from myapp.events.filters import EventFilters
from myapp.events.models import Organisation
from myapp.events.organisations import (
    ORGANISATION_READS,
    OrganisationFilters,
    kinds_in_use,
    list_organisations,
    number_of_past_events,
)
from myapp.events.search import search
from myapp.events.subscribing import subscription
from myapp.web.fragments import kept
from myapp.web.policies import public_page


@public_page(keep=60, reads=ORGANISATION_READS)
def organisations(request: HttpRequest) -> HttpResponse:
    """List organisations, by words, kind or tag; three queries."""
    filters = OrganisationFilters.parse(request.GET)
    page = list_organisations(filters)
    kinds = kept("organisations.kinds", get_language(), make=kinds_in_use)
    context = {
        "filters": filters,
        "listed": page.listed,
        "kinds": [(value, label, number, filters.link(kind=value)) for value, label, number in kinds],
        "all_url": filters.link(kind=""),
        "without_tag_url": filters.link(tag=""),
        "more_url": filters.link(after=page.more) if page.more else "",
        "total": sum(number for _value, _label, number in kinds),
    }
    return TemplateResponse(request, "events/organisations.html", context)


@public_page(keep=60)
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an organisation and what it has on; five queries."""
    organisation = get_object_or_404(Organisation, slug=slug)
    filters = EventFilters(organisation=slug)
    results = search(filters)
    more = filters.with_(after=results.more).link() if results.more else ""
    context = {
        "organisation": organisation,
        "website_host": urlsplit(organisation.website).hostname or organisation.website,
        "days": queries.by_day(results.rows),
        "count": results.count,
        "capped": results.capped,
        "past": kept("organisation.past", organisation.pk, make=lambda: number_of_past_events(organisation)),
        "past_url": reverse("events:list") + filters.with_(archive=True).link(),
        "more_url": more and reverse("events:list") + more,
        "more_part": more and reverse("events:results") + more,
        "subscription": subscription(organisation.path.rstrip("/")),
    }
    return TemplateResponse(request, "events/organisation.html", context)
