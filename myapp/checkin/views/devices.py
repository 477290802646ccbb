"""What the door's devices ask for and send, in JSON."""

from __future__ import annotations

import json
from functools import wraps
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.translation import gettext as _

from myapp.checkin import actions, queries, reading, rules
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.answers import Answer, unknown
from myapp.checkin.merging import Merged
from myapp.checkin.reports import Asked, read_asked, read_report
from myapp.checkin.states import milliseconds, states_of
from myapp.registrations.errors import NotAllowed
from myapp.registrations.models import Desk
from myapp.registrations.tokens import TokenRefused
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest

if TYPE_CHECKING:
    from collections.abc import Callable


def _in_json(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer refusals as a program reads them."""

    @wraps(view)
    def answer(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotAllowed as error:
            return JsonResponse({"code": "not_allowed", "sentence": str(error)}, status=403)
        except BadRequest as error:
            return JsonResponse({"code": "nonsense", "sentence": str(error)}, status=400)

    return answer


@private_page
@_in_json
def states(request: SignedInRequest, slug: str) -> HttpResponse:
    """Give a device all it needs to go on without a network; 304 where it has that. Seven queries."""
    desk = queries.desk_with_door_or_404(slug)
    actions.must_keep_door(request.user, desk)
    body = json.dumps(states_of(desk), ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["ETag"] = etag
    # The page may be days old when it sends; its proof of origin need not be.
    response["X-CSRFToken"] = get_token(request)
    return response


@private_page(methods=("POST",))
@_in_json
def scan(request: SignedInRequest, slug: str) -> HttpResponse:
    """Answer one scan of a device that has a network; three queries where it lets somebody through."""
    desk = _kept_desk(request, slug)
    asked = read_asked(request.body)
    by = Doorkeeper(request.user, asked.door, asked.device)
    answer = _answered(desk, asked, by)
    return JsonResponse({"now": milliseconds(timezone.now()), **_told(answer)})


def _kept_desk(request: SignedInRequest, slug: str) -> Desk:
    """Return the desk; what is sent is not even read of who may not keep its door. One query. Raises `NotAllowed`."""
    desk, may = rules.kept_door_or_404(request.user, slug)
    if not may:
        raise NotAllowed(_("Only people who act for the organiser may keep this door."))
    return desk


def _answered(desk: Desk, asked: Asked, by: Doorkeeper) -> Answer:
    try:
        ticket = _ticket(desk, asked)
    except TokenRefused as refused:
        return Answer(refused.code, refused.sentence, nonce=asked.nonce)
    if ticket is None:
        return Answer(*unknown(), nonce=asked.nonce)
    return actions.passed(desk, ticket, asked.direction, nonce=asked.nonce, by=by, how=asked.how)


def _ticket(desk: Desk, asked: Asked) -> reading.Ticket | None:
    if asked.registration:
        return reading.Ticket(desk.pk, asked.registration, asked.place)
    if reading.is_token(asked.text):
        return reading.ticket_of_token(asked.text)
    registration = reading.registration_of_code(asked.text)
    return reading.ticket_of(registration, asked.place) if registration else None


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "code": answer.code,
        "sentence": answer.sentence,
        "name": answer.name,
        "type": answer.ticket_type,
        "registration": answer.registration,
        "place": answer.place,
        "at": milliseconds(answer.at) if answer.at else None,
    }


@private_page(methods=("POST",))
@_in_json
def sync(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take what a device has seen without a network, and say what became of each scan."""
    desk = _kept_desk(request, slug)
    now = timezone.now()
    report = read_report(request.body, now=now)
    by = Doorkeeper(request.user, report.door, report.device)
    merged = actions.merge_scans(desk, report.seen, by=by, ahead=report.ahead, unsent=report.unsent)
    return JsonResponse({"now": milliseconds(now), "scans": [_became(each) for each in merged]})


def _became(merged: Merged) -> dict[str, Any]:
    others = [{"at": milliseconds(other.at), "door": other.door} for other in merged.others]
    return {"nonce": str(merged.nonce), "code": merged.code, "others": others}
