"""Rules against answers other people worked out, against dateutil where it is right, and against the clock."""

# Wall clocks have no zone.
# ruff: noqa: DTZ001, DTZ007

import re
import time
from datetime import datetime, timedelta
from itertools import islice, takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings, strategies as st

from myapp.events.importing import rule_reading
from myapp.events.importing.recurrence_rules import OutOfRange, RuleError, TooFar
from myapp.testing.needs import needs_shared_data


def moment(text: str) -> datetime:
    return datetime.strptime(text.strip(), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")


def dates(rule: str, start: str, number: int = 50) -> list[str]:
    found = islice(rule_reading.parse(rule).dates(moment(start)), number)
    return [f"{one:%Y%m%d}" if "T" not in start else f"{one:%Y%m%dT%H%M%S}" for one in found]


def known_cases() -> list[dict[str, str]]:
    text = needs_shared_data("ics-expected", "icalnet-RecurrenceTestCases.txt").read_text("utf-8-sig")
    blocks = (
        dict(line.split(":", 1) for line in block.splitlines() if ":" in line and not line.startswith("#"))
        for block in re.split(r"\n\s*\n", text)
    )
    return [block for block in blocks if "RRULE" in block]


def test_known_recurrence_cases_all_agree():
    disagreeing = []
    cases = known_cases()
    for case in cases:
        after = moment(case["START-AT"]) if "START-AT" in case else None
        try:
            rule = rule_reading.parse(case["RRULE"])
            found = list(rule.dates(moment(case["DTSTART"]), after=after))
            if days := re.fullmatch(r"P(\d+)D", case.get("DURATION", "")):
                _ends = [one + timedelta(days=int(days[1])) for one in found]
        except (RuleError, OverflowError):
            found = None
        expected = [moment(one) for one in case["INSTANCES"].split(",")] if "INSTANCES" in case else None
        if found != expected:
            disagreeing.append((case, found))
    assert disagreeing == []
    assert len(cases) == 85


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", "20261117", ["20261117", "20261119", "20261124"]),
        ("FREQ=YEARLY;COUNT=2", "20240229", ["20240229", "20280229"]),
        ("FREQ=MONTHLY;COUNT=3", "20260131", ["20260131", "20260331", "20260531"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "20261127", ["20261127", "20261225"]),
        ("FREQ=MONTHLY;BYDAY=MO,2TU;COUNT=4", "20250106", ["20250106", "20250113", "20250114", "20250120"]),
        ("freq=daily;interval=2;count=2;", "20261117", ["20261117", "20261119"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO;COUNT=4",
            "20261122",
            ["20261122", "20261123", "20261206", "20261207"],
        ),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR;COUNT=1", "20260101", ["20270101"]),
        ("FREQ=DAILY;UNTIL=20261119", "20261117", ["20261117", "20261118", "20261119"]),
        ("FREQ=DAILY;BYHOUR=9,17;BYMINUTE=30;COUNT=3", "20261117T093000", None),
    ],
)
def test_dates_of_a_rule(rule, start, expected):
    expected = expected or ["20261117T093000", "20261117T173000", "20261118T093000"]
    assert dates(rule, start) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=ten",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=MO=",
        "FREQ=WEEKLY;BYMONTHDAY=3",
        "FREQ=MONTHLY;BYWEEKNO=3",
        "FREQ=DAILY;BYYEARDAY=3",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20261340",
        "FREQ=YEARLY;RSCALE=CHINESE",
        "FREQ=WEEKLY;WKST=8",
        f"FREQ=DAILY;COUNT={'9' * 5000}",
        "AnythingRandom",
    ],
)
def test_rule_without_meaning_is_refused_with_a_sentence(rule):
    with pytest.raises(RuleError, match=r"\.$"):
        rule_reading.parse(rule)


def test_rule_of_every_second_leaps_to_what_is_asked_for():
    rule = rule_reading.parse("FREQ=SECONDLY")
    began = time.process_time()
    found = list(islice(rule.dates(datetime(1970, 1, 1), after=datetime(2026, 11, 20, 12)), 2))
    assert found == [datetime(2026, 11, 20, 12), datetime(2026, 11, 20, 12, 0, 1)]
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY;COUNT=999999999",
        "FREQ=MINUTELY;COUNT=999999999",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    ],
)
def test_rule_that_would_never_get_there_gives_up(rule):
    began = time.process_time()
    with pytest.raises((TooFar, OutOfRange)):
        list(rule_reading.parse(rule).dates(datetime(1970, 1, 1), after=datetime(2026, 11, 20)))
    assert time.process_time() - began < 5


# dateutil agrees with RFC 5545 on rules as simple as these, so it is a second opinion on a great many of them.
weekdays = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), unique=True, min_size=1)
simple_rules = st.one_of(
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};WKST={};BYDAY={}".format,
        st.integers(1, 5),
        st.sampled_from(["MO", "SU"]),
        weekdays.map(",".join),
    ),
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 40)),
    st.builds("FREQ=DAILY;INTERVAL={};BYDAY={}".format, st.integers(1, 9), weekdays.map(",".join)),
    st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format, st.integers(1, 14), st.integers(-31, 31).filter(bool)
    ),
    st.builds(
        "FREQ=MONTHLY;BYDAY={}{}".format,
        st.integers(-5, 5).filter(bool),
        st.sampled_from(["MO", "WE", "SU"]),
    ),
    st.builds("FREQ=YEARLY;INTERVAL={};BYMONTH={}".format, st.integers(1, 5), st.integers(1, 12)),
    st.builds("FREQ=HOURLY;INTERVAL={};BYHOUR=8,9,20".format, st.sampled_from([1, 5, 7, 11])),
)


@given(
    rule=simple_rules,
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(
        lambda one: one.replace(microsecond=0)
    ),
    count=st.none() | st.integers(1, 30),
    leap=st.integers(0, 900),
)
@settings(max_examples=100, deadline=None)
def test_simple_rules_agree_with_dateutil(rule, start, count, leap):
    text = f"{rule};COUNT={count}" if count else rule
    last = datetime(2033, 1, 1)
    after = start + timedelta(days=leap)
    try:
        ours = _until(rule_reading.parse(text).dates(start, after=after, before=last), last, 40)
    except TooFar:
        return
    theirs = (one for one in rrulestr(text, dtstart=start) if one >= after)
    assert ours == _until(theirs, last, 40)


def _until(found, last, number):
    return list(islice(takewhile(lambda one: one <= last, found), number))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "FREQ",
                    "INTERVAL",
                    "COUNT",
                    "UNTIL",
                    "BYDAY",
                    "BYMONTH",
                    "BYSETPOS",
                    "BYWEEKNO",
                    "WKST",
                    "X",
                ]
            ),
            st.sampled_from(
                [
                    "DAILY",
                    "SECONDLY",
                    "YEARLY",
                    "1",
                    "-1",
                    "366",
                    "MO",
                    "1MO,TU",
                    "0SU",
                    "20261231T000000Z",
                    "",
                    "=",
                ]
            ),
        ),
        max_size=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_rule_has_dates_or_a_sentence(parts):
    try:
        rule = rule_reading.parse(";".join(f"{name}={value}" for name, value in parts))
        found = list(islice(rule.dates(datetime(2026, 1, 1), after=datetime(2026, 11, 20)), 20))
    except RuleError as error:
        assert str(error).endswith(".")  # noqa: PT017 - a sentence is as good an answer as dates
    else:
        assert found == sorted(found)
        assert len(set(found)) == len(found)
