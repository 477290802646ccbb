"""A draw that everybody can do again: by whom it is made, what comes of it, and what happens to one that was tampered with."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json
import random
from collections import Counter
from io import BytesIO, StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from myapp.events.models import Event, Visibility
from myapp.notify.models import Message
from myapp.registrations import invariants, lottery
from myapp.registrations.actions import cancel, change, draw, make_due_draws, register
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.layout import fingerprint
from myapp.registrations.log_file import text_of
from myapp.registrations.lottery import Entry
from myapp.registrations.models import Because, Desk, Draw, LogEntry, Mode, Registration, State
from myapp.registrations.queries import desk_or_404
from myapp.registrations.tests.desk_forms import sent_form
from myapp.registrations.verification import NotReadable, wrong_with_draw, wrong_with_draw_in_log
from myapp.testing.factories import (
    make_desk,
    make_event,
    make_person,
    make_registration,
    make_ticket_type,
    tomorrow,
)
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db
SEED = "5eed" * 16


@pytest.fixture
def lot(omars_club) -> Desk:
    """A draw for three places, in two days, at an event in a week; two ticket types, one for two people, guests allowed."""
    event = make_event("Rush", organisation=omars_club, starts_at=tomorrow() + dt.timedelta(days=7))
    seed, seed_hash = lottery.new_seed()
    at = timezone.now() + dt.timedelta(days=2)
    desk = make_desk(
        event, types=0, capacity=3, mode=Mode.LOTTERY, draw_at=at, seed=seed, seed_hash=seed_hash
    )
    make_ticket_type(desk, "Inside", guests=2)
    make_ticket_type(desk, "Balcony", capacity=2, position=1)
    return desk


@pytest.fixture
def entered(lot) -> list[Registration]:
    """Eight who have entered, every third with a guest."""
    inside, balcony = lot.types.all()
    return [
        make_registration(inside, guests=["Guest"])
        if number % 3 == 0
        else make_registration((inside, balcony)[number % 2])
        for number in range(8)
    ]


def end_entering(desk: Desk) -> None:
    Desk.objects.filter(pk=desk.pk).update(draw_at=timezone.now())


def drawn(desk: Desk) -> Draw:
    end_entering(desk)
    return draw(desk, acting_user=None)


def test_a_draw_gives_every_place_and_lets_the_others_wait_in_its_order(lot, entered) -> None:
    made = drawn(lot)

    lot.refresh_from_db()
    states = Counter(Registration.objects.values_list("state", flat=True))
    assert states[State.ENTERED] == 0
    assert lot.taken >= 2  # three, unless a party of two is next when one place is left
    waiting = Registration.objects.filter(state=State.WAITING).order_by("queue_number")
    order = [each["alias"] for each in made.published["result"] if not each["has_place"]]
    assert [each.alias for each in waiting] == order
    lines = LogEntry.objects.filter(because__in=["drawn", "not_drawn"]).order_by("number")
    assert [line.alias for line in lines] == [each["alias"] for each in made.published["result"]]
    assert Message.objects.filter(kind__in=["place_drawn", "not_drawn"]).count() == len(entered)
    with_place = {each["alias"] for each in made.published["result"] if each["has_place"]}
    assert with_place == {each.alias for each in Registration.objects.filter(state=State.CONFIRMED)}
    assert {each.because for each in waiting} <= {Because.NOT_DRAWN}
    assert [problem for check in invariants.INVARIANTS for problem in check("default")] == []


def test_a_draw_is_made_once(lot, entered) -> None:
    first = drawn(lot)

    assert draw(lot, acting_user=None).published == first.published
    assert make_due_draws() == 0


def test_the_clock_makes_a_draw_when_its_time_has_come(lot, entered) -> None:
    assert make_due_draws() == 0
    end_entering(lot)

    assert make_due_draws() == 1

    lot.refresh_from_db()
    assert lot.drawn_at is not None


@pytest.mark.parametrize("more", [0, 20])
def test_a_draw_costs_the_same_however_many_have_entered(lot, entered, more: int) -> None:
    for _ in range(more):
        make_registration(lot.types.all()[0])
    lot.types.update(
        capacity=None
    )  # who is first in line holds up everybody, so that nobody after them is asked for
    end_entering(lot)

    # desk, types, who entered, what is published, the desk; the counters of desk and of two types, the registrations, the
    # messages; the head of the line; a savepoint and its end
    with queries(13):
        draw(lot, acting_user=None)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"draw_at": timezone.now() + dt.timedelta(days=1)}, "not_yet"),
        ({"mode": Mode.FIRST_COME}, "no_draw"),
        ({"seed": ""}, "no_draw"),
    ],
)
def test_nothing_is_drawn_before_its_time_or_without_a_seed(lot, entered, omar, changed, code: str) -> None:
    end_entering(lot)
    Desk.objects.filter(pk=lot.pk).update(**changed)

    with pytest.raises(RegistrationRefused) as refused:
        draw(lot, acting_user=omar)

    assert refused.value.code == code
    assert not Draw.objects.exists()


def test_only_an_organiser_draws(lot, entered, priya, omar, ada_browser, omar_browser) -> None:
    end_entering(lot)

    with pytest.raises(NotAllowed):
        draw(lot, acting_user=priya)
    assert ada_browser.post(f"/organise/{lot.event.slug}/draw/").status_code == 403
    assert not Draw.objects.exists()

    answer = omar_browser.post(f"/organise/{lot.event.slug}/draw/")
    assert answer["Location"] == f"/events/{lot.event.slug}/draw/"
    assert Draw.objects.exists()


def test_nobody_enters_or_changes_their_entry_after_the_end_and_everybody_may_leave(lot, entered) -> None:
    end_entering(lot)
    first = entered[0]

    with pytest.raises(RegistrationRefused):
        register(first.ticket_type, acting_user=make_person())
    with pytest.raises(RegistrationRefused):
        change(first, guests=["One", "Two"], acting_user=first.user)
    cancel(first, acting_user=first.user)

    made = draw(lot, acting_user=None)
    assert first.alias not in {each["alias"] for each in made.published["entries"]}
    assert list(wrong_with_draw(made.published)) == []


def lottery_form(desk: Desk, **changed) -> dict:
    """The page of a desk with a draw as its organiser sends it."""
    desk = desk_or_404(desk.event)
    types = [
        {"id": kind.pk, "name": kind.name, "audience": "campus", "guests": kind.guests, "ORDER": place}
        | {"capacity": kind.capacity or ""}
        for place, kind in enumerate(desk.types.all(), start=1)
    ]
    at = timezone.localtime(desk.draw_at).strftime("%Y-%m-%dT%H:%M")
    given = {"mode": "lottery", "draw_at": at, "capacity": "3", "seen": fingerprint(desk)} | changed
    return sent_form(types=types, known=(len(types), 0), **given)


def test_an_organiser_sets_up_a_draw_and_never_sees_its_seed(omars_club, omar_browser, visitor) -> None:
    event = make_event(organisation=omars_club, starts_at=tomorrow() + dt.timedelta(days=7))
    at = (timezone.localtime() + dt.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")

    assert (
        omar_browser.post(f"/organise/{event.slug}/", sent_form(mode="lottery", draw_at=at)).status_code
        == 302
    )

    desk = Desk.objects.get(pk=event.pk)
    assert (len(desk.seed), len(desk.seed_hash)) == (64, 64)
    for browser, path in ((omar_browser, f"/organise/{event.slug}/"), (visitor, f"{event.path}draw/")):
        page = browser.get(path).content.decode()
        assert desk.seed not in page
    assert desk.seed_hash in page
    told = visitor.get(f"{event.path.rstrip('/')}/draw.json").json()
    assert told["seed_hash"] == desk.seed_hash
    assert desk.seed not in json.dumps(told)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"draw_at": ""}, "Say when the draw is"),
        ({"draw_at": "2020-01-01T10:00"}, "over already"),
        ({"draw_at": "2099-01-01T10:00"}, "before the event starts"),
        ({"capacity": ""}, "A draw needs a number of places"),
        ({"mode": "first_come"}, "cannot be decided another way"),
    ],
)
def test_a_draw_that_cannot_be_is_refused(lot, entered, omar_browser, changed, sentence: str) -> None:
    answer = omar_browser.post(f"/organise/{lot.event.slug}/", lottery_form(lot, **changed))

    assert sentence in answer.content.decode()
    assert answer.status_code == 422
    assert Desk.objects.get(pk=lot.pk).mode == Mode.LOTTERY


def test_entering_is_not_opened_again_before_the_draw(lot, entered, omar_browser) -> None:
    end_entering(lot)
    later = (timezone.localtime() + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")

    answer = omar_browser.post(f"/organise/{lot.event.slug}/", lottery_form(lot, draw_at=later))

    assert "Entering has ended" in answer.content.decode()


@pytest.mark.parametrize("places", [1, 3, 7])
def test_everybody_is_as_likely_as_everybody_else(places: int) -> None:
    people = [f"{number:012x}" for number in range(20)]
    chosen: Counter[str] = Counter()
    draws = 2000
    for number in range(draws):
        result = lottery.result(
            f"seed {number}", [Entry(alias, 1, 1) for alias in people], free=places, free_of={1: None}
        )
        chosen.update(entry.alias for entry, has_place in result if has_place)

    expected = draws * places / len(people)
    # Drawn without putting back, so of the variance of a free choice (1 - places / people) is left.
    chi_square = (
        sum((chosen[alias] - expected) ** 2 for alias in people) / expected / (1 - places / len(people))
    )
    assert sum(chosen.values()) == draws * places
    assert (
        chi_square < 43.8
    )  # 19 degrees of freedom: one in a thousand is above; the seeds are always the same


def made_up(number: int) -> dict:
    """A draw of chance, as published: types with and without limits, parties, a limit or none."""
    chance = random.Random(number)
    rooms = {kind: chance.choice([None, 0, 1, 2, 5]) for kind in range(1, chance.randint(2, 4))}
    entries = [
        Entry(f"{chance.getrandbits(48):012x}", chance.choice(list(rooms)), chance.choice([1, 1, 1, 2, 3]))
        for _ in range(chance.randint(0, 14))
    ]
    free = chance.choice([None, 0, 1, 3, 6, 12])
    result = lottery.result(SEED, entries, free=free, free_of=rooms)
    return {
        "format": lottery.FORMAT,
        "seed": SEED,
        "seed_hash": hashlib.sha256(SEED.encode()).hexdigest(),
        "places": free,
        "types": {str(kind): {"name": "x", "places": room} for kind, room in rooms.items()},
        "entries": [entry._asdict() for entry in sorted(entries)],
        "result": [{"alias": entry.alias, "has_place": has_place} for entry, has_place in result],
    }


def test_who_checks_a_draw_comes_to_the_same_by_another_way() -> None:
    for number in range(300):
        assert list(wrong_with_draw(made_up(number))) == [], number


TAMPERED = {
    "another seed": lambda told: told.update(seed="0" * 64),
    "two swapped": lambda told: told["result"].__setitem__(slice(0, 2), told["result"][1::-1]),
    "a place for the last": lambda told: told["result"][-1].update(has_place=True),
    "no place for the first": lambda told: told["result"][0].update(has_place=False),
    "somebody left out": lambda told: told["result"].pop(),
    "somebody put in": lambda told: told["entries"].append(
        {"alias": "0" * 12, "type": told["entries"][0]["type"], "places": 1}
    ),
    "somebody twice": lambda told: told["entries"].append(told["entries"][0]),
    "more places": lambda told: told.update(places=told["places"] + 9),
    "another format": lambda told: told.update(format="EventMate draw 2"),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_draw_that_was_tampered_with_is_found(lot, entered, tamper) -> None:
    told = copy.deepcopy(drawn(lot).published)
    assert list(wrong_with_draw(told)) == []

    tamper(told)

    assert list(wrong_with_draw(told)) != []


@pytest.mark.parametrize(
    "told", [{}, [], "x", None, {"format": lottery.FORMAT}, {"format": lottery.FORMAT, "seed": 5}]
)
def test_what_is_no_draw_is_said_to_be_none(told) -> None:
    with pytest.raises(NotReadable):
        list(wrong_with_draw(told))


def log_lines(desk: Desk) -> list[str]:
    return [row for row in text_of(desk_or_404(desk.event)).splitlines() if not row.startswith("#")]


@pytest.mark.parametrize("who", ["nobody", "the first entry", "the result"])
def test_a_draw_is_compared_with_the_log(lot, entered, who: str) -> None:
    told = copy.deepcopy(drawn(lot).published)
    if who == "the first entry":
        told["entries"].pop(0)
    elif who == "the result":
        told["result"][0]["has_place"] = not told["result"][0]["has_place"]

    assert bool(list(wrong_with_draw_in_log(told, log_lines(lot)))) is (who != "nobody")


def command(*given: str) -> str:
    out = StringIO()
    call_command("verify_draw", *given, stdout=out)
    return out.getvalue()


def test_a_draw_is_checked_by_a_command_from_a_file_and_from_the_event(
    lot, entered, visitor, tmp_path
) -> None:
    drawn(lot)
    data = visitor.get(f"/events/{lot.event.slug}/draw.json").content
    file = tmp_path / "draw.json"
    file.write_bytes(data)

    assert "The draw is right: 8 entered" in command(str(file))
    assert "The draw is right: 8 entered" in command(lot.event.slug)
    assert "The draw is right: 8 entered" in command(lot.event.code)
    file.write_bytes(data.replace(b'"has_place": true', b'"has_place": false', 1))
    with pytest.raises(CommandError, match="should have one"):
        command(str(file))


def test_the_command_reads_an_address_too(lot, entered, live_server_url_of_draw) -> None:
    assert "The draw is right" in command(live_server_url_of_draw)


@pytest.fixture
def live_server_url_of_draw(lot, entered, visitor, tmp_path, monkeypatch) -> str:
    """An address at which the published draw stands."""
    drawn(lot)
    data = visitor.get(f"/events/{lot.event.slug}/draw.json").content
    monkeypatch.setattr(
        "myapp.registrations.reading_published.urlopen", lambda *_args, **_more: BytesIO(data)
    )
    return "https://campus.example.org/events/x/draw.json"


@pytest.mark.parametrize("source", ["not-there-000000", "\0", "", "{}"])
def test_the_command_says_what_it_cannot_read(db, source: str) -> None:
    with pytest.raises((CommandError, ValueError)):
        command(source)


def test_the_page_shows_the_draw_and_its_seed_afterwards(lot, entered, visitor) -> None:
    drawn(lot)
    address = f"/events/{lot.event.slug}/draw/"

    with queries(5):  # event; desk, types, questions; the draw
        page = visitor.get(address).content.decode()

    assert lot.seed in page
    assert all(each.alias in page for each in entered)
    assert all(each.user.name not in page for each in entered)


@pytest.mark.parametrize("page", ["draw/", "draw.json", "log/", "log.txt"])
def test_what_is_not_for_everyone_is_not_published(lot, entered, visitor, page: str) -> None:
    drawn(lot)
    Event.objects.filter(pk=lot.pk).update(visibility=Visibility.MEMBERS)

    assert entered[0].alias not in visitor.get(f"/events/{lot.event.slug}/{page}").content.decode()


@pytest.mark.parametrize("page", ["draw/", "draw.json"])
def test_an_event_without_a_draw_has_no_page_of_one(visitor, page: str) -> None:
    desk = make_desk()

    assert visitor.get(f"/events/{desk.event.slug}/{page}").status_code == 404
