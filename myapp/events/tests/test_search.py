"""What the search finds, in which order, and what it must never find."""

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from myapp.events import vocabulary
from myapp.events.filters import EventFilters
from myapp.events.models import Event, Status, Visibility
from myapp.events.search import MOST_COUNTED, Results, count, matching, search
from myapp.testing.factories import (
    local,
    make_building,
    make_event,
    make_events,
    make_organisation,
    make_room,
    tomorrow,
)
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


def titles(results: Results) -> list[str]:
    return [row["title"] for row in results.rows]


def found(words: str = "", **filters: object) -> list[str]:
    return titles(search(EventFilters(q=words, **filters)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        *(
            "jazz",
            "JAZZ",
            "jaz",
            "night jazz",
            "cafe",
            "CAFÉ",
            "caf",
            "muller",
            "concerts",
            "concert",
            "concerning -x",
        ),
        *(
            '"jazz concert"',
            "“jazz concert”",
            "jazz -chess",
            "improvising",
            "smörrebröd",
            "hartley",
            "free food",
        ),
        *(
            "dancing",
            "dance",
            "kite",
            "C++",
            "jazz?!",
            "'jazz'",
            "jazz & night",
            "night|jazz",
            "jazz:*",
            "rock'n",
        ),
    ],
)
def test_search_finds_an_event_by(words: str) -> None:
    make_event(
        "Jazz concert night at the Café Müller",
        description="Improvisation, concerns, rock'n'roll, C++ and Smørrebrød",
        tags=["free food", "dance"],
        room=make_room("12", building=make_building("Hartley")),
        organisation=make_organisation("Kite Club"),
    )
    make_event("Chess", organisation=make_organisation("Chess Club"))

    assert found(words.replace("smörrebröd", "smorrebrod")) == ["Jazz concert night at the Café Müller"]


@pytest.mark.parametrize(
    "words",
    ["jazz chess", "azz", '"night jazz"', "jazz -concert", "-jazz chess", "?!", "&|!", "🎷", "jazz\\"],
)
def test_search_does_not_find_an_event_by(words: str) -> None:
    make_event("Jazz concert night")

    assert found(words) == ([] if words != "jazz\\" else ["Jazz concert night"])


def test_search_without_words_but_exclusions_finds_the_rest() -> None:
    make_event("Jazz")
    make_event("Chess")

    assert found("-jazz") == ["Chess"]


def test_search_by_relevance_ranks_title_then_organiser_then_place_then_description() -> None:
    plain = {"organisation": make_organisation("Kite Club"), "starts_at": tomorrow(18)}
    make_event("In the text", description="All about saxophones. Saxophones! Saxophones!", **plain)
    make_event("In the place", place="Saxophones Hall", **plain)
    make_event("In the tags", tags=["saxophones"], **plain)
    make_event("Saxophones", **(plain | {"starts_at": tomorrow(18) + dt.timedelta(days=90)}))

    assert found("saxophones", order="relevance") == [
        "Saxophones",
        "In the tags",
        "In the place",
        "In the text",
    ]
    assert found("saxophones")[-1] == "Saxophones"  # by date


def test_search_keeps_the_order_of_time_and_what_is_still_on_comes_first() -> None:
    now = timezone.now()
    make_event("Later", starts_at=now + dt.timedelta(days=50))
    make_event("Sooner", starts_at=now + dt.timedelta(hours=1))
    make_event("Already on", starts_at=now - dt.timedelta(days=9), ends_at=now + dt.timedelta(hours=1))
    make_event("Far", starts_at=now + dt.timedelta(days=100))

    assert found() == ["Already on", "Sooner", "Later", "Far"]
    for event in Event.objects.all():
        event.tags = ["kite"]
        event.save()
    assert found("kite") == [
        "Already on",
        "Sooner",
        "Later",
        "Far",
    ]  # through every stretch of a search for words


# Filters


def test_search_by_each_filter() -> None:
    club, hall = make_organisation("Jazz Club"), make_building("Hartley")
    one = {
        "organisation": club,
        "room": make_room("1", building=hall),
        "category": "arts",
        "tags": ["free food"],
    }
    make_event("The one", online=True, language="en-GB", **one)
    make_event("Another", language="fr", category="talk")

    for narrowed in (
        {"category": "arts"},
        {"organisation": "jazz-club"},
        {"building": "hartley"},
        {"online": True},
        {"language": "en"},
        {"language": "en-GB"},
        {"tag": "free food"},
        {"category": "arts", "organisation": "jazz-club", "building": "hartley", "online": True, "q": "one"},
    ):
        assert titles(search(EventFilters(**narrowed))) == ["The one"], narrowed  # type: ignore[arg-type]
    assert found(language="e") == found(tag="free") == found(tag="food free") == []


