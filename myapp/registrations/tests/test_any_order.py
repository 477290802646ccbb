"""Whatever people do, in whatever order: a desk of a few lines of Python comes to the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from myapp.registrations import actions, places
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.invariants import INVARIANTS
from myapp.registrations.models import Audience, Desk, HandOn, Promotion, Registration
from myapp.testing.factories import (
    make_desk,
    make_event,
    make_person,
    make_registration,
    make_ticket_type,
    tomorrow,
)

PLACED = {"offered", "confirmed"}
WHICH = st.integers(0, 7)
KINDS = ("plain", "small", "approved")  # as many as the event has; two at most; an organiser accepts each


@dataclass
class Claim:
    """One person's registration, as the naive desk remembers it."""

    kind: str
    size: int
    holder: int
    state: str = "new"
    turn: int = 0
    offer: int | None = None  # to whom the ticket is offered at the moment, as the number of the offer

    @property
    def is_over(self) -> bool:
        return self.state in {"cancelled", "expired", "refused"}

    @property
    def can_be_handed_on(self) -> bool:
        return self.state == "confirmed" and self.kind != "approved"


@dataclass
class NaiveDesk:
    """The rules of places and queue, written as plainly as can be, over a list."""

    capacity: int | None = 3
    limits: dict[str, int | None] = field(
        default_factory=lambda: {"plain": None, "small": 2, "approved": None}
    )
    offers: bool = False
    claims: list[Claim] = field(default_factory=list)
    turns: count = field(default_factory=lambda: count(1))

    def free(self, kind: str | None = None) -> float:
        limit = self.limits[kind] if kind else self.capacity
        used = sum(each.size for each in self.claims if each.state in PLACED and kind in {None, each.kind})
        return float("inf") if limit is None else limit - used

    def fits(self, kind: str, size: int) -> bool:
        return min(self.free(), self.free(kind)) >= size

    def waits(self, kind: str, size: int) -> bool:
        in_line = sorted(
            (each for each in self.claims if each.state == "waiting"), key=lambda each: each.turn
        )
        heads = {each.kind: each for each in reversed(in_line)}
        before = (head.kind == kind or self.free(head.kind) >= head.size for head in heads.values())
        return not self.fits(kind, size) or any(before)

    def put(self, claim: Claim) -> None:
        if self.waits(claim.kind, claim.size):
            claim.state, claim.turn = "waiting", next(self.turns)
        else:
            claim.state = "confirmed"

    def has_any(self, person: int) -> bool:
        return any(claim.holder == person and not claim.is_over for claim in self.claims)

    def move_up(self) -> None:
        held_up: set[str] = set()
        for claim in sorted(self.claims, key=lambda each: each.turn):
            if claim.state != "waiting" or claim.kind in held_up:
                continue
            if self.free(claim.kind) < claim.size:
                held_up.add(claim.kind)
                continue
            if self.free() < claim.size:
                return
            claim.state = "offered" if self.offers else "confirmed"


Thing = TypeVar("Thing")


def of(things: Sequence[Thing], which: int) -> Thing:
    return things[which % len(things)]


