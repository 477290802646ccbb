"""Places left: the stream of an open page, and the part it asks for where there is no stream."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import get_language

from myapp.registrations import keys, live
from myapp.registrations.seats import Board, board_of
from myapp.web import streams
from myapp.web.policies import link_page, public_page, stream


@stream
def seats_stream(request: HttpRequest, code: str) -> HttpResponseBase:
    """Stay, and say how many places are left whenever that changes; no query where others watch the event, else one.

    204 where there is no room for a stream, 404 where there is nothing that everybody may know.
    """
    return _stream(request, code)


@stream
def seats_stream_by_key(request: HttpRequest, key: str) -> HttpResponseBase:
    """Do the same for an event that is not open to everyone: its page has the key. 404 where that does not hold."""
    return _stream(request, keys.code_of_seats(key), has_key=True)


def _stream(request: HttpRequest, code: str | None, *, has_key: bool = False) -> HttpResponseBase:
    last = request.META.get("HTTP_LAST_EVENT_ID", "")
    seen = int(last) if last.isdecimal() and len(last) < 19 else -1
    board = _known(live.hub.board(code, seen, has_key=has_key) if code else None, has_key=has_key)
    if not (streams.has_room() and live.can_listen()):
        return streams.no_room()
    language = get_language() or ""
    return streams.Held(request, lambda held: live.hub.join(held, board, language, seen, has_key=has_key))


@public_page(keep=5)
def seats_part(request: HttpRequest, code: str) -> HttpResponse:
    """Say how many places are left; one query."""
    return _part(request, _known(board_of(code)))


@link_page()
def seats_part_by_key(request: HttpRequest, key: str) -> HttpResponse:
    """Say the same of an event that is not open to everyone; one query."""
    code = keys.code_of_seats(key)
    return _part(request, _known(board_of(code) if code else None, has_key=True))


def _part(request: HttpRequest, board: Board) -> HttpResponse:
    return TemplateResponse(request, "registrations/_seats_now.html", {"seats": board.seats})


def _known(board: Board | None, *, has_key: bool = False) -> Board:
    """Return the board where whoever asks may know it."""
    if board is None or not (board.open or has_key):
        raise Http404
    return board
