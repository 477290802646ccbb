"""Strikes: given only where there was a fair chance to cancel, seen, appealed, taken back, and what three of them mean."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from myapp.events.models import Event, Status
from myapp.notify.models import Message
from myapp.registrations import places, strikes
from myapp.registrations.actions import (
    accept,
    appeal_strike,
    cancel,
    give_strikes,
    lift_strike,
    register,
    set_capacity,
)
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.models import Because, Desk, Registration, State, Strike
from myapp.testing.factories import make_desk, make_event, make_person, make_registration, make_ticket_type
from myapp.testing.people import browser_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def clock(monkeypatch):
    """The clock of this process, three days before the event begins at first; `clock.at(hours)` counts from the start."""

    class Clock:
        starts_at = timezone.now() + dt.timedelta(days=3)

        def at(self, hours: float) -> None:
            now = self.starts_at + hours * HOUR
            for module in ("django.utils.timezone.now", "myapp.registrations.models.strikes.right_now"):
                monkeypatch.setattr(module, lambda: now)

    return Clock()


@pytest.fixture
def desk(omars_club, clock) -> Desk:
    """One place, at an event of two hours at which not coming counts."""
    event = make_event("Ceilidh", organisation=omars_club, starts_at=clock.starts_at, lasts=2 * HOUR)
    return make_desk(event, capacity=1, strikes=True)


@pytest.fixture
def absent(desk) -> Registration:
    """Somebody who has had the place for days and does not come; the mail has reached them."""
    registration = make_registration(desk.types.get())
    delivered()
    return registration


def delivered() -> None:
    Message.objects.update(sent_at=timezone.now())


def logged(registration: Registration, before_start: dt.timedelta) -> None:
    """Let the log say that all of a registration's lines were written so long before the start."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE registrations_logentry DISABLE TRIGGER registrations_log_stays")
        cursor.execute(
            "UPDATE registrations_logentry SET at = %s WHERE alias = %s",
            [registration.desk.event.starts_at - before_start, registration.alias],
        )
        cursor.execute("ALTER TABLE registrations_logentry ENABLE TRIGGER registrations_log_stays")


def made_strike(user, desk: Desk | None = None, **fields) -> Strike:
    """A strike of somebody, at an event of its own."""
    desk = desk or make_desk()
    kind = make_ticket_type(desk)
    now = timezone.now()
    return Strike.objects.create(
        **{
            "registration": make_registration(kind, user),
            "user": user,
            "expires_at": now + strikes.LASTS,
            **fields,
        }
    )


def test_who_did_not_come_has_a_strike_for_six_months_once(desk, absent, clock) -> None:
    clock.at(3)

    [strike] = give_strikes(desk, set())

    assert (strike.user, strike.registration) == (absent.user, absent)
    assert strike.expires_at - strike.given_at == dt.timedelta(days=182)
    assert give_strikes(desk, set()) == []
    assert Strike.objects.count() == 1


def test_who_came_has_none(desk, absent, clock) -> None:
    clock.at(3)

    assert give_strikes(desk, {absent.pk}) == []


def release(registration: Registration) -> None:
    """Give the place to the queue at the door, as nobody has come."""
    current = places.locked_desk(registration.desk_id)
    registration.desk = current
    places.settle(registration, current, State.EXPIRED, because=Because.NOT_THERE)
    delivered()


def test_whose_place_went_to_the_queue_at_the_door_has_one_like_others(desk, absent, clock) -> None:
    clock.at(0.5)
    release(absent)
    clock.at(3)

    assert [strike.registration for strike in give_strikes(desk, set())] == [absent]


def test_nobody_released_has_one_who_got_the_place_too_late(desk, absent, clock) -> None:
    logged(absent, HOUR)
    release(absent)
    clock.at(3)

    assert give_strikes(desk, set()) == []


def test_who_came_late_and_got_in_as_another_has_none(desk, absent, clock) -> None:
    release(absent)
    late = make_registration(desk.types.get(), absent.user)
    clock.at(3)

    assert give_strikes(desk, {late.pk}) == []


def test_giving_costs_the_same_for_everybody(desk, absent, clock) -> None:
    clock.at(3)

    # desk; the absent, what the log says, what was not sent; the strikes; around them a savepoint, and its end
    with queries(7):
        give_strikes(desk, set())


@pytest.mark.parametrize("hours", [-1, 1])
def test_nobody_has_one_before_the_event_is_over(desk, absent, clock, hours: int) -> None:
    clock.at(hours)

    assert give_strikes(desk, set()) == []


