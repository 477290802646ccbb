"""The door over HTTP, complete without JavaScript: type a code or a name, read the answer."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from myapp.checkin import actions, answers, queries, reading
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.answers import Answer
from myapp.checkin.forms import DoorForm, PlaceForm, UndoForm
from myapp.checkin.models import Direction, How
from myapp.checkin.queries import Found
from myapp.checkin.words import words_of_device
from myapp.registrations.models import Desk
from myapp.registrations.tokens import TokenRefused
from myapp.web.middleware import SecurityHeaders
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page(methods=("GET", "HEAD", "POST"))
def door(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the door; take a code, a ticket or a name, and say who may come in."""
    desk = _desk_of(request, slug)
    if request.method != "POST":
        form = DoorForm.empty(door=request.GET.get("door", "")[:40])
        return _page(request, desk, {"form": form})
    form = DoorForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, {"form": form}, status=422)
    told = form.cleaned_data
    by = Doorkeeper(request.user, told["door"])
    found = _looked_up(desk, told["ticket"], Direction(told["direction"]), told["nonce"], by)
    again = DoorForm.empty(door=told["door"], direction=told["direction"])
    if isinstance(found, Answer):
        return _page(request, desk, {"form": again, "answer": found})
    return _page(request, desk, {"form": again, "found": [(each, uuid.uuid4()) for each in found]})


@private_page(methods=("POST",))
def let_through(request: SignedInRequest, slug: str) -> HttpResponse:
    """Let one place through that was chosen from what a search found."""
    desk = _desk_of(request, slug)
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return redirect("checkin:door", slug)
    told = form.cleaned_data
    ticket = reading.Ticket(desk.pk, told["registration"], told["place"])
    by = Doorkeeper(request.user, told["door"])
    answer = _passed(desk, ticket, Direction(told["direction"]), told["nonce"], by, How.SEARCH)
    again = DoorForm.empty(door=told["door"], direction=told["direction"])
    return _page(request, desk, {"form": again, "answer": answer})


@private_page(methods=("POST",))
def undo(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take the last scan back."""
    desk = _desk_of(request, slug)
    form = UndoForm(request.POST)
    if form.is_valid() and actions.undo(desk, form.cleaned_data["nonce"], acting_user=request.user):
        messages.success(request, _("Taken back."))
    else:
        messages.error(request, _("There is nothing to take back."))
    query = urlencode({"door": form.cleaned_data.get("door", "")})
    return redirect(f"{reverse('checkin:door', args=[slug])}?{query}")


def _desk_of(request: SignedInRequest, slug: str) -> Desk:
    """Return the desk whose door the person may keep; two queries, and one for who is not staff."""
    desk = queries.desk_with_door_or_404(slug)
    actions.must_keep_door(request.user, desk)
    return desk


def _looked_up(
    desk: Desk, text: str, direction: Direction, nonce: uuid.UUID, by: Doorkeeper
) -> Answer | list[Found]:
    """Return the answer to a ticket or a code of one place; else the places that a name, or a code of several, leads to."""
    if reading.is_token(text):
        try:
            ticket = reading.ticket_of_token(text)
        except TokenRefused as refused:
            return Answer(refused.code, refused.sentence, nonce=nonce)
        return _passed(desk, ticket, direction, nonce, by, How.SCANNER)
    registration = reading.registration_of_code(text)
    if registration is not None and (not registration.guests or registration.desk_id != desk.pk):
        return _passed(desk, reading.ticket_of(registration), direction, nonce, by, How.TYPED)
    return queries.find(desk, text) or Answer(*answers.unknown(), nonce=nonce)


def _passed(
    desk: Desk, ticket: reading.Ticket, direction: Direction, nonce: uuid.UUID, by: Doorkeeper, how: How
) -> Answer:
    return actions.passed(desk, ticket, direction, nonce=nonce, by=by, how=how)


def _page(
    request: SignedInRequest, desk: Desk, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    shown = {
        "desk": desk,
        "event": desk.event,
        "words": words_of_device(),
        "paths": _paths(desk),
        "here": "door",
        **context,
    }
    response = render(request, "checkin/door.html", shown, status=status)
    response["Permissions-Policy"] = _WITH_CAMERA
    return response


# Everything else that nobody needs stays off.
_WITH_CAMERA = ", ".join(
    f"{name}={'(self)' if name == 'camera' else '()'}" for name in SecurityHeaders.UNUSED
)


def _paths(desk: Desk) -> dict[str, str]:
    """Return where a device asks."""
    slug = desk.event.slug
    names = ("states", "scan", "sync")
    return {name: reverse(f"checkin:{name}", args=[slug]) for name in names} | {
        "worker": reverse("checkin:worker")
    }
