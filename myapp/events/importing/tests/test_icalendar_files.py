"""The traps that real calendars set, one at a time: what is in them. Their times: test_icalendar_times.py."""

import time

import pytest
from hypothesis import given, settings, strategies as st

from myapp.events.importing import deadline, icalendar_files
from myapp.events.importing.items import Refused
from myapp.events.importing.tests.reading_of import (
    CUSTOM_ZONE,
    calendar,
    event,
    options,
    read,
    reasons,
    remarks,
)

# What is taken and what is not


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("SUMMARY:No start",), "It has no start."),
        (("DTSTART:20261340T000000Z",), "DTSTART: “20261340T000000Z” is no date of any calendar."),
        (("DTSTART:tomorrow",), "DTSTART: “tomorrow” cannot be read as a date."),
        (("DTSTART:00010101T000000Z",), "The year 1 is no year we know of."),
        (("DTSTART:20261120T120000Z", "CLASS:PRIVATE"), "It is marked as private."),
        (("DTSTART:20261120T120000Z", "CLASS:confidential"), "It is marked as private."),
    ],
)
def test_event_that_is_left_out_says_why(lines, reason):
    parsed = read("\n".join(lines), event("DTSTART:20261120T120000Z", uid="fine"))
    assert reasons(parsed) == [reason]
    assert [one.uid for one in parsed.events] == ["fine"]


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "REFRESH"])
def test_answer_to_an_invitation_is_no_event(method):
    parsed = read(event("DTSTART:20261120T120000Z"), head=f"METHOD:{method}")
    assert parsed.events == []
    assert method in reasons(parsed)[0]


def test_calendar_of_cancellations_cancels():
    parsed = read(event("DTSTART:20261120T120000Z"), head="METHOD:CANCEL")
    assert parsed.events[0].cancelled


def test_newest_of_several_is_taken_and_the_others_are_named():
    parsed = read(
        event("DTSTART:20261120T120000Z", "SEQUENCE:2", "LOCATION:newest"),
        event("DTSTART:20261120T130000Z", "SEQUENCE:1"),
        event("DTSTART:20261120T140000Z", "SEQUENCE:2", "LOCATION:last"),
    )
    assert [one.place for one in parsed.events] == ["last"]
    assert len(parsed.skipped) == 2


def test_event_without_uid_is_found_again_by_what_it_says():
    without = "SUMMARY:Talk\nDTSTART:20261120T120000Z"
    first, again = read(without), read("DTSTAMP:20261101T000000Z\n" + without)
    other = read(without.replace("Talk", "Walk"))
    assert first.events[0].uid == again.events[0].uid != other.events[0].uid
    assert first.events[0].uid.startswith("content-")


def test_everything_an_event_says_is_read():
    (found,) = read(
        event(
            "DTSTART;TZID=Europe/Berlin:20261120T180000",
            "LOCATION:APM 6402",
            "DESCRIPTION:One\\, two\\;\\n<b>three</b> \\\\n",
            "CATEGORIES:Talk,Maths\\, pure",
            "CATEGORIES:talk",
            'ORGANIZER;CN="Ms. Ångström":mailto:someone@example.org',
            "URL:https://example.org/e?a=1",
            "SEQUENCE:7",
            "X-GOOGLE-CONFERENCE:https://meet.google.com/abc-defg-hij",
        )
    ).events
    assert found.description == "One, two; **three** \\\\n"
    assert found.tags == ["Talk", "Maths, pure"]
    assert (found.place, found.organizer, found.url) == (
        "APM 6402",
        "Ms. Ångström",
        "https://example.org/e?a=1",
    )
    assert (found.sequence, found.timezone) == (7, "Europe/Berlin")
    assert (found.online, found.online_url) == (False, "https://meet.google.com/abc-defg-hij")


def test_address_that_is_none_is_not_kept():
    (found,) = read(
        event("DTSTART:20261120T120000Z", "URL:javascript:alert(1)", "ORGANIZER;CN=me@example.org:x")
    ).events
    assert (found.url, found.organizer) == ("", "")


