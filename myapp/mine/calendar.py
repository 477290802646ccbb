"""A person's own calendar: everything they have registered for, to subscribe to in any program."""

from __future__ import annotations

from hashlib import blake2b
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

from myapp.accounts.models import User
from myapp.events.calendars import personal_feed_ics
from myapp.events.subscribing import subscription
from myapp.events.times import spoken_moment
from myapp.mine import actions, queries
from myapp.registrations import calendars
from myapp.registrations.queries import handed_on_by, registrations_for_calendar
from myapp.web.limits import limited
from myapp.web.policies import link_page, private_page
from myapp.web.requests import SignedInRequest


@private_page
def calendar(request: SignedInRequest) -> HttpResponse:
    """Say whether the person's calendar can be read, and since when; one query."""
    return render(request, "mine/calendar.html", _context(request.user))


def _context(user: User) -> dict[str, object]:
    """Return how it stands with a person's calendar; one query."""
    key = queries.calendar_key_of(user)
    return {
        "key": key,
        "made_at": spoken_moment(key.made_at) if key else "",
        "read_at": spoken_moment(key.read_at) if key and key.read_at else "",
    }


@private_page(methods=("POST",))
@limited("20/h", group="calendar")
def renew_calendar(request: SignedInRequest) -> HttpResponse:
    """Give the calendar a new address and show it, this once: only its digest is kept. Two queries.

    The answer is the page itself. Sent on to the page, the address would have to be kept somewhere on the way.
    """
    secret = actions.renew_calendar(acting_user=request.user)
    context = _context(request.user) | {"subscription": subscription(f"/my/calendar/{secret}")}
    return render(request, "mine/calendar.html", context)


@private_page(methods=("POST",))
def revoke_calendar(request: SignedInRequest) -> HttpResponse:
    """Close the calendar for everybody who has its address; one query."""
    actions.revoke_calendar(acting_user=request.user)
    messages.success(request, _("Your calendar is closed. Programs that read it get nothing any more."))
    return redirect("mine:calendar")


@link_page()
def calendar_ics(request: HttpRequest, secret: str) -> HttpResponse:
    """Serve a person's calendar to whoever has its address; three queries, and one more an hour.

    It is not kept on the way, but programs that have it already are told that nothing has changed.
    """
    key = queries.calendar_key(secret)
    if key is None:
        raise Http404(_("There is no such calendar, or it has another address by now."))
    actions.note_reading(key)
    entries = calendars.feed(registrations_for_calendar(key.user), handed_on_by(key.user))
    content = personal_feed_ics(entries, name=_("My tickets"))
    etag = f'"{blake2b(content, digest_size=12).hexdigest()}"'
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8", headers={"ETag": etag})
    return cast("HttpResponse", get_conditional_response(request, etag=etag, response=response))
