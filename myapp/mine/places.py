"""The island in which one gets a place at an event, and sees where one stands."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from myapp.accounts import signed_in
from myapp.events.rules import can_see
from myapp.registrations import looking, rush, standing, ways
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.views.registering import number, who
from myapp.web.htmx import go_to, is_htmx
from myapp.web.policies import island


@island(methods=("GET", "HEAD", "POST"))
def place(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with where the person stands, nothing for a visitor; a POST gets them a place first.

    One query to look. To get a place: the session, the person, and one statement.
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
    """Return the island as it is for this person, who is read by the same statement."""
    claimed = signed_in.claimed(request)
    person, seen = looking.look(slug, claimed) if claimed else (None, None)
    user = signed_in.admit(request, person)
    if user is None or seen is None or not can_see(user, seen.desk.event):
        return HttpResponse(status=204)
    context = standing.standing_of(user, seen, refusal=refusal) | {
        "event": seen.desk.event,
        "is_island": True,
    }
    context["runs_it"] = seen.is_organiser or user.is_staff
    return _quietly(render(request, "registrations/_place.html", context, status=422 if refusal else 200))


def _quietly(response: HttpResponse) -> HttpResponse:
    """Have a refusal not logged as a mistake of the request: in a rush there are thousands, and nothing is wrong."""
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's own mark for that
    return response
