"""The strikes of an event, for those who organise it: who has one, what they say to it, and taking it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from myapp.registrations import actions, queries, rules
from myapp.registrations.models import Strike
from myapp.registrations.views.organise_desk import event_context
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest

_MOST = 500


@private_page(methods=("GET", "HEAD", "POST"))
def strikes(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the strikes of an event, those that were appealed first; a button takes one back. Seven queries."""
    event = rules.event_to_run_or_404(request.user, slug)
    given = Strike.objects.filter(registration__desk=event.pk).select_related("user")
    if request.method == "POST":
        key = request.POST.get("strike", "")
        strike = get_object_or_404(given, pk=key if key.isdecimal() and len(key) < 16 else 0)
        actions.lift_strike(strike, acting_user=request.user)
        messages.success(request, _("Taken back: it does not count any more."))
        return redirect("organise:strikes", event.slug)
    listed = given.order_by("appealed_at", "pk")[:_MOST]
    context = event_context(event, queries.desk_or_404(event)) | {"strikes": listed}
    return render(request, "organise/strikes.html", context)
