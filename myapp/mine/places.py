"""The island in which one gets a place at an event, and sees where one stands."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from myapp.events.rules import can_see
from myapp.registrations import queries, rush, standing, ways
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.views.registering import number, who
from myapp.web.htmx import go_to, is_htmx
from myapp.web.policies import island


@island(methods=("GET", "HEAD", "POST"))
def place(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with where the person stands, nothing for a visitor; a POST gets them a place first.

    Three queries to look, two more for who waits. To get a place: the session, the person, and one statement.
    """
    if request.method == "POST":
        return _get_place(request, slug)
    return _shown(request, slug)


def _get_place(request: HttpRequest, slug: str) -> HttpResponse:
    """Get a place; a browser goes on to the ticket, htmx gets the island as it is then.

    "Full" may be said without a look at who asks (see rush.py): a browser is led to the page that looks, and the island
    that htmx gets asks again by itself.
    """
    given = request.POST
    try:
        pressed = rush.press(slug, number(given, "ticket"), lambda: who(request), wait="wait" in given)
    except RegistrationRefused as refusal:
        if refusal.code == "sign_in" or not is_htmx(request):
            return go_to(request, ways.register_url(slug))
        if refusal.code == "full":
            return _quietly(render(request, "registrations/_full.html", {"slug": slug}, status=422))
        return _shown(request, slug, refusal)
    if "asks" in given or not is_htmx(request):
        asks = "asks" in given
        return go_to(request, ways.register_url(slug) if asks else ways.ticket_url(pressed.code))
    return _shown(request, slug)


def _shown(request: HttpRequest, slug: str, refusal: RegistrationRefused | None = None) -> HttpResponse:
    """Return the island as it is for this person."""
    user = who(request)
    desk = queries.desk_of(slug, seen_by=user) if user else None
    if user is None or desk is None or not can_see(user, desk.event):
        return HttpResponse(status=204)
    context = standing.standing_of(user, desk, refusal=refusal) | {"event": desk.event, "is_island": True}
    answer = render(request, "registrations/_place.html", context, status=422 if refusal else 200)
    return _quietly(answer)


def _quietly(response: HttpResponse) -> HttpResponse:
    """Have a refusal not logged as a mistake of the request: in a rush there are thousands, and nothing is wrong."""
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's own mark for that
    return response
