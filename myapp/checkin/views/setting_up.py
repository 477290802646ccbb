"""What organisers decide about the door: who helps, whose names devices know, whether people check themselves in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from myapp.checkin import actions, queries
from myapp.checkin.forms import HelperForm, SettingsForm
from myapp.checkin.models import DoorSettings, Helper
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.models import Desk
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page(methods=("GET", "HEAD", "POST"))
def setup(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show and save what was decided."""
    desk = _desk_of(request, slug)
    form = _settings(desk, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.set_door(desk, **form.cleaned_data, acting_user=request.user)
        messages.success(request, _("Saved."))
        return redirect("checkin:setup", slug)
    return _page(request, desk, {"form": form}, status=422 if form.errors else 200)


@private_page(methods=("POST",))
def add_helper(request: SignedInRequest, slug: str) -> HttpResponse:
    """Let somebody help at the door."""
    desk = _desk_of(request, slug)
    form = HelperForm(request.POST)
    if form.is_valid():
        try:
            actions.name_helper(desk, form.cleaned_data["person"], acting_user=request.user)
        except RegistrationRefused as refused:
            form.add_error("person", refused.sentence)
        else:
            return redirect("checkin:setup", slug)
    return _page(request, desk, {"helper_form": form}, status=422)


@private_page(methods=("POST",))
def remove_helper(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Let somebody help no longer; what they scanned stays."""
    desk = _desk_of(request, slug)
    actions.dismiss_helper(desk, pk, acting_user=request.user)
    return redirect("checkin:setup", slug)


def _desk_of(request: SignedInRequest, slug: str) -> Desk:
    desk = queries.desk_with_door_or_404(slug)
    actions.must_run_door(request.user, desk)
    return desk


def _settings(desk: Desk, data: Any = None) -> SettingsForm:
    """The form of what was decided. It changes nothing by itself: the action saves."""
    return SettingsForm(data, instance=DoorSettings.objects.filter(desk=desk).first(), desk=desk)


def _page(
    request: SignedInRequest, desk: Desk, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    shown = {
        "event": desk.event,
        "helpers": Helper.objects.filter(event=desk.event_id)
        .select_related("user")
        .order_by("user__name", "pk"),
        "helper_form": HelperForm(),
        "here": "setup",
        **context,
    }
    shown.setdefault("form", _settings(desk))
    return render(request, "checkin/setup.html", shown, status=status)
