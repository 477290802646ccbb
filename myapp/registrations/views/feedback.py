"""Saying how it was, and reading it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.times import spoken_period
from myapp.registrations import actions, keys, queries, rules
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.forms.feedback import STARS, FeedbackForm
from myapp.registrations.models import MOST_STARS, Registration
from myapp.registrations.views.organise_desk import event_context
from myapp.web.pagination import page_of
from myapp.web.policies import link_page, private_page
from myapp.web.requests import SignedInRequest

_BOTH = ("GET", "HEAD", "POST")
_ON_A_PAGE = 50


@private_page(methods=_BOTH)
def feedback(request: SignedInRequest, code: str) -> HttpResponse:
    """Ask how it was, and keep the answer."""
    return _asked(request, queries.registration_or_404(request.user, code), request.user)


@link_page(methods=_BOTH)
def feedback_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """The same for who has the key."""
    registration = keys.registration_of(key)
    if registration is None:
        raise Http404(_("This link is not complete, or the ticket has another one by now."))
    if registration.user_id is not None:
        return redirect("registrations:feedback", registration.code)
    return _asked(request, registration, None)


def _asked(request: HttpRequest, registration: Registration, user: User | None) -> HttpResponse:
    given = queries.feedback_of(registration)
    before = {"stars": given.stars, "text": given.text} if given else None
    form = FeedbackForm(request.POST if request.method == "POST" else None, initial=before)
    refusal = None
    if form.is_valid():
        try:
            actions.give_feedback(registration, acting_user=user, **form.cleaned_data)
        except RegistrationRefused as refused:
            refusal = refused
        else:
            return redirect(request.path)
    event = registration.desk.event
    context = {
        "event": event,
        "when": spoken_period(event),
        "form": form,
        "given": given,
        "refusal": refusal,
        "can_say": rules.can_give_feedback(registration),
    }
    is_wrong = refusal is not None or form.is_bound
    return render(request, "registrations/feedback.html", context, status=422 if is_wrong else 200)


@private_page
def feedback_list(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show organisers what people thought of an event, without their names: how many stars how often, and the words."""
    event = rules.event_to_run_or_404(request.user, slug)
    counted = queries.stars_of(event)
    total = sum(counted.values())
    said = queries.words_about(event)
    context = event_context(event, None) | {
        "rows": [(stars, label, counted.get(stars, 0)) for stars, label in STARS],
        "total": total,
        "most": MOST_STARS,
        "average": sum(stars * number for stars, number in counted.items()) / total if total else None,
        "page": page_of(said, by=("-pk",), size=_ON_A_PAGE, after=request.GET.get("after", "")),
    }
    return render(request, "organise/feedback.html", context)
