"""One question, one address."""

import datetime as dt

import pytest
from django.core.exceptions import BadRequest
from django.http import QueryDict
from hypothesis import given, settings, strategies as st

from myapp.events.filters import FEED_READS, READS, EventFilters
from myapp.events.models import Category

FRIDAY = dt.date(2026, 11, 20)


def asked(query: str) -> EventFilters:
    return EventFilters.parse(QueryDict(query))


def test_parse_of_nothing_asks_for_all_that_is_to_come() -> None:
    assert asked("") == EventFilters()
    assert EventFilters().query_string() == EventFilters().link() == ""


def test_parse_reads_every_filter() -> None:
    filters = asked(
        "q=jazz+night&from=2026-11-30&to=2026-12-02&category=arts&organisation=jazz-club&building=hartley"
        "&online=1&language=pt-BR&tag=free+food&archive=1&order=relevance&after=1f-2a-3"
    )

    assert filters == EventFilters(
        q="jazz night",
        start=dt.date(2026, 11, 30),
        end=dt.date(2026, 12, 2),
        category="arts",
        organisation="jazz-club",
        building="hartley",
        online=True,
        language="pt-BR",
        tag="free food",
        archive=True,
        order="relevance",
        after="1f-2a-3",
    )
    assert asked(filters.query_string()) == filters


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("q=%20jazz%20%20night%09", "q=jazz+night"),
        ("q=cafe%CC%81", "q=caf%C3%A9"),  # decomposed and composed
        ("from=2026-12-02&to=2026-11-30", "from=2026-11-30&to=2026-12-02"),
        ("when=today&from=2026-11-30", "from=2026-11-30"),  # days that were picked win over a named one
        ("online=0&archive=0&category=&q=", ""),
        ("order=date&q=jazz", "q=jazz"),
        ("order=relevance", ""),  # nothing to be relevant to
        ("nonsense=1&utm_source=x", ""),
    ],
)
def test_query_string_of_equal_questions_is_equal(query: str, same: str) -> None:
    assert asked(query).query_string() == same
    assert asked(query) == asked(same)


@pytest.mark.parametrize(
    "query",
    [
        "when=someday",
        "from=tomorrow",
        "from=2026-02-30",
        "from=20261130",
        "to=0001-01-01",
        "to=9999-12-31",
        "category=talks",
        "online=yes",
        "archive=2",
        "language=en_GB",
        "language=%27",
        "order=price&q=x",
        "after=1",
        "after=1-2-3-4",
        "after=zz-1",
        "after=" + "f" * 17 + "-1",
    ],
)
def test_parse_refuses_what_no_link_says_in_a_sentence(query: str) -> None:
    with pytest.raises(BadRequest, match=r"^“.+” is .+\.$"):
        asked(query)


def test_parse_cuts_what_is_too_long_to_be_a_search() -> None:
    assert len(asked("q=" + "x" * 900).q) == 200


@given(st.dictionaries(st.sampled_from([*READS, "other"]), st.text(max_size=30), max_size=6))
@settings(max_examples=300)
def test_parse_of_anything_is_a_question_with_one_address_or_a_refusal(values: dict[str, str]) -> None:
    try:
        filters = EventFilters.parse(values)
    except BadRequest:
        return

    again = asked(filters.query_string())

    assert again == filters
    assert again.query_string() == filters.query_string()


def test_with_begins_again_at_the_first_page() -> None:
    filters = asked("q=jazz&category=arts&after=1f-2a")

    assert filters.with_(category="talk").link() == "?category=talk&q=jazz"
    assert filters.without("category").link() == "?q=jazz"
    assert filters.with_(after="20-2b").link() == "?after=20-2b&category=arts&q=jazz"


def test_with_a_named_day_replaces_a_range_and_back() -> None:
    ranged = asked("from=2026-11-30&to=2026-12-02")

    assert ranged.with_(when="weekend").query_string() == "when=weekend"
    assert ranged.with_(when="weekend").with_(start=FRIDAY).query_string() == "from=2026-11-20"


def test_narrowing_names_what_leaves_something_out() -> None:
    assert asked("q=jazz&archive=1").narrowing == ()
    assert asked("from=2026-11-30&to=2026-12-02&online=1").narrowing == ("start", "online")
    assert asked("to=2026-12-02").narrowing == ("end",)


@pytest.mark.parametrize(
    ("when", "today", "first", "last"),
    [
        ("today", FRIDAY, FRIDAY, FRIDAY),
        ("tomorrow", FRIDAY, dt.date(2026, 11, 21), dt.date(2026, 11, 21)),
        ("weekend", FRIDAY, dt.date(2026, 11, 21), dt.date(2026, 11, 22)),
        ("weekend", dt.date(2026, 11, 22), dt.date(2026, 11, 22), dt.date(2026, 11, 22)),
        ("weekend", dt.date(2026, 11, 23), dt.date(2026, 11, 28), dt.date(2026, 11, 29)),
        ("week", FRIDAY, FRIDAY, dt.date(2026, 11, 22)),
        ("month", FRIDAY, FRIDAY, dt.date(2026, 11, 30)),
        ("month", dt.date(2026, 12, 31), dt.date(2026, 12, 31), dt.date(2026, 12, 31)),
        ("month", dt.date(2028, 2, 1), dt.date(2028, 2, 1), dt.date(2028, 2, 29)),
    ],
)
def test_days_of_a_name(when: str, today: dt.date, first: dt.date, last: dt.date) -> None:
    assert EventFilters(when=when).days(today) == (first, last)


def test_reads_are_the_names_in_addresses() -> None:
    assert {"q", "from", "to", "after", "order"} < set(READS)
    assert set(READS) - set(FEED_READS) == {"after", "order"}
    assert all(asked(f"category={category}").category == category for category in Category.values)
