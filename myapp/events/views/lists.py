"""The list of events: searched, narrowed, shared as a link."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from myapp.events import search_page
from myapp.events.filters import READS, EventFilters
from myapp.web.policies import public_page


# What somebody changes forgets it; by time alone an event may be listed two minutes after its end, and as long again as the
# cache in front of us keeps it.
@public_page(keep=30, reads=READS, keep_unchanged=120)
def event_list(request: HttpRequest) -> HttpResponse:
    """Show what matches the question in the address; three queries, more where it names things or finds nothing."""
    filters = EventFilters.parse(request.GET)
    context = search_page.results_context(filters) | search_page.form_context(filters)
    return TemplateResponse(request, "events/list.html", context)


@public_page(keep=30, reads=READS, keep_unchanged=120)
def results(request: HttpRequest) -> HttpResponse:
    """Show the same list without the page around it: what replaces it while a person types, or goes below it.

    Two queries, more as for the page.
    """
    filters = EventFilters.parse(request.GET)
    context = search_page.results_context(filters)
    if filters.after:
        return TemplateResponse(request, "events/_more_results.html", context)
    response = TemplateResponse(request, "events/_results_part.html", context)
    response["HX-Replace-Url"] = reverse("events:list") + filters.link()
    return response