@pytest.mark.parametrize(
    ("desk_fields", "event_fields"),
    [
        ({"strikes": False}, {}),
        ({}, {"status": Status.CANCELLED}),
        ({}, {"changed_at": "the day before"}),
    ],
)
def test_nobody_has_one_where_the_event_was_not_what_was_announced(
    desk, absent, clock, desk_fields, event_fields
) -> None:
    if "changed_at" in event_fields:
        event_fields = {"changed_at": clock.starts_at - 23 * HOUR}
    Desk.objects.filter(pk=desk.pk).update(**desk_fields)
    Event.objects.filter(pk=desk.pk).update(**event_fields)
    clock.at(3)

    assert give_strikes(desk, set()) == []


@pytest.mark.parametrize(("before", "given"), [(dt.timedelta(hours=3), 1), (dt.timedelta(hours=1), 0)])
def test_nobody_has_one_who_got_the_place_too_late_to_give_it_back(
    desk, absent, clock, before, given: int
) -> None:
    logged(absent, before)
    clock.at(3)

    assert len(give_strikes(desk, set())) == given


def test_the_last_moment_to_cancel_is_what_counts(desk, absent, clock) -> None:
    Desk.objects.filter(pk=desk.pk).update(cancel_until=clock.starts_at - 48 * HOUR)
    logged(absent, 49 * HOUR)
    clock.at(3)

    assert give_strikes(desk, set()) == []


@pytest.mark.parametrize(("before", "given"), [(dt.timedelta(hours=30), 1), (dt.timedelta(hours=20), 0)])
def test_nobody_has_one_who_was_moved_up_unasked_near_the_start(
    desk, absent, omar, clock, before, given: int
) -> None:
    waited = make_registration(desk.types.get())
    cancel(absent, acting_user=absent.user)
    delivered()
    logged(waited, before)
    clock.at(3)

    assert len(give_strikes(desk, set())) == given


@pytest.mark.parametrize(("before", "given"), [(dt.timedelta(hours=20), 1), (dt.timedelta(hours=1), 0)])
def test_who_accepted_an_offer_has_one_unless_it_was_made_too_late(
    desk, absent, clock, before, given: int
) -> None:
    Desk.objects.filter(pk=desk.pk).update(promotion="offer")
    waited = make_registration(desk.types.get())
    cancel(absent, acting_user=absent.user)
    accept(waited, acting_user=waited.user)
    delivered()
    logged(waited, before)
    clock.at(3)

    assert len(give_strikes(desk, set())) == given


@pytest.mark.parametrize(
    ("message", "given"),
    [
        ({"sent_at": None}, 0),
        ({"sent_at": None, "given_up_at": timezone.now(), "ending": "tired"}, 0),
        ({"sent_at": None, "given_up_at": timezone.now(), "ending": "unwanted"}, 1),
    ],
)
def test_nobody_has_one_whom_no_mail_has_reached(desk, absent, clock, message, given: int) -> None:
    Message.objects.filter(about__registration=absent.pk).update(**message)
    clock.at(3)

    assert len(give_strikes(desk, set())) == given


def test_who_has_no_account_has_none(omars_club, clock, desk) -> None:
    Desk.objects.filter(pk=desk.pk).update(without_account=True)
    guest = register(desk.types.get(), acting_user=make_person())
    Registration.objects.filter(pk=guest.pk).update(user=None, email="guest@example.org")
    clock.at(3)

    assert give_strikes(desk, set()) == []


# What three strikes mean


@pytest.mark.parametrize(
    ("number", "fields", "refused"),
    [
        (2, {}, False),
        (3, {}, True),
        (3, {"lifted_at": timezone.now()}, False),
        (3, {"expires_at": timezone.now() - HOUR}, False),
    ],
)
@pytest.mark.parametrize("fast", [True, False])
def test_three_strikes_keep_free_places_for_others_until_the_last_day(
    desk, ada, clock, number: int, fields, refused: bool, fast: bool
) -> None:
    for _ in range(number):
        made_strike(ada, **fields)
    kind = desk.types.get()

    def got_one() -> bool:
        if fast:
            return places.take(desk.event.code, kind.pk, ada) is not None
        if not refused or timezone.now() > clock.starts_at - strikes.LAST_MINUTE:
            return register(kind, acting_user=ada).state == State.CONFIRMED
        with pytest.raises(RegistrationRefused, match="You have three strikes") as told:
            register(kind, acting_user=ada)
        assert told.value.code == "strikes"
        return False

    assert got_one() is not refused
    clock.at(-23)
    assert got_one() is (refused or not fast)  # who has a place already has it still


