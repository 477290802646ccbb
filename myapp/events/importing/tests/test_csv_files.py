"""Tables of events, row by row."""

# Wall clocks have no zone.
# ruff: noqa: DTZ001

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from myapp.events.importing import csv_files, texts
from myapp.events.importing.items import Refused
from myapp.events.importing.tests.reading_of import NEW_YORK, options, read_shared, reasons, remarks, starts
from myapp.testing.needs import needs_shared_data


def table(*rows: dict[str, str], dialect: str = "excel") -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, dialect=dialect)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def row(**cells: str) -> dict[str, str]:
    return {"title": "Talk", "start": "2026-11-20T18:00", **cells}


def read(*rows: dict[str, str], how=None):
    return csv_files.read(table(*rows), how or options())


@pytest.mark.parametrize(
    ("cells", "start", "end"),
    [
        ({"start": "2026-11-20T18:00"}, "2026-11-20 18:00", None),
        ({"start": "2026-11-20 18:00", "end": "2026-11-20T19:30:00"}, "2026-11-20 18:00", "2026-11-20 19:30"),
        ({"start": "2026-11-20T18:00", "timezone": "Europe/Paris"}, "2026-11-20 17:00", None),
        ({"start": "2026-11-20T18:00", "timezone": "Pacific Standard Time"}, "2026-11-21 02:00", None),
        ({"start": "2026-11-20T18:00+05:00", "timezone": "Europe/Paris"}, "2026-11-20 13:00", None),
        ({"start": "2026-11-20T18:00:00Z"}, "2026-11-20 18:00", None),
        ({"start": "2026-11-20", "all_day": "1"}, "2026-11-20 00:00", "2026-11-21 00:00"),
        (
            {"start": "2026-11-20", "end": "2026-11-22", "all_day": "1"},
            "2026-11-20 00:00",
            "2026-11-23 00:00",
        ),
        ({"start": "2026-11-20"}, "2026-11-20 00:00", "2026-11-21 00:00"),
    ],
)
def test_times_of_a_row(cells, start, end):
    parsed = read(row(**cells))
    assert starts(parsed) == [start]
    ends_at = parsed.events[0].ends_at
    assert (f"{ends_at:%Y-%m-%d %H:%M}" if ends_at else None) == end


def test_all_day_is_a_day_of_the_campus_wherever_it_takes_place():
    (found,) = read(row(start="2026-11-20", all_day="1", timezone="Asia/Tokyo"), how=options(NEW_YORK)).events
    assert found.starts_at == datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert found.timezone == "America/New_York"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"title": "  "}, "It has no title."),
        ({"start": ""}, "It has no start."),
        ({"start": "20 November"}, "“20 November” cannot be read as a date for start."),
        ({"start": "2026-02-30T10:00"}, "“2026-02-30T10:00” is no date of any calendar."),
        ({"start": "0001-01-01"}, "The year 1 is no year we know of."),
        ({"all_day": "perhaps"}, "“perhaps” is neither 1 nor 0 for all_day."),
    ],
)
def test_row_that_is_left_out_says_why_and_where(cells, reason):
    parsed = read(row(title="Fine"), row(**cells))
    assert [(one.where, one.reason) for one in parsed.skipped] == [("row 3", reason)]
    assert len(parsed.events) == 1


def test_row_that_is_not_quite_right_is_taken_with_a_remark():
    parsed = read(
        row(end="2026-11-20T17:00"), row(title="Walk", timezone="Narnia"), row(title="Run", end="late")
    )
    assert len(parsed.events) == 3
    assert [one.where for one in parsed.remarks] == ["row 2", "row 3", "row 4"]
    assert remarks(parsed)[0] == "It ends before it starts; it was taken without an end."


def test_row_of_too_many_cells_is_left_out():
    parsed = csv_files.read(b"title,start\nTalk,2026-11-20,what\nWalk,2026-11-20\n", options())
    assert reasons(parsed) == ["It has more cells than the first row."]


@pytest.mark.parametrize(
    "raw", [b"", b"name of nothing\n", b"title\nx\n", b"\x00\x01", b'title,start\n"' + b"x" * 1_100_000]
)
def test_table_without_what_must_be_there_is_refused(raw):
    with pytest.raises(Refused):
        csv_files.read(raw, options())


@pytest.mark.parametrize("head", [b"Title;Starts;Location", b"\xef\xbb\xbfTITLE;START;place"])
def test_other_words_and_separators(head):
    (found,) = csv_files.read(head + b"\nTalk;2026-11-20;Here, there\n", options()).events
    assert (found.title, found.place) == ("Talk", "Here, there")


def test_identity_is_the_sources_or_made_of_what_it_says():
    named, again = (read(row(source="rex", source_id="7", title=title)) for title in ("Talk", "Walk"))
    assert named.events[0].uid == again.events[0].uid == "rex:7"
    nameless, same = read(row()), read(row(description="more"))
    assert nameless.events[0].uid == same.events[0].uid


def test_rows_that_share_an_identity_are_told_apart_by_start_and_place():
    london, paris = row(source_id="7", place="London"), row(source_id="7", place="Paris")
    early = row(source_id="7", place="Rome", start="2026-11-01T10:00")
    parsed = read(london, paris, early, london)
    assert len({one.uid for one in parsed.events}) == 3
    assert [one.uid for one in parsed.events if one.place == "Rome"] == [":7"]
    assert len(parsed.skipped) == 1
    assert {one.uid for one in read(early, paris, london).events} == {one.uid for one in parsed.events}


def test_everything_a_row_says_is_read():
    (found,) = read(
        row(
            description="**Free** <script>alert(1)</script>",
            place="online",
            tags="Food (snacks), Social,,social",
            organizer="Baker House",
            url="https://example.org/7",
            language="en,fr",
        )
    ).events
    assert found.description == "**Free** \\<script>alert(1)\\</script>"
    assert (found.online, found.tags, found.language) == (True, ["Food (snacks)", "Social"], "en")


naughty = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


@given(
    st.lists(
        st.tuples(naughty, naughty, st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1))), max_size=5
    )
)
@settings(max_examples=60, deadline=None)
def test_what_a_table_says_comes_back(rows):
    said = [
        {"title": title, "start": f"{start:%Y-%m-%dT%H:%M}+00:00", "place": place}
        for title, place, start in rows
    ]
    parsed = read(*said, row())
    found = {(one.title, one.starts_at) for one in parsed.events}
    for one in said:
        title = texts.one_line(one["title"].replace("\r", "\n"), 200)
        if title:
            assert (title, datetime.fromisoformat(one["start"])) in found
    assert len(parsed.events) + len(parsed.skipped) == len(rows) + 1


def test_all_rows_of_the_unified_table_are_taken():
    parsed = csv_files.read(read_shared(needs_shared_data("events-unified", "events.csv.gz")), options())
    assert len(parsed.events) == 6455
    assert len({one.uid for one in parsed.events}) == 6455
    assert parsed.skipped == []
    assert [one.where for one in parsed.remarks] == ["row 107", "row 2436"]
    longest = max(one.ends_at - one.starts_at for one in parsed.events if one.ends_at)
    assert timedelta(days=1) < longest < timedelta(days=400)
