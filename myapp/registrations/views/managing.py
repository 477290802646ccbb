"""What people do with what they have: accept, give back. With an account under /tickets/."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from myapp.registrations import actions, queries, ways
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Registration, State
from myapp.registrations.standing import about
from myapp.registrations.views.registering import about_event
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest

_BOTH = ("GET", "HEAD", "POST")


def _context(registration: Registration) -> dict[str, object]:
    desk = registration.desk
    return (
        about_event(desk)
        | about(registration, desk)
        | {
            "registration": registration,
            "desk": desk,
            "back_url": ways.register_url(desk.event.slug),
        }
    )


@private_page(methods=_BOTH)
def cancel(request: SignedInRequest, code: str) -> HttpResponse:
    """Ask whether a place, or a turn in the queue, is to be given back, and give it back."""
    registration = queries.registration_or_404(request.user, code)
    refusal = None
    if request.method == "POST":
        try:
            actions.cancel(registration, acting_user=request.user)
        except RegistrationRefused as refused:
            refusal = refused
        else:
            messages.success(request, given_back(registration))
            return redirect(ways.register_url(registration.desk.event.slug))
    context = _context(registration) | {"refusal": refusal}
    return render(request, "registrations/cancel.html", context, status=422 if refusal else 200)


def given_back(registration: Registration) -> str:
    """Return the sentence that says so, by the state it was in before."""
    match registration.state:
        case State.WAITING:
            return _("You are off the waiting list.")
        case State.ENTERED | State.PENDING:
            return _("You have taken that back.")
    return _("You have given your place back. Thank you: the next in line has it now, where somebody waits.")


@private_page(methods=_BOTH)
def accept(request: SignedInRequest, code: str) -> HttpResponse:
    """Accept the place that is offered; what must be answered first is asked."""
    registration = queries.registration_or_404(request.user, code)
    slug = registration.desk.event.slug
    if request.method != "POST":
        return redirect(ways.register_url(slug))
    try:
        actions.accept(registration, acting_user=request.user)
    except RegistrationRefused as refusal:
        if refusal.code != "answers_missing":
            messages.error(request, refusal.sentence)
        return redirect(ways.register_url(slug))
    return redirect(ways.ticket_url(registration.code, slug))
