"""Who has registered, for those who organise the event: looked at, accepted, refused, taken off, written to a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext

from myapp.events.models import Event
from myapp.registrations import actions, people, queries, rules
from myapp.registrations.forms.people import Decision
from myapp.registrations.models import Desk, State
from myapp.registrations.views.organise_desk import event_context
from myapp.web.pagination import page_of
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest

_ON_A_PAGE = 50


@private_page(methods=("GET", "HEAD", "POST"))
def people_list(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the people of an event, and do something with those that are ticked; eight queries to look at it."""
    event = rules.event_to_run_or_404(request.user, slug)
    desk = queries.desk_or_404(event)
    form = Decision(request.POST if request.method == "POST" else None)
    if form.is_valid():
        done = _decided(request, desk, form.cleaned_data)
        messages.success(
            request, ngettext("Done for %(n)s person.", "Done for %(n)s people.", done) % {"n": done}
        )
        query = request.GET.urlencode()
        return redirect(reverse("organise:people", args=[event.slug]) + (f"?{query}" if query else ""))
    context = _context(request, event, desk) | {"form": form}
    return render(request, "organise/people.html", context, status=422 if form.errors else 200)


def _decided(request: SignedInRequest, desk: Desk, given: dict[str, Any]) -> int:
    """Do what was decided, and return to how many people it applied; who is in another state by now is left alone."""
    chosen = list(desk.registrations.filter(code__in=given["chosen"]))
    if not chosen:
        return 0
    if given["do"] == "approve":
        return len(actions.approve(chosen, acting_user=request.user))
    if given["do"] == "refuse":
        return len(actions.refuse(chosen, sentence=given["sentence"], acting_user=request.user))
    live = [each for each in chosen if each.is_live]
    for registration in live:
        actions.take_off(registration, sentence=given["sentence"], acting_user=request.user)
    return len(live)


def _context(request: SignedInRequest, event: Event, desk: Desk) -> dict[str, object]:
    """Return what the list shows; two queries."""
    asked = people.Asked.parse(request.GET)
    found = people.registrations(desk, asked)
    page = page_of(found, by=asked.by, size=_ON_A_PAGE, after=request.GET.get("after", ""))
    questions = list(desk.questions.all())
    rows = [(row, people.address_of(row), people.answers(row, questions)) for row in page.rows]
    kept = request.GET.copy()
    kept.pop("after", None)
    states = people.by_state(desk)
    return event_context(event, desk) | {
        "asked": asked,
        "rows": rows,
        "states": states,
        "page": page,
        "query": kept.urlencode(),
        "can_decide": any(state == State.PENDING for state, _label, _number in states),
    }


@private_page
def people_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    """Offer the same people as a file for a spreadsheet."""
    event = rules.event_to_run_or_404(request.user, slug)
    desk = queries.desk_or_404(event)
    lines = people.csv_lines(desk, people.Asked.parse(request.GET))
    headers = {"Content-Disposition": f'attachment; filename="{event.slug}.csv"'}
    # A stream is an HttpResponseBase; what our decorators do with an answer, they do to both.
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)  # type: ignore[return-value]
