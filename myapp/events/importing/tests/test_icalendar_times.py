"""The traps that real calendars set, one at a time: zones, ends, recurrences."""

import time
from datetime import timedelta

import pytest

from myapp.events.importing import icalendar_files
from myapp.events.importing.tests.reading_of import (
    CUSTOM_ZONE,
    NEW_YORK,
    calendar,
    event,
    options,
    read,
    reasons,
    remarks,
    starts,
)

# Zones


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("DTSTART:20261120T180000Z", "2026-11-20 18:00"),
        ("DTSTART:20261120T180000", "2026-11-20 18:00"),
        ("DTSTART;TZID=Europe/Berlin:20261120T180000", "2026-11-20 17:00"),
        ("DTSTART;TZID=europe/berlin:20261120T180000", "2026-11-20 17:00"),
        ('DTSTART;TZID="Europe/Berlin":20261120T180000', "2026-11-20 17:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20261120T180000", "2026-11-20 17:00"),
        ('DTSTART;TZID="(UTC-05:00) Eastern Time":20261120T180000', "2026-11-20 23:00"),
        ("DTSTART;TZID=(UTC-05:00) Eastern Time:20261120T180000", "2026-11-20 23:00"),
        ('DTSTART;TZID="(UTC-05:00) Eastern Time (US & Canada)":20260720T180000', "2026-07-20 22:00"),
        ('DTSTART;TZID="(UTC+01:00) Amsterdam, Berlin, Bern, Rome":20261120T180000', "2026-11-20 17:00"),
        ("DTSTART;TZID=/mozilla.org/20050126_1/America/Boise:20261120T180000", "2026-11-21 01:00"),
        ("DTSTART;TZID=US-Eastern:20261120T180000", "2026-11-20 23:00"),
        ('DTSTART;TZID="(GMT +01:00)":20261120T180000', "2026-11-20 17:00"),
        ("DTSTART;TZID=UTC+11:20261120T180000", "2026-11-20 07:00"),
        ("DTSTART:2026-11-20T18:00:00+02:00", "2026-11-20 16:00"),
        ("DTSTART:20261120T1800Z", "2026-11-20 18:00"),
    ],
)
def test_start_in_a_zone_of_many_names(start, expected):
    assert starts(read(event(start))) == [expected]


def test_zone_nobody_knows_becomes_the_campus_and_is_said():
    parsed = read(event("DTSTART;TZID=42:20261120T180000"), how=options(NEW_YORK))
    assert starts(parsed, "America/New_York") == ["2026-11-20 18:00"]
    assert remarks(parsed) == ["The time zone “42” is not known; its times were taken as America/New_York."]


def test_floating_time_is_on_the_calendars_clock_unless_the_importer_knows_better():
    floating, head = event("DTSTART:20261120T180000"), "X-WR-TIMEZONE:Asia/Tokyo"
    assert starts(read(floating, head=head)) == ["2026-11-20 09:00"]
    assert starts(read(floating, head=head, how=options(floating=NEW_YORK))) == ["2026-11-20 23:00"]


@pytest.mark.parametrize("order", ["before", "after"])
def test_zone_of_the_files_own_wherever_it_stands(order):
    body = calendar(
        event("DTSTART;TZID=Our Own:20261120T180000"), event("DTSTART;TZID=Our Own:20260720T180000", uid="2")
    ).decode()
    zone = CUSTOM_ZONE.strip()
    whole = (
        body.replace("VERSION:2.0", f"VERSION:2.0\n{zone}")
        if order == "before"
        else body.replace("END:VCALENDAR", f"{zone}\nEND:VCALENDAR")
    )
    parsed = icalendar_files.read(whole.encode(), options())
    assert starts(parsed) == ["2026-11-20 17:00", "2026-07-20 16:00"]
    assert remarks(parsed) == []


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        # RFC 5545 §3.3.5: in a gap the offset before it counts; of two the first is meant.
        ("America/New_York", "20260308T023000", "2026-03-08 07:30"),
        ("America/New_York", "20261101T013000", "2026-11-01 05:30"),
        ("Europe/London", "20260329T013000", "2026-03-29 01:30"),
        ("Our Own", "20260329T023000", "2026-03-29 01:30"),
        ("Our Own", "20261025T023000", "2026-10-25 00:30"),
    ],
)
def test_time_in_a_gap_or_a_fold_of_the_clock(zone, wall, expected):
    assert starts(read(event(f"DTSTART;TZID={zone}:{wall}"), head=CUSTOM_ZONE)) == [expected]


