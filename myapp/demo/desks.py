"""The desks of the demo campus: about a third of what is to come takes registrations, some of it is full.

The same crowd on any machine for the same day. Rows are written in bulk, with the counters that the doors to a place would
have left behind; the log is the database's own. The crowd has no accounts, so that nobody could sign in as one of them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from myapp.accounts.models import User
from myapp.checkin.models import Presence, Scan
from myapp.demo.bank import Bank
from myapp.demo.copying import copy
from myapp.events.models import Event, Organisation, Status, Visibility
from myapp.registrations.models import (
    WITH_PLACE,
    Audience,
    Because,
    Desk,
    Mode,
    Promotion,
    Question,
    QuestionKind,
    Registration,
    State,
    TicketType,
    Way,
)
from myapp.testing.people import ADA, OMAR, PRIYA

_SHARE = 0.34
_MOST = 300  # of a hundred thousand events nobody looks at more
_PAST = 60
_SIZES = (12, 16, 20, 24, 30, 40, 60, 90)
_LARGEST = 90
# How full an event is: some have hardly begun, some are full and have a queue.
_FULLNESS = (0.1, 0.3, 0.45, 0.6, 0.75, 0.9, 0.97, 1.0, 1.0)
_QUEUES = (0, 2, 3, 5, 8, 14)
_GAVE_BACK = 0.12


@dataclass
class _Booth:
    """A desk with its types and its crowd, before they are written."""

    desk: Desk
    types: list[TicketType]
    crowd: list[Registration] = field(default_factory=list)

    @property
    def room(self) -> int:
        """How many places are left at the desk."""
        return (self.desk.capacity or 0) - self.desk.taken


def write(organisations: Iterable[Organisation], bank: Bank, today: dt.date) -> None:
    """Give the events of these organisations their desks; fifteen queries, one for each five hundred desks, and a COPY."""
    chance = random.Random(f"{today:%Y-%m-%d} desks")
    open_events = Event.objects.filter(
        Q(visibility=Visibility.EVERYONE) | Q(visibility=Visibility.CAMPUS),
        organisation__in=list(organisations),
        status=Status.PUBLISHED,
        all_day=False,
    ).select_related("room")
    now = timezone.now()
    coming = list(
        open_events.filter(starts_at__gt=now + dt.timedelta(hours=3)).order_by("starts_at", "code")[:3000]
    )
    past = list(open_events.filter(ends_at__lt=now).order_by("-starts_at", "code")[: _PAST * 3])
    chosen = sorted(
        chance.sample(coming, min(round(len(coming) * _SHARE), _MOST)), key=lambda event: event.code
    )
    cast = {
        user.username: user
        for user in User.objects.filter(username__in=[ADA.username, OMAR.username, PRIYA.username])
    }
    maker = _Maker(chance, bank, now, cast)
    booths = [maker.special(number, event) for number, event in enumerate(chosen)]
    booths += [maker.over(event) for event in chance.sample(past, min(len(past), _PAST))]
    _save_desks(booths)
    maker.questions(booths)
    _save_crowds(booths)


class _Maker:
    """Makes desks and crowds up; every choice comes from one seeded source of chance."""

    def __init__(self, chance: random.Random, bank: Bank, now: dt.datetime, cast: Mapping[str, User]) -> None:
        self.chance, self.bank, self.now, self.cast = chance, bank, now, cast
        self._guests = 0

    def special(self, number: int, event: Event) -> _Booth:
        """Return the desk of an event to come: most are plain, some show what else there is."""
        match number:
            case 0:
                return self._draw(event)
            case 1:
                return self._approval(event)
            case 2 | 3:
                url = f"https://tickets.example.org/{event.code}"
                return _Booth(Desk(event=event, way=Way.ELSEWHERE, url=url), [])
            case 4:
                return self._not_yet(event)
        booth = self._plain(event)
        full = 1.0 if number in {5, 6, 7, 8} else self.chance.choice(_FULLNESS)
        queue = self.chance.choice(_QUEUES) if full == 1.0 else 0
        if number == 5:
            self._of_the_cast(booth, ADA.username, State.CONFIRMED, Because.WAS_FREE)
        self._fill(booth, round((booth.desk.capacity or 0) * full))
        if full == 1.0:
            self._queue(booth, max(queue, 4) if number == 6 else queue)
        if number == 6:
            self._of_the_cast(booth, ADA.username, State.WAITING, Because.WAS_FULL)
        if number in {9, 10, 11} and booth.room > 0:
            username = (ADA, OMAR, PRIYA)[number - 9].username
            self._of_the_cast(booth, username, State.CONFIRMED, Because.WAS_FREE)
        return booth

    def over(self, event: Event) -> _Booth:
        """Return the desk of an event that is over, with what people gave back."""
        booth = self._plain(event)
        for _place in range(round((booth.desk.capacity or 0) * self.chance.choice(_FULLNESS))):
            if self.chance.random() < _GAVE_BACK:
                self._join(booth, State.CANCELLED, Because.ASKED)
            else:
                self._join(booth, State.CONFIRMED, Because.WAS_FREE)
        return booth

    def _desk(self, event: Event, **fields: Any) -> Desk:
        seats = event.room.capacity if event.room and event.room.capacity else self.chance.choice(_SIZES)
        given = {"capacity": min(seats, _LARGEST), "without_account": True, **fields}
        return Desk(event=event, **given)

    def _plain(self, event: Event) -> _Booth:
        promotion = Promotion.OFFER if self.chance.random() < 0.25 else Promotion.AT_ONCE
        desk = self._desk(event, promotion=promotion)
        guests = self.chance.choice((0, 0, 0, 1, 2))
        types = [TicketType(desk=desk, name="Place", audience=Audience.EVERYONE, guests=guests)]
        if self.chance.random() < 0.2:
            reserved = max((desk.capacity or 0) // 4, 2)
            types.append(
                TicketType(
                    desk=desk,
                    name="First year",
                    audience=Audience.CAMPUS,
                    years=[1],
                    capacity=reserved,
                    position=1,
                )
            )
        return _Booth(desk, types)

    def _draw(self, event: Event) -> _Booth:
        seed = hashlib.sha256(f"{event.code} {self.chance.random()}".encode()).hexdigest()
        desk = self._desk(
            event,
            mode=Mode.LOTTERY,
            capacity=20,
            draw_at=self._at_noon(event, 2),
            seed=seed,
            seed_hash=hashlib.sha256(seed.encode()).hexdigest(),
        )
        booth = _Booth(desk, [TicketType(desk=desk, name="Place", audience=Audience.EVERYONE)])
        for _entry in range(57):
            self._join(booth, State.ENTERED, Because.ASKED)
        return booth

    def _approval(self, event: Event) -> _Booth:
        desk = self._desk(event, capacity=16)
        kind = TicketType(desk=desk, name="Participant", audience=Audience.EVERYONE, needs_approval=True)
        booth = _Booth(desk, [kind])
        self._fill(booth, 7, Because.APPROVED)
        for _asked in range(8):
            self._join(booth, State.PENDING, Because.ASKED)
        return booth

    def _not_yet(self, event: Event) -> _Booth:
        booth = self._plain(event)
        for kind in booth.types:
            kind.opens_at = self._at_noon(event, 3)
        return booth

    def _at_noon(self, event: Event, part: int) -> dt.datetime:
        """Return the noon after that part of the time until an event, or its start where that is sooner."""
        moment = timezone.localtime(self.now + (event.starts_at - self.now) / part)
        noon = moment.replace(hour=12, minute=0, second=0, microsecond=0)
        return min(max(noon, self.now + dt.timedelta(hours=1)), event.starts_at)

    def _fill(self, booth: _Booth, places: int, because: Because = Because.WAS_FREE) -> None:
        """Let people take places until so many are taken, now and then with a guest."""
        while booth.desk.taken < min(places, booth.desk.capacity or 0):
            kind = booth.types[0]
            brings = bool(kind.guests) and booth.room > 1 and self.chance.random() < 0.2
            self._join(booth, State.CONFIRMED, because, guests=[self._name()] if brings else [])

    def _queue(self, booth: _Booth, people: int) -> None:
        for _person in range(people):
            self._join(booth, State.WAITING, Because.WAS_FULL)

    def _of_the_cast(self, booth: _Booth, username: str, state: State, because: Because) -> None:
        user = self.cast.get(username)
        if user is not None:
            self._join(booth, state, because, user=user, name=user.get_full_name(), email="")

    def _join(self, booth: _Booth, state: State, because: Because, **fields: Any) -> None:
        """Add somebody to a desk, counted as `places.settle` counts."""
        desk, kind = booth.desk, booth.types[0]
        self._guests += 1
        given = {
            "name": self._name(),
            "email": f"guest{self._guests}@example.edu",
            "email_confirmed_at": self.now,
            "guests": [],
            **fields,
        }
        registration = Registration(
            desk=desk, ticket_type=kind, state=state, because=because, revision=1, **given
        )
        places = 1 + len(registration.guests)
        if state in WITH_PLACE:
            desk.taken += places
            kind.taken += places
        if state == State.WAITING:
            desk.waiting += 1
            kind.waiting += 1
            desk.last_in_queue += 1
            registration.queue_number = desk.last_in_queue
        booth.crowd.append(registration)

    def _name(self) -> str:
        names = self.chance.choice(self.bank.names)
        return f"{self.chance.choice(names.given)} {self.chance.choice(names.family)}"

    def questions(self, booths: list[_Booth]) -> None:
        """Ask something at some desks, and let those who have a place have answered."""
        asking = [booth for booth in booths if booth.types and booth.desk.mode == Mode.FIRST_COME][6:60:9]
        for booth in asking:
            meal, diet, photos = Question.objects.bulk_create(_questions(booth.desk))
            diet.shown_when = meal
            diet.save(update_fields=["shown_when"])
            for one in booth.crowd:
                one.answers = self._answers(meal, diet, photos)
                one.answered_at = self.now
        Desk.objects.filter(pk__in=[booth.desk.pk for booth in asking]).update(asks=True)

    def _answers(self, meal: Question, diet: Question, photos: Question) -> dict[str, Any]:
        answers: dict[str, Any] = {str(photos.pk): "yes"}
        answers[str(meal.pk)] = self.chance.choice(("yes", "yes", "no"))
        if answers[str(meal.pk)] == "yes" and self.chance.random() < 0.4:
            answers[str(diet.pk)] = [self.chance.choice(diet.choices)]
        return answers


def _questions(desk: Desk) -> Iterator[Question]:
    ask = [
        (QuestionKind.YES_NO, "Do you eat with us afterwards?", "", True, []),
        (QuestionKind.SEVERAL, "What do you not eat?", "", False, ["Meat", "Fish", "Milk", "Nuts", "Gluten"]),
        (
            QuestionKind.CONSENT,
            "I have read how to behave in the rooms.",
            "Bags stay outside, doors stay shut, and the last one out turns off the light.",
            True,
            [],
        ),
    ]
    for position, (kind, label, help_text, required, choices) in enumerate(ask):
        yield Question(
            desk=desk,
            position=position,
            kind=kind,
            label=label,
            help_text=help_text,
            required=required,
            choices=choices,
            shown_for="yes" if kind == QuestionKind.SEVERAL else "",
        )


def _save_desks(booths: list[_Booth]) -> None:
    """Write desks, then types, which refer to them."""
    Desk.objects.bulk_create([booth.desk for booth in booths], batch_size=500)
    TicketType.objects.bulk_create([kind for booth in booths for kind in booth.types], batch_size=500)


def _save_crowds(booths: list[_Booth]) -> None:
    """Write the people at all desks: twelve thousand, who are most of the work."""
    crowd = [one for booth in booths for one in booth.crowd]
    for one in crowd:  # made before what they refer to had keys
        one.desk, one.ticket_type = one.desk, one.ticket_type
    copy(crowd)


def remove(organisations: Iterable[Organisation]) -> None:
    """Delete the desks of these organisations' events with all that hangs on them, the log as well.

    The log lets nobody delete from it; its guard steps aside for this transaction, which nothing but the demo asks for.
    """
    desks = list(
        Desk.objects.filter(event__organisation__in=list(organisations)).values_list("pk", flat=True)
    )
    if not desks:
        return
    Scan.objects.filter(desk__in=desks).delete()
    Presence.objects.filter(desk__in=desks).delete()
    Registration.objects.filter(desk__in=desks).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is pending would keep the guard in its place
        cursor.execute("ALTER TABLE registrations_logentry DISABLE TRIGGER registrations_log_stays")
        cursor.execute("DELETE FROM registrations_logentry WHERE desk_id = ANY(%s)", [desks])
        cursor.execute("ALTER TABLE registrations_logentry ENABLE TRIGGER registrations_log_stays")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    Desk.objects.filter(pk__in=desks).delete()
