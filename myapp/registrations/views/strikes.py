"""One's own strikes: what for, until when, and saying that one is not fair."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from myapp.registrations import actions
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.forms.strikes import AppealForm
from myapp.registrations.models import Strike
from myapp.registrations.strikes import MANY
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page(methods=("GET", "HEAD", "POST"))
def mine(request: SignedInRequest) -> HttpResponse:
    """List the person's strikes, and take note of what they say to one; two queries to look at it."""
    given = Strike.objects.filter(user=request.user).select_related("registration__desk__event")
    form = AppealForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        strike = get_object_or_404(given, pk=form.cleaned_data["strike"])
        try:
            actions.appeal_strike(strike, form.cleaned_data["appeal"], acting_user=request.user)
            messages.success(request, _("The organisers see what you wrote."))
        except RegistrationRefused as refused:
            messages.error(request, refused.sentence)
        return redirect("strikes:mine")
    strikes = list(given)
    live = sum(1 for strike in strikes if strike.is_live())
    context = {"strikes": strikes, "live": live, "many": MANY, "form": form}
    return render(request, "registrations/strikes.html", context, status=422 if form.errors else 200)
