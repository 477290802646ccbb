"""The page on which one registers: choose, answer, done. Works without JavaScript, and says to visitors what they can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.rules import can_see
from myapp.events.times import spoken_period
from myapp.registrations import actions, looking, messages, queries, rules, rush, standing, ways
from myapp.registrations.desk_panel import panel_of
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.forms.registering import QuestionsForm, TicketForm, WithoutAccountForm
from myapp.registrations.models import Desk, Registration, State, TicketType
from myapp.web import errors
from myapp.web.limits import is_too_often
from myapp.web.middleware import to_sign_in
from myapp.web.policies import open_page

if TYPE_CHECKING:
    from django.http.request import QueryDict


def who(request: HttpRequest) -> User | None:
    """Return who has signed in; one query the first time a request asks."""
    return request.user if request.user.is_authenticated else None


def number(given: QueryDict, name: str) -> int:
    """Return a number that a form sent. Raises `Http404` for what no form of ours sends."""
    text = given.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Http404
    return int(text)


@open_page(methods=("GET", "HEAD", "POST"))
def register(request: HttpRequest, slug: str) -> HttpResponse:
    """Register for an event, step by step; who has registered sees where they stand."""
    user = who(request)
    desk = queries.desk_of(slug)
    if desk is None or not can_see(request.user, desk.event):
        if user is None:
            return to_sign_in(request)
        raise Http404(_("There is no registration for this event."))
    if user is None:
        return _signed_up(request, desk) if request.method == "POST" else _visitor(request, desk)
    if request.method == "POST":
        return _answered(request, desk, user) if "answering" in request.POST else _chosen(request, desk, user)
    return _page(request, desk, user)


def _page(
    request: HttpRequest,
    desk: Desk,
    user: User,
    *,
    refusal: RegistrationRefused | None = None,
    **forms: Any,
) -> HttpResponse:
    """Show the step the person is at; 422 where what they sent is to be mended or was refused."""
    context = about_event(desk) | standing.standing_of(user, looking.seen_of(user, desk), refusal=refusal)
    context["questions_url"] = context["register_url"]
    registration = cast("Registration | None", context["registration"])
    if "questions" not in forms and registration is not None and context.get("must_answer"):
        forms["questions"] = QuestionsForm(desk.questions.all())
    if "ticket" not in forms and context.get("possible"):
        forms["ticket"] = TicketForm([choice.offer.type for choice in cast("list", context["possible"])])
    status = 422 if refusal or any(form.errors for form in forms.values() if form) else 200
    return render(request, "registrations/register.html", context | forms, status=status)


def about_event(desk: Desk) -> dict[str, object]:
    """Return what pages about a registration say of its event. No queries."""
    return {"event": desk.event, "when": spoken_period(desk.event)}


def _visitor(
    request: HttpRequest,
    desk: Desk,
    *,
    refusal: RegistrationRefused | None = None,
    form: WithoutAccountForm | None = None,
) -> HttpResponse:
    """Show what there is to somebody who has not signed in, the way in, and the form where it goes without an account."""
    slug = desk.event.slug
    kinds = _kinds_without_account(desk)
    context = about_event(desk) | panel_of(desk, desk.types.all())
    context |= {"sign_in_url": ways.sign_in_url(slug), "sign_up_url": ways.sign_in_url(slug, up=True)}
    context |= {"form": form or (WithoutAccountForm(kinds) if kinds else None), "refusal": refusal}
    context |= {"is_sent": "sent" in request.GET, "minutes": int(actions.CONFIRM.total_seconds() // 60)}
    context["all_wait"] = bool(kinds) and all(standing.would_wait(desk, kind) for kind in kinds)
    status = 422 if refusal or (form is not None and form.errors) else 200
    return render(request, "registrations/register_visitor.html", context, status=status)


def _kinds_without_account(desk: Desk) -> list[TicketType]:
    kinds = desk.types.all()
    return [
        kind
        for kind in kinds
        if rules.why_not_now(kind, desk) is None and rules.why_not_for(None, kind, desk) is None
    ]


def _signed_up(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Register somebody without an account, and send their link; says the same whether they had registered before."""
    form = WithoutAccountForm(_kinds_without_account(desk), request.POST)
    if not form.is_valid():
        return _visitor(request, desk, form=form)
    email = form.cleaned_data["email"]
    if is_too_often(request, "20/h", group="registering") or is_too_often(
        request, "5/h", group="registering.address", by=lambda _request: email.lower()
    ):
        return errors.too_many_requests(request)
    try:
        wait = "wait" in request.POST
        existing = queries.live_registration_of_address(desk, email)
        if existing is not None:
            messages.told_again(existing)
            actions.refuse_as_anybody(form.kind, desk, guests=form.guests, wait=wait)
        else:
            name = form.cleaned_data["name"]
            actions.register(
                form.kind, acting_user=None, guests=form.guests, email=email, name=name, wait=wait
            )
    except RegistrationRefused as refusal:
        return _visitor(request, desk, refusal=refusal, form=form)
    return redirect(f"{ways.register_url(desk.event.slug)}?sent=1")


def _chosen(request: HttpRequest, desk: Desk, user: User) -> HttpResponse:
    """Register with the ticket and the guests chosen; one guest more than nobody goes the longer way."""
    kinds = list(desk.types.all())
    form = TicketForm(kinds, request.POST)
    if not form.is_valid():
        return _page(request, desk, user, ticket=form)
    wait = "wait" in request.POST
    try:
        if form.guests:
            made = actions.register(form.kind, acting_user=user, guests=form.guests, wait=wait)
        else:
            pressed = rush.press(desk.event.slug, form.kind.pk, lambda: user, wait=wait)
            made = pressed.registration or Registration.objects.get(code=pressed.code)
    except RegistrationRefused as refusal:
        return _page(request, desk, user, refusal=refusal, ticket=form)
    return redirect(_next_step(made, desk), permanent=False)


def _next_step(registration: Registration, desk: Desk) -> str:
    """Where it goes on: to the questions where a place is held for them, else to the ticket."""
    is_unanswered = desk.asks and registration.answered_at is None
    if registration.state in {State.HELD, State.OFFERED} or (is_unanswered and registration.is_live):
        return ways.register_url(desk.event.slug)
    return ways.ticket_url(registration.code)


def _answered(request: HttpRequest, desk: Desk, user: User) -> HttpResponse:
    """Take the answers for the registration that was asked about, even where its hold has run out meanwhile."""
    registration = queries.latest_registration(desk, user)
    if registration is None:
        return redirect(ways.register_url(desk.event.slug))
    form = QuestionsForm(desk.questions.all(), request.POST)
    if not form.is_valid():
        return _page(request, desk, user, questions=form)
    try:
        made = actions.answer(registration, form.answers, acting_user=user)
    except RegistrationRefused as refusal:
        return _page(request, desk, user, refusal=refusal)
    return redirect(ways.ticket_url(made.code))