# Files


def test_several_calendars_in_one_file():
    raw = (
        calendar(event("DTSTART:20261120T120000Z"))
        + b"\xef\xbb\xbf"
        + calendar(event("DTSTART:20261121T120000Z", uid="2"))
    )
    assert len(icalendar_files.read(raw, options()).events) == 2


def test_event_outside_of_any_calendar():
    raw = b"BEGIN:VEVENT\nUID:1\nSUMMARY:Loose\nDTSTART:20261120T120000Z\nEND:VEVENT\n"
    assert [one.title for one in icalendar_files.read(raw, options()).events] == ["Loose"]


def test_file_that_breaks_off_is_known_to():
    parsed = icalendar_files.read(
        calendar(event("DTSTART:20261120T120000Z"), event("DTSTART:20261120T120000Z", uid="2"))[:-40],
        options(),
    )
    assert parsed.truncated
    assert not icalendar_files.read(calendar(event("DTSTART:20261120T120000Z")), options()).truncated


def test_line_of_33_kilobytes_and_lines_that_are_none():
    long = "x" * 33_000
    parsed = read(event("DTSTART:20261120T120000Z", f"DESCRIPTION:{long}", "what is this", ";;:", "=:="))
    assert parsed.events[0].description == long
    assert remarks(parsed) == ["3 lines could not be read."]


@pytest.mark.parametrize(
    "raw",
    [b"", b"hello", b"BEGIN:VCARD\nEND:VCARD", b"<html></html>", b"\x00" * 500, b"\xff\xfe" + b"\x00" * 9],
)
def test_what_is_no_calendar_is_refused(raw):
    with pytest.raises(Refused):
        icalendar_files.read(raw, options())


def test_quoted_printable_of_the_nineties():
    parsed = read(event("DTSTART:20261120T120000Z", "LOCATION;ENCODING=QUOTED-PRINTABLE:Caf=C3=A9 =\nbehind"))
    assert parsed.events[0].place == "Café behind"


def test_calendar_nested_a_thousand_deep_is_read():
    deep = b"BEGIN:X\n" * 1000
    raw = b"BEGIN:VCALENDAR\n" + deep + calendar(event("DTSTART:20261120T120000Z"))
    assert len(icalendar_files.read(raw, options()).events) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"BEGIN:VCALENDAR\n" + b"\r\n" * 500_000 + b"x",
        b"BEGIN:VCALENDAR\n" + b" " * 1_000_000,
        b"BEGIN:VCALENDAR\nX" + b';A="' * 200_000,
        b"BEGIN:VCALENDAR\nX;A=" + b"a," * 400_000 + b":1",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261120\nCATEGORIES:" + b"\\," * 400_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261120\nDESCRIPTION:" + b"<b>" * 200_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261120\nRRULE:FREQ=DAILY\nEXDATE:" + b"20261120," * 90_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261120\nRRULE:FREQ=YEARLY;BYDAY=" + b"MO," * 90_000,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 60_000,
        b"BEGIN:VCALENDAR\nSUMMARY;ENCODING=QUOTED-PRINTABLE:" + b"=\n" * 200_000,
    ],
    ids=range(10),
)
def test_poisoned_file_is_read_or_refused_within_its_time(raw):
    began = time.process_time()
    try:
        with deadline.within(10):
            icalendar_files.read(raw, options())
    except Refused:
        pass
    assert time.process_time() - began < 8


@given(st.binary(max_size=400), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_calendar_with_noise_in_it_is_read_or_refused(noise, at):
    raw = calendar(
        event(
            "DTSTART;TZID=Europe/Berlin:20261120T120000",
            "RRULE:FREQ=WEEKLY;COUNT=3",
            "EXDATE:20261127T110000Z",
        ),
        head=CUSTOM_ZONE,
    )
    try:
        parsed = icalendar_files.read(raw[:at] + noise + raw[at:], options())
    except Refused as error:
        assert str(error)  # noqa: PT017 - a sentence is as good an answer as events
    else:
        assert parsed.events or parsed.skipped
