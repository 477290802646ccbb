"""What anybody can check: the log of who came when, and the draw. Nobody's name stands there."""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from myapp.events.rules import is_open_to_everyone
from myapp.events.times import spoken_moment, spoken_period
from myapp.events.views.details import event_or_way_on
from myapp.registrations import lottery, queries, signing
from myapp.registrations.log_file import head_of, text_of
from myapp.registrations.models import Because, Desk, Draw, LogEntry, Mode, State
from myapp.web.pagination import page_of
from myapp.web.policies import public_page

if TYPE_CHECKING:
    from collections.abc import Callable

_LINES = 100


def _of_a_desk(view: Callable[[HttpRequest, Desk], HttpResponse]) -> Callable[..., HttpResponse]:
    """Give a view the desk of the event in its address, with its types; four queries.

    Answers itself where the event is not for everyone, has another address by now, or has no registration.
    """

    @wraps(view)
    def page(request: HttpRequest, slug: str) -> HttpResponse:
        event = event_or_way_on(slug)
        if not is_open_to_everyone(event):
            context = {"visibility": event.visibility, "slug": slug}
            return TemplateResponse(request, "events/restricted.html", context)
        match = request.resolver_match
        if slug != event.slug and match is not None:
            return HttpResponsePermanentRedirect(reverse(match.view_name, args=[event.slug]))
        return view(request, queries.desk_or_404(event))

    return page


@public_page(keep=30, reads=("after",))
@_of_a_desk
def log(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the log of an event, the newest line first, a hundred at a time; five queries."""
    lines = LogEntry.objects.filter(desk=desk)
    page = page_of(lines, by=("-number",), size=_LINES, after=request.GET.get("after", ""))
    names = {kind.pk: kind.name for kind in desk.types.all()}
    context = _context(desk) | {
        "page": page,
        "rows": [(entry, names.get(entry.ticket_type or 0, ""), *_words(entry)) for entry in page.rows],
        "head": head_of(desk),
        "key": signing.public_keys()[0],
    }
    return TemplateResponse(request, "proof/log.html", context)


def _words(entry: LogEntry) -> tuple[str, str]:
    """What a line says has happened, and why."""
    state = dict(State.choices).get(entry.state, "")
    return str(state), str(dict(Because.choices).get(entry.because, ""))


@public_page(keep=30)
@_of_a_desk
def log_text(_request: HttpRequest, desk: Desk) -> HttpResponse:
    """Offer the whole log as a file; five queries."""
    return HttpResponse(text_of(desk), content_type="text/plain; charset=utf-8")


@public_page(keep=30)
@_of_a_desk
def draw(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the draw of an event: how it will be made, or what came of it and how to check that; five queries."""
    told = _draw_of(desk)
    drawn = told.get("result", [])
    context = _context(desk) | {
        "told": told,
        "rows": [
            (each["alias"], each["has_place"], lottery.rank(told["seed"], each["alias"])) for each in drawn
        ],
        "number_drawn": sum(1 for each in drawn if each["has_place"]),
        "entering_ends": spoken_moment(lottery.entering_ends(desk, desk.types.all())),
        "draw_at": spoken_moment(desk.draw_at) if desk.draw_at else "",
        "drawn_at": spoken_moment(desk.drawn_at) if desk.drawn_at else "",
    }
    return TemplateResponse(request, "proof/draw.html", context)


@public_page(keep=30)
@_of_a_desk
def draw_json(_request: HttpRequest, desk: Desk) -> HttpResponse:
    """Offer what the draw is checked by; five queries."""
    text = json.dumps(_draw_of(desk), ensure_ascii=False, indent=1)
    return HttpResponse(text, content_type="application/json")


def _draw_of(desk: Desk) -> dict[str, Any]:
    """Return what is published of the draw by now; one query. Raises `Http404` where none is to be made."""
    if desk.mode != Mode.LOTTERY:
        raise Http404(_("There is no draw for this event."))
    if desk.drawn_at is None:
        entered = desk.registrations.filter(state=State.ENTERED).count()
        return lottery.before(desk, list(desk.types.all()), entered)
    told: dict[str, Any] = Draw.objects.values_list("published", flat=True).get(desk=desk)
    return told


def _context(desk: Desk) -> dict[str, object]:
    return {"desk": desk, "event": desk.event, "when": spoken_period(desk.event)}
