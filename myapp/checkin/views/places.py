"""Who stands at the door without a ticket: walk-ins, the waiting list, and the places of who is not there."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext

from myapp.checkin import actions, queries, rules
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.forms import QueueForm, WalkInForm
from myapp.checkin.models import Device, Presence
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Desk, Registration
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page(methods=("GET", "HEAD", "POST"))
def places(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what is free and who waits; register somebody at the door."""
    desk = _desk_of(request, slug)
    if request.method != "POST":
        return _page(request, desk, {})
    form = WalkInForm(request.POST, desk=desk)
    if not form.is_valid():
        return _page(request, desk, {"form": form}, status=422)
    told = {"past_queue": False, **form.cleaned_data}
    by = Doorkeeper(request.user, told.pop("door"))
    answer = actions.walk_in(desk, told.pop("ticket_type"), by=by, **told)
    again = None if answer.is_let_through else form
    return _page(request, _desk_of(request, slug), {"answer": answer, "form": again})


@private_page(methods=("POST",))
def from_queue(request: SignedInRequest, slug: str) -> HttpResponse:
    """Let somebody of the waiting list in who is there."""
    desk = _desk_of(request, slug)
    form = QueueForm(request.POST)
    if not form.is_valid():
        return redirect("checkin:places", slug)
    told = form.cleaned_data
    registration = get_object_or_404(Registration, pk=told["registration"], desk=desk)
    by = Doorkeeper(request.user, told["door"])
    answer = actions.let_in_from_queue(desk, registration, nonce=told["nonce"], by=by)
    return _page(request, _desk_of(request, slug), {"answer": answer})


@private_page(methods=("POST",))
def release(request: SignedInRequest, slug: str) -> HttpResponse:
    """Free the places of who has not come."""
    desk = _desk_of(request, slug)
    try:
        number = sum(each.places for each in actions.release_places(desk, acting_user=request.user))
    except RegistrationRefused as refused:
        messages.error(request, refused.sentence)
    else:
        freed = ngettext("%(number)s place is free now.", "%(number)s places are free now.", number)
        messages.success(request, freed % {"number": number})
    return redirect("checkin:places", slug)


def _desk_of(request: SignedInRequest, slug: str) -> Desk:
    desk = queries.desk_with_door_or_404(slug)
    actions.must_keep_door(request.user, desk)
    return desk


def _page(
    request: SignedInRequest, desk: Desk, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    room = desk.event.room.capacity if desk.event.room else None
    shown = {
        "desk": desk,
        "event": desk.event,
        "queue": [(each, uuid.uuid4()) for each in queries.queue_of(desk)],
        "not_there": queries.not_there(desk),
        "released_from": queries.released_from(desk),
        "decides": rules.can_run_door(request.user, desk),
        "unsent": [device for device in Device.objects.filter(desk=desk) if device.unsent],
        "is_full": room is not None and Presence.objects.filter(desk=desk, is_in=True).count() >= room,
        "here": "places",
        **context,
    }
    shown["form"] = shown.get("form") or WalkInForm(desk=desk, initial={"nonce": uuid.uuid4()})
    return render(request, "checkin/places.html", shown, status=status)