def test_weekly_event_stays_at_its_hour_when_the_clock_changes():
    parsed = read(
        event("DTSTART;TZID=Europe/Berlin:20261019T180000", "DURATION:PT90M", "RRULE:FREQ=WEEKLY;COUNT=2")
    )
    assert starts(parsed) == ["2026-10-19 16:00", "2026-10-26 17:00"]
    assert {one.ends_at - one.starts_at for one in parsed.events if one.ends_at} == {timedelta(minutes=90)}


# Ends


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("DTSTART;VALUE=DATE:20261120",), "2026-11-21 00:00"),
        (("DTSTART:20261120",), "2026-11-21 00:00"),
        (("DTSTART;VALUE=DATE:20261120", "DTEND;VALUE=DATE:20261120"), "2026-11-21 00:00"),
        (("DTSTART;VALUE=DATE:20261120", "DTEND;VALUE=DATE:20261123"), "2026-11-23 00:00"),
        (("DTSTART;VALUE=DATE:20261120", "DURATION:P2D"), "2026-11-22 00:00"),
        (("DTSTART:20261120T220000Z", "DTEND:20261121T010000Z"), "2026-11-21 01:00"),
        (("DTSTART:20261120T220000Z", "DURATION:PT3H"), "2026-11-21 01:00"),
        (("DTSTART:20261120T220000Z", "DTEND:"), None),
        (("DTSTART:20261120T220000Z",), None),
        # A day on the clock is not always 24 hours.
        (("DTSTART;TZID=Europe/London:20261024T120000", "DURATION:P1D"), "2026-10-25 12:00"),
        (("DTSTART;TZID=Europe/London:20261024T120000", "DURATION:PT24H"), "2026-10-25 11:00"),
    ],
)
def test_end_by_dtend_duration_or_nothing(lines, expected):
    (found,) = read(event(lines[0], *lines[1:])).events
    assert (f"{found.ends_at:%Y-%m-%d %H:%M}" if found.ends_at else None) == expected


@pytest.mark.parametrize(
    "end",
    ["DTEND:20261120T170000Z", "DURATION:-PT1H", "DURATION:PT1W", "DTEND:soon", "DTEND:99991231T235959Z"],
)
def test_end_that_cannot_be_is_left_out_and_said(end):
    parsed = read(event("DTSTART:20261120T180000Z", end))
    assert parsed.events[0].ends_at is None
    assert len(remarks(parsed)) == 1


# Recurrences


def test_dates_left_out_moved_and_added():
    parsed = read(
        event(
            "DTSTART;TZID=Europe/London:20261120T180000",
            "DTEND;TZID=Europe/London:20261120T200000",
            "RRULE:FREQ=WEEKLY;COUNT=5",
            "EXDATE;TZID=America/New_York:20261127T130000",
            "RDATE:20261222T120000",
        ),
        event(
            "DTSTART:20261205T100000Z",
            "RECURRENCE-ID:20261204T180000Z",
            "STATUS:CANCELLED",
            "LOCATION:Elsewhere",
        ),
    )
    assert starts(parsed) == [
        "2026-11-20 18:00",
        "2026-12-05 10:00",
        "2026-12-11 18:00",
        "2026-12-18 18:00",
        "2026-12-22 12:00",
    ]
    moved = parsed.events[1]
    assert (moved.cancelled, moved.place) == (True, "Elsewhere")
    assert f"{moved.recurrence_id:%m-%d %H:%M}" == "12-04 18:00"
    assert {one.uid for one in parsed.events} == {"one"}
    assert parsed.events[0].series is parsed.events[4].series
    assert parsed.events[0].series.rule.startswith("RRULE:FREQ=WEEKLY;COUNT=5")


def test_this_and_future_shifts_all_later_dates():
    parsed = read(
        event("DTSTART:20261120T180000Z", "RRULE:FREQ=DAILY;COUNT=5"),
        event(
            "DTSTART:20261122T193000Z",
            "DURATION:PT1H",
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20261122T180000Z",
            "LOCATION:New room",
        ),
        event("DTSTART:20261124T090000Z", "RECURRENCE-ID:20261124T180000Z"),
    )
    assert starts(parsed) == [
        "2026-11-20 18:00",
        "2026-11-21 18:00",
        "2026-11-22 19:30",
        "2026-11-23 19:30",
        "2026-11-24 09:00",
    ]
    assert [one.place for one in parsed.events] == ["", "", "New room", "New room", ""]


