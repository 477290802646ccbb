"""The desk of an event, for those who organise it: set up, opened and closed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from myapp.events.models import Event
from myapp.events.times import spoken_moment, spoken_period
from myapp.registrations import actions, lottery, queries, rules
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.forms.set_up import SetUp
from myapp.registrations.layout import fingerprint
from myapp.registrations.models import Desk, State
from myapp.registrations.queue import is_before_the_draw
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page(methods=("GET", "HEAD", "POST"))
def desk(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show how people register for an event, and change it; the button that adds a row shows the page with one more."""
    event = rules.event_to_run_or_404(request.user, slug)
    desk = queries.desk_with_layout(event)
    data = request.POST if request.method == "POST" else None
    form = SetUp(event, desk, request.user, data, adds=request.GET.get("add", "") if data else "")
    if data is not None and form.is_valid() and _saved(request, event, form):
        messages.success(request, _("Saved."))
        return redirect("organise:desk", event.slug)
    context = event_context(event, desk) | {"form": form}
    return render(request, "organise/desk.html", context, status=422 if form.is_wrong else 200)


def _saved(request: SignedInRequest, event: Event, form: SetUp) -> bool:
    """Whether the desk could be saved; where not, the form says why."""
    try:
        actions.save_desk(event, form.layout(), acting_user=request.user)
    except RegistrationRefused as refused:
        form.refuse(refused.sentence, fingerprint(queries.desk_with_layout(event)))
        return False
    return True


@private_page(methods=("POST",))
def pause(request: SignedInRequest, slug: str) -> HttpResponse:
    """Close registration for now, or open it again."""
    event = rules.event_to_run_or_404(request.user, slug)
    desk = queries.desk_or_404(event)
    if "open" in request.POST:
        actions.open_desk(desk, acting_user=request.user)
        messages.success(request, _("People can register again."))
    else:
        actions.close_desk(desk, acting_user=request.user)
        messages.success(request, _("Nobody can register for now. Who has a place or waits is not touched."))
    return redirect("organise:desk", event.slug)


@private_page(methods=("POST",))
def draw(request: SignedInRequest, slug: str) -> HttpResponse:
    """Make the draw, once entering has ended."""
    event = rules.event_to_run_or_404(request.user, slug)
    try:
        actions.draw(queries.desk_or_404(event), acting_user=request.user)
    except RegistrationRefused as refused:
        messages.error(request, refused.sentence)
        return redirect("organise:desk", event.slug)
    messages.success(request, _("Drawn. Everybody is told, and can check it."))
    return redirect("proof:draw", event.slug)


def event_context(event: Event, desk: Desk | None) -> dict[str, object]:
    """Return what the pages of one event have in common; one query where a draw is to come."""
    common: dict[str, object] = {"event": event, "desk": desk, "when": spoken_period(event)}
    if desk is not None and is_before_the_draw(desk):
        types = desk.types.all()
        common |= {
            "entered": desk.registrations.filter(state=State.ENTERED).count(),
            "entering_ends": spoken_moment(lottery.entering_ends(desk, types)),
            "has_ended": lottery.has_ended(desk, types),
        }
    return common
