"""What of an event only some people may see: as an island of its public page, and as a page without JavaScript."""

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from myapp.accounts.models import User
from myapp.events import calendars, queries, rules
from myapp.events.event_page import event_context
from myapp.web.policies import island, private_page
from myapp.web.requests import SignedInRequest


def _context_for(user: User | AnonymousUser, slug: str) -> dict[str, object]:
    """Return what the event shows to this person; empty where they may not see it or where there is none."""
    try:
        return event_context(rules.visible_event_or_404(user, slug))
    except (Http404, queries.EventWithdrawn):
        return {}


@island
def event(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with the event for those who may see it, with why not for others, with nothing for visitors."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    return TemplateResponse(request, "mine/_event.html", _context_for(request.user, slug))


@private_page
def event_page(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show an event that is not for everyone as a page of its own, after signing in where needed."""
    context = _context_for(request.user, slug)
    return TemplateResponse(request, "mine/event.html", context, status=200 if context else 404)


@private_page
def event_ics(request: SignedInRequest, slug: str) -> HttpResponse:
    """Offer such an event for the person's calendar; three queries."""
    try:
        event = rules.visible_event_or_404(request.user, slug)
    except queries.EventWithdrawn:
        raise Http404 from None
    headers = {"Content-Disposition": f'inline; filename="{event.slug}.ics"'}
    return HttpResponse(
        calendars.event_ics(event), content_type="text/calendar; charset=utf-8", headers=headers
    )
