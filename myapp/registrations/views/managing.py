"""What people do with what they have: confirm, accept, answer, change, give back.

Each page exists twice: under /tickets/ for who has signed in, under /r/ for who has the key from our mail. There no session
is touched, and what is in an account by now is there.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.times import spoken_period
from myapp.registrations import actions, keys, queries, rules, ways
from myapp.registrations.errors import RegistrationRefused
from myapp.registrations.forms.registering import QuestionsForm, TicketForm
from myapp.registrations.models import Registration, State, TicketType
from myapp.registrations.standing import about
from myapp.web.policies import link_page, private_page
from myapp.web.requests import SignedInRequest

_BOTH = ("GET", "HEAD", "POST")
Page = Callable[[HttpRequest, Registration, User | None], HttpResponse]


def _own(request: SignedInRequest, code: str, page: Page) -> HttpResponse:
    return page(request, queries.registration_or_404(request.user, code), request.user)


def _by_key(request: HttpRequest, key: str, page: Page) -> HttpResponse:
    registration = keys.registration_of(key)
    if registration is None:
        raise Http404(_("This link is not complete, or the ticket has another one by now."))
    if registration.user_id is not None:
        return redirect(ways.way_on(registration))
    return page(request, registration, None)


def _shown(
    request: HttpRequest,
    template: str,
    registration: Registration,
    *,
    refusal: RegistrationRefused | None = None,
    form: QuestionsForm | TicketForm | None = None,
) -> HttpResponse:
    """Show a page about a registration; 422 where a form is to be mended or something was refused."""
    desk = registration.desk
    context = about(registration, desk) | {
        "base": "private.html" if registration.user_id else "link.html",
        "event": desk.event,
        "when": spoken_period(desk.event),
        "desk": desk,
        "registration": registration,
        "back_url": ways.way_on(registration),
        "register_again_url": ways.register_url(desk.event.slug),
        "refusal": refusal,
        "form": form,
    }
    status = 422 if refusal or (form is not None and form.errors) else 200
    return render(request, f"registrations/{template}", context, status=status)


@private_page(methods=_BOTH)
def cancel(request: SignedInRequest, code: str) -> HttpResponse:
    """Ask whether a place, or a turn in the queue, is to be given back, and give it back."""
    return _own(request, code, _cancel)


@link_page(methods=_BOTH)
def cancel_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """The same for who has the key."""
    return _by_key(request, key, _cancel)


def _cancel(request: HttpRequest, registration: Registration, user: User | None) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            actions.cancel(registration, acting_user=user)
        except RegistrationRefused as refused:
            refusal = refused
        else:
            return redirect(ways.way_on(registration))
    return _shown(request, "cancel.html", registration, refusal=refusal)


@private_page(methods=_BOTH)
def accept(request: SignedInRequest, code: str) -> HttpResponse:
    """Accept the place that is offered; what must be answered first is asked."""
    return _own(request, code, _accept)


@link_page(methods=_BOTH)
def accept_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """The same for who has the key."""
    return _by_key(request, key, _accept)


def _accept(request: HttpRequest, registration: Registration, user: User | None) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            actions.accept(registration, acting_user=user)
        except RegistrationRefused as refused:
            if refused.code == "answers_missing":
                return redirect(ways.way_to(registration, "answers"))
            refusal = refused
        else:
            return redirect(ways.way_on(registration))
    return _shown(request, "accept.html", registration, refusal=refusal)


@private_page(methods=_BOTH)
def answers(request: SignedInRequest, code: str) -> HttpResponse:
    """Answer the questions, or change what was answered until registration closes."""
    return _own(request, code, _answers)


@link_page(methods=_BOTH)
def answers_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """The same for who has the key."""
    return _by_key(request, key, _answers)


def _answers(request: HttpRequest, registration: Registration, user: User | None) -> HttpResponse:
    questions = registration.desk.questions.all()
    if request.method != "POST":
        form = QuestionsForm(questions, answers=registration.answers)
        return _shown(request, "answers.html", registration, form=form)
    form = QuestionsForm(questions, request.POST)
    if not form.is_valid():
        return _shown(request, "answers.html", registration, form=form)
    try:
        made = actions.answer(registration, form.answers, acting_user=user)
    except RegistrationRefused as refusal:
        return _shown(request, "answers.html", registration, refusal=refusal, form=form)
    return redirect(ways.way_on(made))


@private_page(methods=_BOTH)
def change(request: SignedInRequest, code: str) -> HttpResponse:
    """Change the ticket or the guests, without losing the place."""
    return _own(request, code, _change)


@link_page(methods=_BOTH)
def change_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """The same for who has the key."""
    return _by_key(request, key, _change)


def _change(request: HttpRequest, registration: Registration, user: User | None) -> HttpResponse:
    kinds = _kinds_for(registration)
    if request.method != "POST":
        names = {f"guest_{number}": name for number, name in enumerate(registration.guests, 1)}
        form = TicketForm(kinds, initial={"ticket": str(registration.ticket_type_id), **names})
        return _shown(request, "change.html", registration, form=form)
    form = TicketForm(kinds, request.POST)
    if not form.is_valid():
        return _shown(request, "change.html", registration, form=form)
    try:
        actions.change(registration, ticket_type=form.kind, guests=form.guests, acting_user=user)
    except RegistrationRefused as refusal:
        return _shown(request, "change.html", registration, refusal=refusal, form=form)
    return redirect(ways.way_on(registration))


def _kinds_for(registration: Registration) -> list[TicketType]:
    """Return the ticket types that the person can have, with the one they have."""
    desk, user = registration.desk, registration.user
    return [
        kind
        for kind in desk.types.select_related("organisation", "department")
        if kind.pk == registration.ticket_type_id
        or not (kind.needs_approval or rules.why_not_now(kind, desk) or rules.why_not_for(user, kind, desk))
    ]


@link_page(methods=_BOTH)
def confirm_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """Let somebody say that the address is theirs. Looking changes nothing: programs that check mails look, too."""
    return _by_key(request, key, _confirm)


def _confirm(request: HttpRequest, registration: Registration, _user: User | None) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            confirmed = actions.confirm_address(registration)
        except RegistrationRefused as refused:
            refusal = refused
        else:
            return redirect(_after_confirming(confirmed))
    elif registration.is_somebodys:
        return redirect(ways.way_on(registration))
    return _shown(request, "confirm.html", registration, refusal=refusal)


def _after_confirming(registration: Registration) -> str:
    """Where it goes on: to the questions, to the ticket, or to the account that has the same address."""
    account = queries.account_of(registration.email)
    if account is not None:
        actions.join_account(account, registration.email)
        registration.user = account
    unanswered = registration.desk.asks and registration.answered_at is None
    if unanswered and registration.state == State.HELD:
        return ways.way_to(registration, "answers")
    return ways.way_on(registration)