class AnyOrder(RuleBasedStateMachine):
    """People and organisers at one desk, and the naive one beside it."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        event = make_event(starts_at=tomorrow() + dt.timedelta(days=30))
        self.desk = make_desk(event, types=0, capacity=3)
        self.organiser = make_person(is_staff=True)
        self.kinds = {
            "plain": make_ticket_type(self.desk, "plain", guests=2),
            "small": make_ticket_type(self.desk, "small", guests=2, capacity=2),
            "approved": make_ticket_type(
                self.desk, "approved", audience=Audience.EVERYONE, needs_approval=True
            ),
        }
        self.naive = NaiveDesk()
        self.rows: list[Registration] = []
        self.handed_on: list[tuple[int, HandOn]] = []

    @initialize(
        target=claims,
        kinds=st.lists(st.sampled_from(KINDS), min_size=3, max_size=6),
        offers=st.booleans(),
    )
    def people_have_come(self, kinds: list[str], *, offers: bool) -> MultipleResults[int]:
        if offers:
            self.places_are_offered_from_now_on()
        return multiple(*(self.register(kind, 0) for kind in kinds))

    def those(self, **wanted: object) -> list[int]:
        """The numbers of the claims of which this is true."""
        claims = enumerate(self.naive.claims)
        return [n for n, claim in claims if all(getattr(claim, name) == is_ for name, is_ in wanted.items())]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @rule(target=claims, kind=st.sampled_from(KINDS), guests=st.integers(0, 2))
    def one_more_comes(self, kind: str, guests: int) -> int:
        return self.register(kind, guests)

    def register(self, kind: str, guests: int) -> int:
        limits = (self.naive.capacity, self.naive.limits[kind])
        if kind == "approved" or any(1 + guests > limit for limit in limits if limit is not None):
            guests = 0
        person = make_person()
        claim = Claim(kind, 1 + guests, person.pk)
        self.naive.claims.append(claim)
        if kind == "approved":
            claim.state = "pending"
        else:
            self.naive.put(claim)
        given = self.desk.event.code, self.kinds[kind].pk, person
        code = None if guests else places.take(*given) or places.join(*given)
        if code:
            self.rows.append(Registration.objects.get(code=code))
        else:
            names = ["Guest"] * guests
            self.rows.append(actions.register(self.kinds[kind], acting_user=person, guests=names))
        return len(self.rows) - 1

    @rule(number=claims)
    def register_again(self, number: int) -> None:
        row, claim = self.rows[number], self.naive.claims[number]
        if not claim.is_over:
            assert row.user
            assert places.take(self.desk.event.code, self.kinds["plain"].pk, row.user) is None
            assert actions.register(self.kinds["plain"], acting_user=row.user) == row

    @rule(number=consumes(claims))
    def cancel(self, number: int) -> None:
        if self.naive.claims[number].state not in {"expired", "refused"}:
            self.naive.claims[number].state = "cancelled"
        self.naive.move_up()
        actions.cancel(self.rows[number], acting_user=self.rows[number].user)

    @rule(number=claims, guests=st.integers(0, 2), kind=st.sampled_from(KINDS[:2]))
    def change(self, number: int, guests: int, kind: str) -> None:
        claim, row = self.naive.claims[number], self.rows[number]
        if claim.state not in {*PLACED, "waiting"}:
            return
        before = claim.kind, claim.size, claim.turn
        try:
            with transaction.atomic():
                names = ["Guest"] * guests
                actions.change(row, ticket_type=self.kinds[kind], guests=names, acting_user=row.user)
        except RegistrationRefused:
            # Refused or not, it keeps its place; that more would not have fitted is what the naive desk has to agree on.
            state, claim.state = claim.state, "aside"
            fits = self.naive.fits(kind, 1 + guests)
            claim.state = state
            limits = (self.naive.capacity, self.naive.limits[kind])
            never = guests and any(1 + guests > limit for limit in limits if limit is not None)
            assert never or not fits or self.naive.waits(kind, 1)
            assert (claim.kind, claim.size, claim.turn) == before
            return
        if claim.state == "waiting" and claim.kind != kind:
            claim.turn = next(self.naive.turns)
        claim.kind, claim.size = kind, 1 + guests
        self.naive.move_up()

    @precondition(lambda self: self.those(state="offered"))
    @rule(which=WHICH)
    def accept(self, which: int) -> None:
        number = of(self.those(state="offered"), which)
        actions.accept(self.rows[number], acting_user=self.rows[number].user)
        self.naive.claims[number].state = "confirmed"

    @precondition(lambda self: self.those(state="offered"))
    @rule(which=WHICH)
    def time_runs_out(self, which: int) -> None:
        number = of(self.those(state="offered"), which)
        Registration.objects.filter(pk=self.rows[number].pk).update(until=timezone.now())
        assert actions.let_run_out() == 1
        self.naive.claims[number].state = "expired"
        self.naive.move_up()

    @precondition(lambda self: self.those(kind="approved"))
    @rule(which=WHICH, accepted=st.booleans())
    def an_organiser_decides(self, which: int, *, accepted: bool) -> None:
        number = of(self.those(state="pending") or self.those(kind="approved"), which)
        claim, row = self.naive.claims[number], self.rows[number]
        if accepted:
            actions.approve([row], acting_user=self.organiser)
        else:
            actions.refuse([row], sentence="Sorry", acting_user=self.organiser)
        if claim.state != "pending":
            return
        if not accepted:
            claim.state = "refused"
            return
        self.naive.put(claim)
        if claim.state == "confirmed" and self.naive.offers:
            claim.state = "offered"

    @rule(number=claims)
    def hand_on(self, number: int) -> None:
        claim, row = self.naive.claims[number], self.rows[number]
        try:
            with transaction.atomic():
                offer = actions.hand_on(row, make_person().email, acting_user=row.user)
        except RegistrationRefused:
            assert not claim.can_be_handed_on
            return
        assert claim.can_be_handed_on
        claim.offer = len(self.handed_on)
        self.handed_on.append((number, offer))

    @precondition(lambda self: self.handed_on)
    @rule(which=WHICH, other=st.none() | claims)
    def take_over(self, which: int, other: int | None) -> None:
        standing = [claim.offer for claim in self.naive.claims if claim.offer is not None]
        offer = of(standing if standing and which else range(len(self.handed_on)), which)
        number, offered = self.handed_on[offer]
        claim, giver = self.naive.claims[number], self.rows[number]
        taker = make_person() if other is None else self.rows[other].user
        assert taker
        can = claim.offer == offer and claim.can_be_handed_on and not self.naive.has_any(taker.pk)
        try:
            with transaction.atomic():
                self.rows[number] = actions.take_over(offered, acting_user=taker)
        except RegistrationRefused:
            assert not can
            return
        if claim.offer is None and claim.holder == taker.pk:
            return  # they have taken it before
        assert can
        claim.holder, claim.offer = taker.pk, None
        with pytest.raises(NotAllowed), transaction.atomic():
            actions.cancel(giver, acting_user=giver.user)

    @precondition(lambda self: any(claim.offer is not None for claim in self.naive.claims))
    @rule(number=claims)
    def take_back(self, number: int) -> None:
        actions.take_back(self.rows[number], acting_user=self.rows[number].user)
        self.naive.claims[number].offer = None

    @rule(capacity=st.none() | st.integers(0, 8), kind=st.none() | st.sampled_from(KINDS[:2]))
    def capacity_changes(self, capacity: int | None, kind: str | None) -> None:
        limit = self.naive.limits[kind] if kind else self.naive.capacity
        taken = None if limit is None else limit - self.naive.free(kind)
        try:
            with transaction.atomic():
                ticket_type = self.kinds[kind] if kind else None
                actions.set_capacity(self.desk, capacity, ticket_type=ticket_type, acting_user=self.organiser)
        except RegistrationRefused:
            assert capacity is not None
            assert taken is None or capacity < taken
            return
        if kind:
            self.naive.limits[kind] = capacity
        else:
            self.naive.capacity = capacity
        self.naive.move_up()

    @rule()
    def places_are_offered_from_now_on(self) -> None:
        Desk.objects.filter(pk=self.desk.pk).update(promotion=Promotion.OFFER)
        self.naive.offers = True

    @invariant()
    def both_desks_agree(self) -> None:
        rows = Registration.objects.filter(desk=self.desk).values_list("pk", "state", "user")
        found = {pk: (state, user) for pk, state, user in rows}
        told = [(claim.state, claim.holder) for claim in self.naive.claims]
        assert [found[row.pk] for row in self.rows] == told

    @invariant()
    def nothing_is_out_of_order(self) -> None:
        assert [told for each in INVARIANTS for told in each("default")] == []


@pytest.mark.django_db
def test_any_order_of_events_comes_to_what_a_naive_desk_says() -> None:
    quick = settings(
        max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(AnyOrder, settings=quick)


@pytest.mark.django_db
def test_two_whose_type_has_one_place_hold_up_nobody_who_wants_another() -> None:
    """What was once found here: the event kept a place for two that their own ticket type did not have."""
    desk = make_desk(make_event(starts_at=tomorrow() + dt.timedelta(days=30)), types=0, capacity=2)
    plain, small = make_ticket_type(desk, "plain"), make_ticket_type(desk, "small", guests=1, capacity=2)
    leaving, _staying = make_registration(plain), make_registration(small)
    two = actions.register(small, acting_user=make_person(), guests=["Guest"])
    behind = make_registration(plain)

    actions.cancel(leaving, acting_user=leaving.user)

    two.refresh_from_db()
    behind.refresh_from_db()
    assert (two.state, behind.state) == ("waiting", "confirmed")
