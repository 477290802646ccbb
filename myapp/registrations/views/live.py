"""Places left: the stream of an open page, and the part it asks for where there is no stream."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import get_language

from myapp.registrations import live
from myapp.registrations.seats import board_of
from myapp.web import streams
from myapp.web.policies import public_page, stream


@stream
def seats_stream(request: HttpRequest, code: str) -> HttpResponseBase:
    """Stay, and say how many places are left whenever that changes; no query where others watch the event, else one.

    204 where there is no room for a stream, 404 where there is nothing that everybody may know.
    """
    last = request.META.get("HTTP_LAST_EVENT_ID", "")
    seen = int(last) if last.isdecimal() and len(last) < 19 else -1
    board = live.hub.board(code, seen)
    if board is None:
        raise Http404
    if not (streams.has_room() and live.can_listen()):
        return streams.no_room()
    language = get_language() or ""
    return streams.Held(request, lambda held: live.hub.join(held, board, language, seen))


@public_page(keep=5)
def seats_part(request: HttpRequest, code: str) -> HttpResponse:
    """Say how many places are left; one query."""
    board = board_of(code)
    if board is None:
        raise Http404
    return TemplateResponse(request, "registrations/_seats_now.html", {"seats": board.seats})
