"""Whatever order scans arrive in, and however often: the sum of them is the same."""

from __future__ import annotations

import datetime as dt
import uuid
from itertools import permutations

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from myapp.checkin import actions
from myapp.checkin.actions import Doorkeeper
from myapp.checkin.merging import Seen, duplicates
from myapp.checkin.models import Direction, How, Presence, Scan
from myapp.registrations.models import Registration

pytestmark = pytest.mark.django_db

NOTHING = dt.timedelta()


MOMENTS = st.integers(0, 6)


@st.composite
def queues(draw) -> list[tuple[int, int, str, int | None]]:
    """Scans of two places at two doors: place, minute, direction, and perhaps the minute in which it was taken back."""
    scan = st.tuples(st.integers(0, 1), MOMENTS, st.sampled_from(["in", "in", "out"]), st.none() | MOMENTS)
    drawn: list[tuple[int, int, str, int | None]] = draw(st.lists(scan, min_size=1, max_size=7))
    return drawn


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queue=queues(), data=st.data())
def test_whatever_order_a_queue_arrives_in_the_sum_is_the_same(omar, desk, registration, queue, data) -> None:
    began = timezone.now() - dt.timedelta(hours=1)
    Registration.objects.filter(pk=registration.pk).update(guests=["Grace"])
    sent = []
    for number, (place, minute, direction, undone) in enumerate(queue):
        seen = Seen(
            uuid.UUID(int=number),
            registration.pk,
            place,
            Direction(direction),
            began + dt.timedelta(minutes=minute),
            How.CAMERA,
        )
        sent.append(seen)
        if undone is not None:
            sent.append(seen._replace(undone_at=began))
    orders = [sent, data.draw(st.permutations(sent)), data.draw(st.permutations(sent + sent))]

    results = [_result_of(omar, desk, order, data.draw(st.integers(1, 4))) for order in orders]

    assert results[0] == results[1] == results[2]


def _result_of(omar, desk, order: list[Seen], at_once: int):
    """Send a queue in parts, and return who is in, since when, and which scans count; then forget all."""
    from django.db import connection, transaction

    with transaction.atomic():
        for start in range(0, len(order), at_once):
            actions.merge_scans(
                desk, order[start : start + at_once], by=Doorkeeper(omar, "A", "d"), ahead=NOTHING
            )
        sums = list(
            Presence.objects.order_by("place").values_list("place", "is_in", "first_in_at", "changed_at")
        )
        scans = {(scan.nonce, scan.at, scan.refused, scan.undone_at is None) for scan in Scan.objects.all()}
        doubles = {nonce: sorted(others) for nonce, others in duplicates(desk).items()}
        transaction.set_rollback(True)
    connection.needs_rollback = False
    return sums, scans, doubles


def test_each_order_of_in_out_in_at_three_doors_ends_in(omar, desk, registration) -> None:
    began = timezone.now() - dt.timedelta(hours=1)
    seen = [
        Seen(
            uuid.UUID(int=n), registration.pk, 0, Direction(way), began + dt.timedelta(minutes=n), How.CAMERA
        )
        for n, way in enumerate(["in", "out", "in"])
    ]
    for order in permutations(seen):
        sums, _scans, doubles = _result_of(omar, desk, list(order), 1)
        assert sums == [(0, True, began, began + dt.timedelta(minutes=2))]
        assert doubles == {}