def test_search_for_an_organisation_or_building_that_does_not_exist_finds_nothing() -> None:
    make_event("Jazz")

    for filters in (EventFilters(organisation="nobody"), EventFilters(building="nowhere")):
        results = search(filters)
        assert (results.rows, results.count) == ([], 0)
        assert not matching(filters).exists()
        assert count(filters) == 0


def test_search_of_days_finds_what_takes_place_on_them() -> None:
    day = timezone.localdate() + dt.timedelta(days=10)

    def at(days: int, hour: int) -> dt.datetime:
        return local(f"{day + dt.timedelta(days=days)} {hour:02}:00")

    make_event("All week", starts_at=at(-3, 9), ends_at=at(3, 9))
    make_event("Into the night", starts_at=at(-1, 22), ends_at=at(0, 2))
    make_event("Until midnight", starts_at=at(-1, 20), ends_at=at(0, 0))
    make_event("At midnight", starts_at=at(0, 0), ends_at=at(0, 0))
    make_event("At noon", starts_at=at(0, 12))
    make_event("Next midnight", starts_at=at(1, 0))

    on_the_day = ["All week", "Into the night", "At midnight", "At noon"]
    one_day = EventFilters(start=day, end=day)
    assert titles(search(one_day)) == on_the_day
    assert sorted(matching(one_day).values_list("title", flat=True)) == sorted(on_the_day)
    assert found(start=day) == [*on_the_day, "Next midnight"]
    assert found(end=day) == ["All week", "Until midnight", "Into the night", "At midnight", "At noon"]
    assert found("midnight", start=day) == ["At midnight", "Next midnight"]


# The archive


def test_search_of_the_archive_finds_what_was_on_the_newest_first() -> None:
    now = timezone.now()
    for title, ago in (("Last year's jazz", 400), ("Last week's jazz", 7), ("Yesterday's jazz", 1)):
        make_event(title, starts_at=now - dt.timedelta(days=ago))
    make_event("Tomorrow's jazz")

    newest_first = ["Yesterday's jazz", "Last week's jazz", "Last year's jazz"]
    assert found("jazz", archive=True) == found(archive=True) == newest_first
    assert found("jazz") == ["Tomorrow's jazz"]
    week_ago = timezone.localdate(now - dt.timedelta(days=7))
    assert found(archive=True, start=week_ago, end=week_ago) == ["Last week's jazz"]
    assert found("jazz", archive=True, end=week_ago) == newest_first[1:]


def test_search_never_finds_what_is_over_however_long_ago_the_sweep_was() -> None:
    event = make_event("Jazz")
    now = timezone.now()
    Event.objects.filter(pk=event.pk).update(starts_at=now - dt.timedelta(hours=2), ends_at=now)

    assert found("jazz") == found() == []
    assert found("jazz", archive=True) == ["Jazz"]


# What is not for everyone

HIDDEN = [
    {"visibility": Visibility.CAMPUS},
    {"visibility": Visibility.MEMBERS},
    {"visibility": Visibility.LINK},
    {"status": Status.DRAFT},
    {"status": Status.WITHDRAWN},
]


@pytest.mark.parametrize("archive", [False, True], ids=["to come", "archive"])
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
def test_search_never_finds_what_is_not_for_everyone(hidden: dict[str, str], archive: bool) -> None:
    starts_at = timezone.now() + dt.timedelta(days=-2 if archive else 2)
    club = make_organisation("Kazoo Club")
    event = make_event("Secret kazoo", starts_at=starts_at, organisation=club, tags=["kazoo"], **hidden)
    vocabulary.learn([event.pk])

    for filters in (
        *(EventFilters(archive=archive), EventFilters(q="kazoo", archive=archive)),
        *(
            EventFilters(q="kazoo", order="relevance", archive=archive),
            EventFilters(tag="kazoo", archive=archive),
        ),
        EventFilters(organisation="kazoo-club", archive=archive),
    ):
        assert search(filters).rows == []
        assert search(filters).corrected == ""
        assert not matching(filters).exists()
    assert search(EventFilters(q="kazzo", archive=archive)).corrected == ""

    event.status, event.visibility = Status.PUBLISHED, Visibility.EVERYONE
    event.save()
    assert found("kazoo", archive=archive) == ["Secret kazoo"]  # it was there to be found


