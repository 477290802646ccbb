"""A person's tickets: the list, one ticket, and one ticket for whoever has its key."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from myapp.registrations import actions, calendars, keys, queries
from myapp.registrations.models import Registration
from myapp.registrations.my_tickets import my_tickets
from myapp.registrations.offline import worker_script
from myapp.registrations.ticket_page import ticket_context
from myapp.web.policies import link_page, private_page, public_page
from myapp.web.requests import SignedInRequest


@private_page
def tickets(request: SignedInRequest) -> HttpResponse:
    """Show everything the person has registered for, and mark what is new since they looked; four or five queries."""
    since = actions.look(acting_user=request.user)
    found = my_tickets(request.user, since=since, page=request.GET.get("page", ""))
    return render(request, "registrations/tickets.html", {"tickets": found, "page": found.page})


@private_page
def ticket(request: SignedInRequest, code: str) -> HttpResponse:
    """Show one ticket of the person's own; one query, four where it waits."""
    registration = queries.registration_or_404(request.user, code)
    return render(request, "registrations/ticket.html", ticket_context(registration))


@private_page
def ticket_ics(request: SignedInRequest, code: str) -> HttpResponse:
    """Offer the event of a ticket for the person's calendar; three queries."""
    return _calendar(queries.registration_or_404(request.user, code))


@link_page()
def ticket_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """Show one ticket to whoever has its key; one query, four where it waits. Joined to an account, it is there."""
    registration = _by_key(key)
    if registration.user_id:
        return redirect("registrations:ticket", registration.code)
    return render(request, "registrations/ticket_by_key.html", ticket_context(registration) | {"key": key})


@link_page()
def ticket_ics_by_key(_request: HttpRequest, key: str) -> HttpResponse:
    """Offer the event of such a ticket for a calendar; two queries."""
    registration = _by_key(key)
    if registration.user_id:
        return redirect("registrations:ticket_ics", registration.code)
    return _calendar(registration, path=f"/r/{key}/")


def _by_key(key: str) -> Registration:
    registration = keys.registration_of(key)
    if registration is None:
        raise Http404(_("This link is not complete, or the ticket has another one by now."))
    return registration


def _calendar(registration: Registration, path: str = "") -> HttpResponse:
    headers = {"Content-Disposition": f'inline; filename="{registration.desk.event.slug}.ics"'}
    return HttpResponse(
        calendars.registration_ics(registration, path=path),
        content_type="text/calendar; charset=utf-8",
        headers=headers,
    )


@public_page(keep=3600)
def worker(_request: HttpRequest) -> HttpResponse:
    """Serve the script that keeps opened tickets: from the site's root, so that it may answer for all of them."""
    return HttpResponse(worker_script(), content_type="text/javascript; charset=utf-8")
