"""The events that somebody organises, with how many come."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from myapp.registrations import queries
from myapp.web.pagination import page_of
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest

_ON_A_PAGE = 50


@private_page
def index(request: SignedInRequest) -> HttpResponse:
    """List the events that the person may organise, those to come or those that are over; one query."""
    is_past = "past" in request.GET
    events, now = queries.organised_events(request.user), timezone.now()
    events = events.filter(ends_at__lte=now) if is_past else events.filter(ends_at__gt=now)
    by = ("-starts_at", "-id") if is_past else ("starts_at", "id")
    page = page_of(events, by=by, size=_ON_A_PAGE, after=request.GET.get("after", ""))
    return render(request, "organise/index.html", {"page": page, "is_past": is_past})