def test_three_strikes_let_one_wait_and_be_moved_up_like_everybody(desk, absent, ada, omar) -> None:
    for _ in range(3):
        made_strike(ada)

    mine = register(desk.types.get(), acting_user=ada)
    assert mine.state == State.WAITING
    set_capacity(desk, 2, acting_user=omar)

    mine.refresh_from_db()
    assert mine.state == State.CONFIRMED


def test_they_mean_nothing_where_not_coming_does_not_count(desk, ada) -> None:
    Desk.objects.filter(pk=desk.pk).update(strikes=False)
    for _ in range(3):
        made_strike(ada)

    assert places.take(desk.event.code, desk.types.get().pk, ada)


# Seeing, appealing, taking back


@one_and_three
def test_ones_own_page_costs_the_same_for_one_row_and_for_three(ada, ada_browser, rows: int) -> None:
    for _ in range(rows):
        made_strike(ada)

    with queries(2):  # person; strikes
        page = ada_browser.get("/tickets/strikes/").content.decode()

    assert page.count("It is not fair") == rows


@one_and_three
def test_the_organisers_page_costs_the_same_for_one_row_and_for_three(desk, omar_browser, rows: int) -> None:
    for number in range(rows):
        made_strike(make_person(f"Absent {number}"), desk=desk)
        set_free = desk.registrations.filter(state=State.CONFIRMED)
        for registration in set_free:
            cancel(registration, acting_user=registration.user)

    with queries(7):  # person; event, role; desk, types, questions; strikes
        page = omar_browser.get(f"/organise/{desk.event.slug}/strikes/").content.decode()

    assert page.count("<bdi>Absent") == rows


@pytest.mark.parametrize(
    "words", ["I was there!", "<script>alert(1)</script>", "﷽ \u202e 𝕿", "'; DROP TABLE x; --"]
)
def test_a_strike_is_appealed_and_the_organiser_reads_and_lifts_it(
    desk, ada, ada_browser, omar_browser, words
) -> None:
    strike = made_strike(ada, desk=desk)

    assert ada_browser.post("/tickets/strikes/", {"strike": strike.pk, "appeal": words}).status_code == 302

    strike.refresh_from_db()
    assert strike.appeal == words
    address = f"/organise/{desk.event.slug}/strikes/"
    page = omar_browser.get(address).content.decode()
    assert "Not fair, they say" in page
    assert "<script>alert" not in page
    assert omar_browser.post(address, {"strike": strike.pk}).status_code == 302
    strike.refresh_from_db()
    assert strike.lifted_at is not None
    assert not strike.is_live()
    assert "Taken back" in ada_browser.get("/tickets/strikes/").content.decode()


@pytest.mark.parametrize(
    "sent", [{}, {"appeal": ""}, {"appeal": "x" * 2001}, {"appeal": "a\0b"}, {"appeal": "x", "strike": "x"}]
)
def test_an_appeal_that_says_nothing_is_refused_with_a_sentence(ada, ada_browser, sent) -> None:
    strike = made_strike(ada)

    answer = ada_browser.post("/tickets/strikes/", {"strike": strike.pk} | sent)

    assert answer.status_code == 422
    strike.refresh_from_db()
    assert strike.appealed_at is None


def test_somebody_elses_strike_is_nobodys_business(
    desk, ada, omar, priya, ada_browser, priya_browser
) -> None:
    strike = made_strike(ada, desk=desk)

    assert priya_browser.post("/tickets/strikes/", {"strike": strike.pk, "appeal": "Mine"}).status_code == 404
    assert (
        priya_browser.post(f"/organise/{desk.event.slug}/strikes/", {"strike": strike.pk}).status_code == 403
    )
    assert ada_browser.post(f"/organise/{desk.event.slug}/strikes/", {"strike": strike.pk}).status_code == 403
    with pytest.raises(NotAllowed):
        lift_strike(strike, acting_user=priya)
    with pytest.raises(NotAllowed):
        appeal_strike(strike, "Mine", acting_user=priya)
    strike.refresh_from_db()
    assert (strike.appealed_at, strike.lifted_at) == (None, None)


def test_a_strike_that_has_ended_is_not_appealed(ada, ada_browser) -> None:
    strike = made_strike(ada, expires_at=timezone.now() - HOUR)

    ada_browser.post("/tickets/strikes/", {"strike": strike.pk, "appeal": "Late"})

    strike.refresh_from_db()
    assert strike.appealed_at is None
    assert "Nobody has anything" in browser_of(make_person()).get("/tickets/strikes/").content.decode()


@pytest.mark.parametrize("key", ["", "x", "0", "²", "9" * 40])
def test_a_strike_that_is_not_there_is_not_found(desk, omar_browser, key: str) -> None:
    assert omar_browser.post(f"/organise/{desk.event.slug}/strikes/", {"strike": key}).status_code == 404
