"""Limits: what one visitor may ask for, and why a campus behind one address is not one visitor.

None of it needs an application: Nginx answers 503 for what it would have passed on, 429 for what is too much, and so fast
that what refills meanwhile hardly counts. Each test comes from an address of its own.
"""

import secrets
import time
from collections import Counter
from itertools import count

import pytest

from myapp.testing.edge import SECRET, serving

_addresses = (f"127.0.9.{number}" for number in count(1))
ADA, OMAR = "a" * 32, "b" * 32


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("nginx"), application="") as site:
        yield site


@pytest.fixture
def address():
    return next(_addresses)


class Passed(int):
    """How many were passed on, and how many seconds it took to find out."""

    seconds = 0.0


def ask_often(site, address, path, number, session=lambda: ""):
    """Ask that often and return how much of it was passed on; `session` makes up a cookie each time."""
    started = time.monotonic()
    statuses: Counter[int] = Counter()
    with site.converse(at=address) as conversation:
        for step in range(number):
            cookie = f"sessionid={key}" if (key := session()) else ""
            statuses[conversation.ask(path.format(step), cookie=cookie).status] += 1
    assert set(statuses) <= {503, 429}
    passed = Passed(statuses[503])
    passed.seconds = time.monotonic() - started
    return passed


def assert_allowance(passed, burst, rate):
    """The burst and the one that started it, what the rate added meanwhile, and no more."""
    assert burst <= passed <= burst + 2 + rate * passed.seconds


def test_a_stranger_gets_a_hundred_personal_pages_a_minute(nginx, address):
    passed = ask_often(nginx, address, "/_mine/shell/", 150)
    assert_allowance(passed, 100, 100 / 60)


def test_who_asks_too_often_is_told_so(nginx, address):
    ask_often(nginx, address, "/_mine/shell/", 110)
    with nginx.converse(at=address) as conversation:
        answer = conversation.ask("/_mine/shell/")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "10")
    assert b"Too many requests" in answer.body
    assert "no-store" in answer.headers["Cache-Control"]


def test_people_behind_one_address_do_not_use_up_each_others_allowance(nginx, address):
    assert ask_often(nginx, address, "/_mine/shell/", 150) < 150
    assert ask_often(nginx, address, "/_mine/shell/", 90, lambda: ADA) == 90
    assert ask_often(nginx, address, "/_mine/shell/", 60, lambda: ADA) < 60
    assert ask_often(nginx, address, "/_mine/shell/", 90, lambda: OMAR) == 90


def test_a_person_has_one_allowance_wherever_they_are(nginx, address):
    person = secrets.token_hex(16)
    assert ask_often(nginx, address, "/_mine/shell/", 90, lambda: person) == 90
    assert ask_often(nginx, next(_addresses), "/_mine/shell/", 60, lambda: person) < 60


def test_invented_sessions_do_not_buy_an_unlimited_allowance(nginx, address):
    passed = ask_often(nginx, address, "/_mine/shell/", 1500, lambda: secrets.token_hex(16))
    assert_allowance(passed, 400, 200)
    assert passed < 1500


@pytest.mark.parametrize("session", ["x", "A" * 32, "a" * 33, "a" * 31 + "-", "a" * 4000])
def test_what_cannot_be_a_session_is_a_stranger(nginx, address, session):
    passed = ask_often(nginx, address, "/_mine/shell/", 130, lambda: session)
    assert_allowance(passed, 100, 100 / 60)


def test_signing_in_is_counted_by_address_whoever_says_they_are(nginx, address):
    passed = ask_often(nginx, address, "/accounts/login/", 60, lambda: secrets.token_hex(16))
    assert_allowance(passed, 20, 10)
    assert ask_often(nginx, address, "/fr/accounts/login/", 10) < 10
    assert ask_often(nginx, address, "/_mine/shell/", 10) == 10


def test_machines_get_a_hundred_answers_a_second(nginx, address):
    passed = ask_often(nginx, address, "/api/events/", 390)
    assert_allowance(passed, 200, 100)


def test_a_stranger_may_have_pages_made_for_twenty_students_at_once(nginx, address):
    passed = ask_often(nginx, address, "/events/?q=word{}", 290)
    assert_allowance(passed, 200, 20)
    assert ask_often(nginx, address, "/events/?q=other{}", 90, lambda: secrets.token_hex(16)) == 90


def test_addresses_are_counted_by_what_one_customer_has(nginx):
    def passed(address, number):
        told = {"x_eventmate_secret": SECRET, "x_eventmate_door": "person", "x_real_ip": address}
        with nginx.converse("limits") as conversation:
            return sum(conversation.ask("/", **told).status == 503 for _ in range(number))

    assert passed("2001:db8:1:2::1", 90) == 90
    assert passed("2001:db8:1:2:ffff::9", 60) < 20  # the same /64
    assert passed("2001:db8:1:3::1", 60) == 60
    assert passed("192.0.2.1", 90) == 90
    assert passed("192.0.2.2", 90) == 90