def test_search_finds_what_was_cancelled() -> None:
    make_event("Jazz", status=Status.CANCELLED)

    assert found("jazz") == ["Jazz"]


# Spelling


def test_search_understands_a_mistyped_word() -> None:
    event = make_event("Saxophones at noon")
    vocabulary.learn([event.pk])

    results = search(EventFilters(q="saxohpones noon", category="talk"))

    assert titles(results) == ["Saxophones at noon"]
    assert results.corrected == results.filters.q == "saxophones noon"
    assert results.filters.category == "talk"


def test_search_that_finds_something_is_not_corrected() -> None:
    vocabulary.learn([make_event("Chess").pk, make_event("Chest").pk])

    assert search(EventFilters(q="chest")).corrected == ""


def test_search_whose_correction_finds_nothing_either_is_not_corrected() -> None:
    vocabulary.learn([make_event("Saxophones", category="arts").pk])

    results = search(EventFilters(q="saxohpones", category="talk"))

    assert (results.rows, results.corrected, results.filters.q) == ([], "", "saxohpones")


# How many, and further


def test_count_is_exact_up_to_the_limit_and_capped_above() -> None:
    make_events(MOST_COUNTED, title="Jazz")
    results = search(EventFilters(q="jazz"))
    assert (results.count, results.capped, len(results.rows)) == (100, False, 30)

    make_event("Jazz")
    results = search(EventFilters(q="jazz"))
    assert (results.count, results.capped) == (100, True)
    assert count(EventFilters(q="jazz")) == 101


@pytest.mark.parametrize(
    "filters",
    [
        *(EventFilters(), EventFilters(q="jazz"), EventFilters(q="jazz", order="relevance")),
        *(EventFilters(archive=True), EventFilters(q="jazz", archive=True)),
        EventFilters(q="jazz", order="relevance", archive=True),
    ],
    ids=lambda filters: filters.query_string() or "all",
)
@given(
    starts=st.lists(st.integers(0, 60), min_size=1, max_size=25),
    often=st.lists(st.integers(1, 3), min_size=25, max_size=25),
    limit=st.integers(1, 6),
)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_cursors_walk_the_whole_list_exactly_once(
    filters: EventFilters, starts: list[int], often: list[int], limit: int
) -> None:
    Event.objects.all().delete()
    club, now = make_organisation(), timezone.now()
    sign = -1 if filters.archive else 1
    for days, times in zip(starts, often, strict=False):
        starts_at = now + sign * dt.timedelta(days=days + 1)  # several begin at the same moment
        make_event("Jazz " * times, starts_at=starts_at, organisation=club)

    whole = [row["id"] for row in search(filters, limit=100, now=now).rows]
    walked: list[int] = []
    page = search(filters, limit=limit, now=now)
    while True:
        walked += [row["id"] for row in page.rows]
        if not page.more:
            break
        page = search(filters, limit=limit, after=page.more, now=now)
        assert page.count is None

    assert walked == whole
    assert len(set(whole)) == len(starts)


@pytest.mark.parametrize(
    "after", ["0-0", "-1-1", "ffffffffffffffff-1", "-ffffffffffffffff-ffffffffffffffff", "1-1-ffffffff"]
)
def test_cursor_that_nobody_gave_is_a_place_all_the_same(after: str) -> None:
    make_event("Jazz")

    for filters in (EventFilters(), EventFilters(q="jazz"), EventFilters(q="jazz", order="relevance")):
        assert len(search(filters, after=after).rows) <= 1
        assert len(search(filters.with_(archive=True), after=after).rows) == 0


# What it costs


@one_and_three
def test_search_costs_the_same_for_any_number_of_events(rows: int) -> None:
    make_events(rows, title="Jazz", building=make_building("Hartley"))

    with queries(2):  # what is next, with how many there are; its rows
        search(EventFilters())
    with queries(2):
        search(EventFilters(q="jazz", category="talk", when="month"))
    with queries(3):  # the nearest; their ranks; the rows
        search(EventFilters(q="jazz", order="relevance"))
    with queries(3):  # the building
        search(EventFilters(q="jazz", building="hartley"))
    with queries(2):  # nothing; no known word is like it
        search(EventFilters(q="xylophone"))


@pytest.mark.parametrize(
    "words", ["x " * 100, "a" * 200, '"' * 200, "-" * 200, "(((" * 60, "ab* " * 50, "\\'" * 99]
)
def test_search_for_too_much_looks_for_some(words: str) -> None:
    make_event("Jazz")

    assert search(EventFilters(q=words)).count == 0
    assert search(EventFilters(q=words, order="relevance")).count == 0
