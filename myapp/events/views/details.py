"""One event: as a page, and as the panel that opens beside a list."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from myapp.events import queries, rules
from myapp.events.event_page import event_context
from myapp.events.models import Event, Status
from myapp.events.structured_data import event_json_ld
from myapp.web.fragments import kept
from myapp.web.gone import Gone, Way
from myapp.web.languages import language_prefix
from myapp.web.policies import public_page


def event_or_way_on(slug: str) -> Event:
    """Return the event of a slug. Raises `Http404` for a draft, `Gone` for what was withdrawn.

    The way on from there names the organisation only where everyone with the address could read who it was.
    """
    try:
        event = queries.event_of_slug(slug)
    except queries.EventWithdrawn as withdrawn:
        if withdrawn.event.published_at is None:
            raise Http404 from None
        organisation = withdrawn.event.organisation
        ways = [Way(organisation.name, language_prefix() + organisation.path)]
        told = rules.is_for_whoever_has_the_address(withdrawn.event)
        raise Gone(_("This event was withdrawn by its organiser."), ways if told else []) from withdrawn
    if event.status == Status.DRAFT:
        raise Http404
    return event


@public_page(keep=30)
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an event, or for whom it is where that is not everyone; three queries, fewer where they are kept."""
    event = event_or_way_on(slug)
    if not rules.is_open_to_everyone(event):
        return TemplateResponse(
            request, "events/restricted.html", {"visibility": event.visibility, "slug": slug}
        )
    if slug != event.slug:
        return HttpResponsePermanentRedirect(language_prefix() + event.path)
    similar = kept("event.similar", event.pk, make=lambda: queries.similar_to(event))
    context = event_context(event) | {"similar": similar, "json_ld": event_json_ld(event)}
    return TemplateResponse(request, "events/detail.html", context)


@public_page(keep=30)
def panel(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an event beside the list it was opened from; two queries."""
    event = event_or_way_on(slug)
    if not rules.is_open_to_everyone(event):
        return TemplateResponse(
            request, "events/_restricted.html", {"visibility": event.visibility, "slug": slug}
        )
    return TemplateResponse(request, "events/_event.html", event_context(event))
