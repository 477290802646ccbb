"""The live board."""

from django.http import HttpResponse
from django.shortcuts import render

from myapp.checkin import actions, queries
from myapp.checkin.board import board_of
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page
def board(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show who is in and who is expected."""
    return _board(request, slug, "checkin/board.html")


@private_page
def board_now(request: SignedInRequest, slug: str) -> HttpResponse:
    """Answer with the numbers alone, for a board that is open."""
    return _board(request, slug, "checkin/_board.html")


def _board(request: SignedInRequest, slug: str, template: str) -> HttpResponse:
    """Nine queries, ten where somebody was let in twice."""
    desk = queries.desk_with_door_or_404(slug)
    actions.must_keep_door(request.user, desk)
    return render(request, template, {"event": desk.event, "board": board_of(desk), "here": "board"})
