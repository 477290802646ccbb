"""Handing a ticket on, and taking one that is offered."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.times import spoken_moment, spoken_period
from myapp.registrations import actions, keys, queries, rules, ways
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.forms.handing_on import HandOnForm, TakeOverForm
from myapp.registrations.models import HandOn, Registration
from myapp.web.limits import limited
from myapp.web.policies import link_page, open_page, private_page
from myapp.web.requests import SignedInRequest

_BOTH = ("GET", "HEAD", "POST")


@private_page(methods=_BOTH)
@limited("30/h", group="hand_on")
def hand_on(request: SignedInRequest, code: str) -> HttpResponse:
    """Offer a ticket to an address, or take the offer back."""
    return _hand_on(request, queries.registration_or_404(request.user, code), request.user)


@link_page(methods=_BOTH)
@limited("30/h", group="hand_on")
def hand_on_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """The same for who has the key."""
    registration = keys.registration_of(key)
    if registration is None:
        raise Http404(_("This link is not complete, or the ticket has another one by now."))
    if registration.user_id is not None:
        return redirect(ways.way_on(registration))
    return _hand_on(request, registration, None)


def _hand_on(request: HttpRequest, registration: Registration, user: User | None) -> HttpResponse:
    form, refusal = HandOnForm(), rules.why_not_hand_on(registration, registration.desk)
    if request.method == "POST" and "take_back" in request.POST:
        actions.take_back(registration, acting_user=user)
        return redirect(request.path)
    if request.method == "POST":
        form = HandOnForm(request.POST)
        try:
            if form.is_valid():
                actions.hand_on(registration, form.cleaned_data["email"], acting_user=user)
                return redirect(request.path)
        except RegistrationRefused as refused:
            refusal = refused
    return _offer_page(request, registration, form, refusal)


def _offer_page(
    request: HttpRequest, registration: Registration, form: HandOnForm, refusal: RegistrationRefused | None
) -> HttpResponse:
    """Show to whom a ticket is offered, or ask for that; one query."""
    offer = queries.standing_offer(registration)
    context = {
        "base": "private.html" if registration.user_id else "link.html",
        "event": registration.desk.event,
        "when": spoken_period(registration.desk.event),
        "registration": registration,
        "back_url": ways.way_on(registration),
        "offer": offer,
        "until": spoken_moment(offer.until) if offer else "",
        "refusal": refusal,
        "is_possible": rules.why_not_hand_on(registration, registration.desk) is None,
        "form": form,
    }
    wrong = request.method == "POST"
    return render(request, "registrations/hand_on.html", context, status=422 if wrong else 200)


@open_page(methods=_BOTH)
def take_over(request: HttpRequest, key: str) -> HttpResponse:
    """Take a ticket that is offered: signed in with one tap, else with a name where the event lets people in without an account."""
    offer = keys.offer_of(key)
    if offer is None:
        raise Http404(_("This link is not complete. Copy all of it from the mail."))
    user = request.user if isinstance(request.user, User) else None
    form = TakeOverForm(request.POST or None)
    refusal = rules.why_not_take_over(offer, offer.registration.desk, user)
    if request.method == "POST" and (user is not None or form.is_valid()):
        try:
            name = "" if user else form.cleaned_data["name"]
            taken = actions.take_over(offer, acting_user=user, name=name)
        except RegistrationRefused as refused:
            refusal = refused
        else:
            messages.success(request, _("The ticket is yours."))
            return redirect(ways.way_on(taken))
    return _taking_page(request, offer, form, refusal)


def _taking_page(
    request: HttpRequest, offer: HandOn, form: TakeOverForm, refusal: RegistrationRefused | None
) -> HttpResponse:
    """Show the ticket that is offered, and what there is to do. No queries."""
    here = urlencode({"next": request.path})
    context = {
        "event": offer.registration.desk.event,
        "when": spoken_period(offer.registration.desk.event),
        "offer": offer,
        "registration": offer.registration,
        "until": spoken_moment(offer.until),
        "refusal": refusal,
        "must_sign_in": refusal is not None and refusal.code == "sign_in",
        "form": form,
        "sign_in_url": f"{reverse('account_login')}?{here}",
        "sign_up_url": f"{reverse('account_signup')}?{here}",
    }
    wrong = request.method == "POST"
    return render(request, "registrations/take_over.html", context, status=422 if wrong else 200)