@pytest.mark.parametrize(
    ("start", "until", "last"),
    [
        ("DTSTART;TZID=America/New_York:20261120T200000", "20261122", "2026-11-22"),
        ("DTSTART;TZID=America/New_York:20261120T200000", "20261123T010000Z", "2026-11-22"),
        ("DTSTART;TZID=America/New_York:20261120T200000", "20261122T200000", "2026-11-22"),
        ("DTSTART;TZID=America/New_York:20261120T200000", "20261122T195959", "2026-11-21"),
        ("DTSTART;VALUE=DATE:20261120", "20261122", "2026-11-22"),
        ("DTSTART;VALUE=DATE:20261120", "20261122T000000Z", "2026-11-22"),
        ("DTSTART;VALUE=DATE:20261120", "20261123T045959Z", "2026-11-22"),
    ],
)
def test_until_includes_the_date_it_means(start, until, last):
    parsed = read(event(start, f"RRULE:FREQ=DAILY;UNTIL={until}"), how=options(NEW_YORK))
    assert starts(parsed, "America/New_York")[-1].split()[0] == last


def test_day_of_exchange_is_found_by_its_own_midnight():
    parsed = read(
        event("DTSTART;VALUE=DATE:20261119", "RRULE:FREQ=WEEKLY;UNTIL=20261202T230000Z;BYDAY=TH"),
        event("DTSTART;VALUE=DATE:20261127", "RECURRENCE-ID;TZID=W. Europe Standard Time:20261126T000000"),
        head=CUSTOM_ZONE.replace("Our Own", "W. Europe Standard Time"),
        how=options(NEW_YORK),
    )
    assert [one.split()[0] for one in starts(parsed, "America/New_York")] == [
        "2026-11-19",
        "2026-11-27",
        "2026-12-03",
    ]


def test_several_rules_and_an_exclusion_rule():
    parsed = read(
        event(
            "DTSTART:20261101T120000Z",
            "RRULE:FREQ=DAILY;COUNT=4",
            "RRULE:FREQ=WEEKLY;COUNT=2",
            "EXRULE:FREQ=DAILY;INTERVAL=2;COUNT=2",
        )
    )
    assert starts(parsed) == ["2026-11-02 12:00", "2026-11-04 12:00", "2026-11-08 12:00"]


def test_count_counts_what_is_left_out():
    parsed = read(event("DTSTART:20261120T120000Z", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261121T120000Z"))
    assert starts(parsed) == ["2026-11-20 12:00", "2026-11-22 12:00"]


def test_series_is_stamped_for_the_horizon_only():
    parsed = read(event("DTSTART:20100101T120000Z", "RRULE:FREQ=WEEKLY"), how=options(past=14, horizon=14))
    assert starts(parsed) == [
        "2026-11-06 12:00",
        "2026-11-13 12:00",
        "2026-11-20 12:00",
        "2026-11-27 12:00",
        "2026-12-04 12:00",
    ]
    over = read(event("DTSTART:20100101T120000Z", "RRULE:FREQ=WEEKLY;COUNT=3"))
    assert reasons(over) == ["None of the dates of “Talk” lies between 2026-09-21 and 2027-12-25."]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=5",
        "FREQ=HOURLY",
        "FREQ=SECONDLY;COUNT=999999999",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=0,1,2,3,4,5,6,7,8,9",
    ],
)
def test_rule_of_thousands_of_dates_is_refused_at_once(rule):
    began = time.process_time()
    parsed = read(
        event("DTSTART:19700101T000000Z", f"RRULE:{rule}"), event("DTSTART:20261120T120000Z", uid="2")
    )
    assert len(parsed.events) == 1
    assert len(parsed.skipped) == 1
    assert time.process_time() - began < 5


def test_rule_without_meaning_leaves_the_first_date():
    parsed = read(event("DTSTART:20261120T120000Z", "RRULE:FREQ=WEEKLY;BYMONTHDAY=20"))
    assert starts(parsed) == ["2026-11-20 12:00"]
    assert remarks(parsed) == ["Its rule was left out: BYMONTHDAY has no meaning with FREQ=WEEKLY."]
