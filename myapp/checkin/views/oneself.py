"""Checking in oneself: the code on the screen in the room, and the page that it leads to."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from myapp.checkin import actions, queries, rotating
from myapp.checkin.models import DoorSettings
from myapp.registrations.models import Desk
from myapp.web import errors
from myapp.web.limits import is_too_often
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page
def code(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the code of now, for a screen in the room."""
    return _code(request, slug, "checkin/code.html")


@private_page
def code_now(request: SignedInRequest, slug: str) -> HttpResponse:
    """Answer with the code alone, for a screen that is on."""
    return _code(request, slug, "checkin/_code.html")


def _code(request: SignedInRequest, slug: str, template: str) -> HttpResponse:
    desk = queries.desk_with_door_or_404(slug)
    actions.must_keep_door(request.user, desk)
    is_on = DoorSettings.objects.filter(desk=desk, can_check_in_oneself=True).exists()
    drawing = rotating.drawing(desk, timezone.now()) if is_on else ""
    return render(request, template, {"event": desk.event, "drawing": drawing, "here": "code"})


@private_page(methods=("GET", "HEAD", "POST"))
def check_in(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take the code that was scanned, then the button that was pressed. Looking changes nothing."""
    desk = queries.desk_with_door_or_404(slug)
    if _is_too_often(request):
        return errors.too_many_requests(request)
    if request.method == "POST":
        nonce = rotating.read_proof(request.POST.get("proof", ""), request.user, desk)
        answer = actions.check_in_oneself(desk, nonce=nonce, acting_user=request.user) if nonce else None
        return _told(request, desk, {"answer": answer, "is_late": nonce is None})
    if not rotating.is_shown(request.GET.get("c", ""), desk, timezone.now()):
        return _told(request, desk, {"is_late": True})
    return _told(request, desk, {"proof": rotating.proof_for(request.user, desk)})


def _is_too_often(request: SignedInRequest) -> bool:
    """Thirty a minute and person: enough for everybody who fumbles, too few for who guesses."""
    by = str(request.user.pk)
    return is_too_often(
        request, "30/m", group="checkin-self", methods=("GET", "POST"), by=lambda _request: by
    )


def _told(request: SignedInRequest, desk: Desk, context: dict[str, object]) -> HttpResponse:
    return render(request, "checkin/self.html", {"event": desk.event, **context})
