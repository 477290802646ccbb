"""Who comes to the database when: a few at a time of each event, the others wait in Python."""

import threading
import time
from contextlib import ExitStack

import pytest

from myapp.registrations import rush
from myapp.registrations.errors import RegistrationRefused


def test_a_few_of_one_event_go_at_once_and_nobody_is_forgotten():
    inside, most, done = [0], [0], []
    counting = threading.Lock()

    def come(number: int) -> None:
        with rush.in_turn("event"):
            with counting:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            with counting:
                inside[0] -= 1
        done.append(number)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most[0] == rush.MOST_AT_ONCE
    assert sorted(done) == list(range(40))
    assert not rush._lines


def test_one_event_does_not_wait_for_another():
    with rush.in_turn("a"), rush.in_turn("a"), rush.in_turn("a"), rush.in_turn("a"), rush.in_turn("b"):
        assert set(rush._lines) == {"a", "b"}


def test_who_waits_too_long_is_told_and_leaves_the_line(monkeypatch):
    monkeypatch.setattr(rush, "SECONDS_OF_PATIENCE", 0.01)
    with ExitStack() as line:
        for _ in range(rush.MOST_AT_ONCE):
            line.enter_context(rush.in_turn("a"))
        with pytest.raises(RegistrationRefused, match="Try again") as refused:
            line.enter_context(rush.in_turn("a"))

    assert refused.value.code == "busy"
    assert not rush._lines


def test_an_error_inside_gives_the_turn_back():
    for _ in range(rush.MOST_AT_ONCE + 1):
        with pytest.raises(ZeroDivisionError), rush.in_turn("a"):
            raise ZeroDivisionError
    assert not rush._lines


def test_what_is_full_is_forgotten_after_a_quarter_of_a_second(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    rush._remember_full("a", 1)

    clock[0] += 0.24
    with pytest.raises(RegistrationRefused) as refused:
        rush._must_not_be_full("a", 1)
    assert refused.value.code == "full"
    rush._must_not_be_full("a", 2)
    clock[0] += 0.02
    rush._must_not_be_full("a", 1)


def test_only_so_many_full_desks_are_remembered():
    for number in range(rush._MOST_REMEMBERED * 2):
        rush._remember_full("a", number)
    assert len(rush._full_until) <= rush._MOST_REMEMBERED
