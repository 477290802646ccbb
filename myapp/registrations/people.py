"""Who has registered for an event, as its organisers see it: searched, narrowed, and as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language, gettext as _, override

from eventmate.replica import from_replica
from myapp.registrations.models import LIVE, Desk, Question, Registration, State
from myapp.web.texts import printable

_CHUNK = 500
# What a spreadsheet takes for a formula, whoever wrote it into their name.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Asked:
    """What an organiser wants to see of a list; what makes no sense is left out rather than refused."""

    words: str = ""
    state: str = ""
    type: int = 0

    @classmethod
    def parse(cls, given: Any) -> Asked:
        """Read a query string."""
        state, kind = given.get("state", ""), given.get("type", "")
        return cls(
            words=printable(given.get("q", "")).strip()[:100],
            state=state if state in {*State.values, "over"} else "",
            type=int(kind) if kind.isdecimal() and len(kind) < 16 else 0,
        )

    @property
    def by(self) -> tuple[str, ...]:
        """The order: who waits by their turn, everybody else as they came."""
        return ("queue_number", "id") if self.state == State.WAITING else ("id",)


def registrations(desk: Desk, asked: Asked) -> QuerySet[Registration]:
    """Return the registrations of a desk that were asked for, with what a row shows; all that are not over by default."""
    found = Registration.objects.filter(desk=desk).select_related("ticket_type", "user")
    if asked.state == "over":
        found = found.exclude(state__in=LIVE)
    else:
        found = found.filter(state__in=[asked.state] if asked.state else LIVE)
    if asked.type:
        found = found.filter(ticket_type=asked.type)
    if asked.words:
        written = Q(name__icontains=asked.words) | Q(email__icontains=asked.words)
        found = found.filter(written | Q(user__email__icontains=asked.words) | Q(code=asked.words.lower()))
    return found


def by_state(desk: Desk) -> list[tuple[str, str, int]]:
    """Return each state that somebody is in, what it is called, and how many are in it; one query."""
    counted = dict(Registration.objects.filter(desk=desk).values_list("state").annotate(Count("pk")))
    over = sum(number for state, number in counted.items() if state not in LIVE)
    told = [
        (str(state), str(state.label), counted[state])
        for state in State
        if state in LIVE and state in counted
    ]
    return [*told, ("over", _("Over"), over)] if over else told


def answers(registration: Registration, questions: Iterable[Question]) -> list[tuple[str, str]]:
    """Return each question with what somebody answered, "" where they did not. No queries."""
    return [(question.label, _said(registration.answers.get(str(question.pk)))) for question in questions]


def _said(answer: Any) -> str:
    if isinstance(answer, list):
        return ", ".join(str(each) for each in answer)
    words = {"yes": _("Yes"), "no": _("No"), None: ""}
    return words.get(answer, str(answer)) if answer is None or isinstance(answer, str) else str(answer)


def csv_lines(desk: Desk, asked: Asked) -> Iterator[str]:
    """Return a file of the people who were asked for, a piece at a time; a query for each five hundred of them.

    Read from the replica where there is one. The desk has its questions. It begins with a byte order mark, without which
    spreadsheets take it for another encoding. It speaks the language of now, also when the request is over.
    """
    return _pieces(desk, asked, get_language() or settings.LANGUAGE_CODE)


def _pieces(desk: Desk, asked: Asked, language: str) -> Iterator[str]:
    questions = list(desk.questions.all())
    with override(language):
        heads = [
            _("Code"),
            _("Name"),
            _("E-mail"),
            _("Ticket"),
            _("State"),
            _("Places"),
            _("Guests"),
            _("Registered"),
        ]
        piece = "\ufeff" + _line([*heads, *(question.label for question in questions)])
    yield piece
    last = 0
    while rows := from_replica(_rows_after(desk, asked, last)):
        with override(language):
            piece = "".join(_line(_cells(row, questions)) for row in rows)
        yield piece
        if len(rows) < _CHUNK:
            return
        last = rows[-1].pk


def _rows_after(desk: Desk, asked: Asked, last: int) -> Any:
    found = registrations(desk, asked).filter(pk__gt=last).order_by("pk")
    return lambda using: list(found.using(using)[:_CHUNK])


def _cells(row: Registration, questions: list[Question]) -> list[str]:
    when = f"{timezone.localtime(row.created_at):%Y-%m-%d %H:%M}"
    known = [
        row.code,
        row.name,
        address_of(row),
        row.ticket_type.name,
        str(row.get_state_display()),
        str(row.places),
    ]
    return [*known, "; ".join(row.guests), when, *(said for _label, said in answers(row, questions))]


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if cell.startswith(_FORMULAS) else cell for cell in cells])
    return out.getvalue()


def address_of(registration: Registration) -> str:
    """Return where mail reaches the person; `user` is loaded."""
    return registration.user.email if registration.user else registration.email
