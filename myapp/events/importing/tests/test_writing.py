"""What was read, in the database: whole, once, and not over the heads of people here."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from myapp.events import actions, vocabulary
from myapp.events.errors import NotAllowed
from myapp.events.importing import icalendar_files, reading
from myapp.events.importing.recurrence import Window
from myapp.events.importing.tests.reading_of import calendar, read_shared
from myapp.events.importing.writing import Report, Terms, import_events
from myapp.events.models import Category, Event, Organisation, Series, Source, Status, Visibility, Word
from myapp.testing.factories import make_building, make_organisation, make_room
from myapp.testing.locks import is_held
from myapp.testing.needs import needs_shared_data

pytestmark = pytest.mark.django_db

TODAY = timezone.now().replace(hour=18, minute=0, second=0, microsecond=0)


def on(days: int) -> str:
    return f"{TODAY + timedelta(days=days):%Y%m%dT%H%M%SZ}"


def event(uid: str, *more: str, days: int = 5, title: str = "Talk on stars") -> str:
    return "\n".join([f"UID:{uid}", f"SUMMARY:{title}", f"DTSTART:{on(days)}", *more])


def take(*events: str, head: str = "", user=None, **terms) -> Report:
    how = reading.options()
    parsed = icalendar_files.read(calendar(*events, head=head), how)
    given_terms = {"source_key": "feed", "source_name": "Feed", "window": how.window, **terms}
    return import_events(parsed, Terms(**given_terms), acting_user=user)


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.cancelled


def test_event_is_published_and_found():
    assert counts(take(event("1", "DTEND:" + on(6), "CATEGORIES:Lecture,Space"))) == (1, 0, 0, 0)
    found = Event.objects.get()
    assert (found.status, found.visibility, found.category) == (
        Status.PUBLISHED,
        Visibility.EVERYONE,
        Category.TALK,
    )
    assert (found.organisation.name, found.tags, found.is_upcoming) == ("Feed", ["Lecture", "Space"], True)
    assert found.ends_at - found.starts_at == timedelta(days=1)
    assert found.published_at is not None
    assert Word.objects.filter(word="stars").exists()


def test_importing_again_changes_nothing():
    events = [
        event("1"),
        event("2", "RRULE:FREQ=DAILY;COUNT=3", "DESCRIPTION:<p>a *b* <b>c</b></p>"),
        event("3", "STATUS:CANCELLED"),
    ]
    assert counts(take(*events)) == (5, 0, 0, 0)
    before = list(Event.objects.order_by("pk").values())
    assert counts(take(*events, mirror=True)) == (0, 0, 5, 0)
    assert list(Event.objects.order_by("pk").values()) == before
    assert Series.objects.count() == Source.objects.count() == Organisation.objects.count() == 1


def test_change_is_carried_out_and_counted_as_a_revision():
    take(event("1"))
    was = Event.objects.get()
    assert counts(take(event("1", days=6, title="Talk on moons"))) == (0, 1, 0, 0)
    now = Event.objects.get()
    assert (now.title, now.code, now.sequence) == ("Talk on moons", was.code, was.sequence + 1)
    assert "talk-on-moons" in now.slug


def test_sequence_of_the_feed_is_never_undercut():
    take(event("1", "SEQUENCE:4"))
    take(event("1", "SEQUENCE:9", days=6))
    assert Event.objects.get().sequence >= 9


def test_dry_run_says_the_same_and_does_nothing(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        report = take(event("1"), dry_run=True)
    assert counts(report) == (1, 0, 0, 0)
    assert not Event.objects.exists()
    assert not Organisation.objects.exists()
    assert not Source.objects.exists()
    assert callbacks == []


def test_mirror_cancels_what_vanished_and_brings_back_what_returns():
    both = [event("1"), event("2", days=7)]
    take(*both)
    assert counts(take(both[0])) == (0, 0, 1, 0)
    assert Event.objects.get(uid="2").status == Status.PUBLISHED
    assert counts(take(both[0], mirror=True)) == (0, 0, 1, 1)
    gone = Event.objects.get(uid="2")
    assert (gone.status, gone.cancel_reason) == (
        Status.CANCELLED,
        "It is no longer in the calendar it came from.",
    )
    assert gone.sequence == 1
    assert counts(take(both[0], mirror=True)) == (0, 0, 1, 0)
    assert counts(take(*both, mirror=True)) == (0, 1, 1, 0)
    back = Event.objects.get(uid="2")
    assert (back.status, back.cancel_reason, back.cancelled_at) == (Status.PUBLISHED, "", None)


def test_mirror_leaves_the_past_that_a_feed_lets_go_of():
    take(event("old", days=-90), event("new", days=9), event("weekly", "RRULE:FREQ=WEEKLY", days=-40))
    Event.objects.filter(uid="weekly").first()
    how = reading.options()
    later = Window(how.window.first + timedelta(days=50), how.window.last + timedelta(days=50))
    report = take(
        event("new", days=9), event("weekly", "RRULE:FREQ=WEEKLY", days=-40), mirror=True, window=later
    )
    assert report.cancelled == 0


@pytest.mark.parametrize("what", ["empty", "broken off", "unreadable"])
def test_mirror_of_a_damaged_feed_cancels_nothing(what):
    take(event("1"), event("2", days=7))
    how = reading.options()
    raw = calendar(event("1"), event("2", days=7))
    if what == "empty":
        raw = calendar()
    elif what == "broken off":
        raw = raw[: raw.index(b"UID:2")]
    else:
        raw = raw.replace(b"DTSTART:" + on(7).encode(), b"DTSTART:soon")
    report = import_events(
        icalendar_files.read(raw, how), Terms("feed", "Feed", how.window, mirror=True), acting_user=None
    )
    assert report.cancelled == 0
    assert not Event.objects.exclude(status=Status.PUBLISHED).exists()


def test_mirror_touches_only_its_own_source():
    take(event("1"))
    take(event("2"), source_key="other", mirror=True)
    assert set(Event.objects.values_list("status", flat=True)) == {Status.PUBLISHED}


def test_what_people_here_decided_stays(rosa):
    take(event("1"), event("2"), event("3"))
    one, two, three = (Event.objects.get(uid=uid) for uid in "123")
    actions.withdraw(one, acting_user=rosa)
    actions.cancel(two, reason="The speaker is ill.", acting_user=rosa)
    Event.objects.filter(pk=three.pk).update(visibility=Visibility.CAMPUS)
    report = take(event("1", days=6), event("2", days=6), event("3", days=6))
    assert [one.reason for one in report.skipped] == ["“Talk on stars” was withdrawn here."]
    assert Event.objects.get(uid="1").status == Status.WITHDRAWN
    assert (Event.objects.get(uid="2").status, Event.objects.get(uid="2").cancel_reason) == (
        Status.CANCELLED,
        "The speaker is ill.",
    )
    assert Event.objects.get(uid="3").visibility == Visibility.CAMPUS


def test_file_that_fails_in_the_middle_leaves_nothing(monkeypatch):
    take(event("1"))

    def fail(*_args, **_options):
        raise DatabaseError

    monkeypatch.setattr(vocabulary, "learn", fail)
    with pytest.raises(DatabaseError):
        take(event("1", title="Other"), event("2"), head="X-WR-CALNAME:New club")
    assert [one.title for one in Event.objects.all()] == ["Talk on stars"]
    assert not Organisation.objects.filter(name="New club").exists()


def test_only_staff_may_import(omar, rosa):
    with pytest.raises(NotAllowed):
        take(event("1"), user=omar)
    assert counts(take(event("1"), user=rosa)) == (1, 0, 0, 0)


def test_organisation_is_found_whatever_its_case_or_made():
    club = make_organisation("Chess Club")
    take(event("1"), head="X-WR-CALNAME:CHESS  club")
    take(event("2", "ORGANIZER;CN=Go Club:x"), source_key="2")
    take(event("3"), source_key="3", organisation=club)
    owners = {one.uid: one.organisation.name for one in Event.objects.select_related("organisation")}
    assert owners == {"1": "Chess Club", "2": "Go Club", "3": "Chess Club"}
    assert Organisation.objects.get(name="Go Club").slug == "go-club"


def test_organisations_whose_names_leave_no_slug_get_one():
    take(event("1"), head="X-WR-CALNAME:天文社")
    take(event("2"), head="X-WR-CALNAME:İ", source_key="2")
    assert counts(take(event("2"), head="X-WR-CALNAME:İ", source_key="2")) == (0, 0, 1, 0)
    assert Organisation.objects.count() == 2
    assert all(one.slug for one in Organisation.objects.all())


@pytest.mark.parametrize(
    ("place", "room", "building"),
    [
        ("AP&M 6402", "AP&M 6402", "Applied Physics & Mathematics"),
        ("APM 6402", "AP&M 6402", "Applied Physics & Mathematics"),
        ("apm-6402 (second floor)", "AP&M 6402", "Applied Physics & Mathematics"),
        ("AP&M 6402, La Jolla", "AP&M 6402", "Applied Physics & Mathematics"),
        ("Applied Physics and Mathematics", None, "Applied Physics & Mathematics"),
        ("6402", None, None),
        ("Main Hall", None, None),
        ("Somewhere else", None, None),
    ],
)
def test_place_is_a_room_of_the_campus_where_that_is_certain(place, room, building):
    physics = make_building("Applied Physics & Mathematics", code="AP&M")
    make_room("6402", building=physics, label="AP&M 6402")
    for name in ("East", "West"):
        make_room("Main Hall", building=make_building(name), label="Main Hall", slug=f"{name}-main-hall")
    take(event("1", f"LOCATION:{place.replace(',', chr(92) + ',')}"))
    found = Event.objects.select_related("room", "building").get()
    assert (found.room and found.room.label, found.building and found.building.name) == (room, building)
    assert found.place == place


def test_series_is_kept_with_its_rule():
    take(event("1", "RRULE:FREQ=WEEKLY;COUNT=3"))
    series = Series.objects.get()
    assert (series.title, series.rule) == ("Talk on stars", "RRULE:FREQ=WEEKLY;COUNT=3")
    dates = Event.objects.order_by("starts_at")
    assert [one.series_id for one in dates] == [series.pk] * 3
    assert [one.recurrence_id for one in dates] == [one.starts_at for one in dates]


def test_moved_date_of_a_series_is_the_same_event():
    weekly = event("1", "RRULE:FREQ=WEEKLY;COUNT=3")
    take(weekly)
    second = Event.objects.order_by("starts_at")[1]
    moved = f"UID:1\nSUMMARY:Moved\nDTSTART:{on(13)}\nRECURRENCE-ID:{on(12)}"
    assert counts(take(weekly, moved, mirror=True)) == (0, 1, 2, 0)
    second.refresh_from_db()
    assert (second.title, second.starts_at) == ("Moved", TODAY + timedelta(days=13))


def test_number_of_queries_does_not_grow_with_the_events(django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        take(*[event(str(number), "LOCATION:AP&M 1") for number in range(40)])
    with django_assert_max_num_queries(14):
        take(*[event(str(number), "LOCATION:AP&M 1") for number in range(40)])


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.tuples(st.integers(1, 30), st.sampled_from(["Talk", "Walk"]), st.booleans()),
        max_size=5,
    ),
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.tuples(st.integers(1, 30), st.sampled_from(["Talk", "Walk"]), st.booleans()),
        min_size=1,
        max_size=5,
    ),
)
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_mirror_of_any_two_states_ends_in_the_second(db, first, second):
    Event.objects.all().delete()

    def lines(state):
        return [
            event(uid, *(["STATUS:CANCELLED"] if off else []), days=days, title=title)
            for uid, (days, title, off) in state.items()
        ]

    take(*lines(first), mirror=True)
    take(*lines(second), mirror=True)
    assert counts(take(*lines(second), mirror=True)) == (0, 0, len(second), 0)
    standing = {one.uid: one for one in Event.objects.filter(status=Status.PUBLISHED)}
    assert set(standing) == {uid for uid, (_days, _title, off) in second.items() if not off}
    for uid, found in standing.items():
        days, title, _off = second[uid]
        assert (found.starts_at, found.title) == (TODAY + timedelta(days=days), title)


def test_feed_at_four_moments_counts_as_its_subscribers_saw_it(monkeypatch):
    days = needs_shared_data("ics-feeds", "pycon-us-2025")
    seen = []
    for path in sorted(days.glob("all_events-*.ics.gz")):
        how = reading.options()
        parsed = icalendar_files.read(read_shared(path), how)
        seen.append(
            counts(import_events(parsed, Terms("pycon", "PyCon", how.window, mirror=True), acting_user=None))
        )
    # Of the 19 that changed at last, one only changed where a link leads that is relative to nowhere: not kept.
    assert seen == [(163, 0, 0, 0), (0, 163, 0, 0), (0, 24, 139, 0), (67, 18, 139, 6)]
    assert Event.objects.filter(status=Status.PUBLISHED).count() == 224


def test_end_that_nobody_told_is_the_start():
    take(event("1"))
    found = Event.objects.get()
    assert found.ends_at == found.starts_at
    assert found.ends_text == ""


def test_event_at_the_ends_of_time_is_taken():
    take("UID:1\nSUMMARY:Old\nDTSTART:19000101T000000Z", "UID:2\nSUMMARY:Far\nDTSTART;VALUE=DATE:22001231")
    assert Event.objects.count() == 2
    assert Event.objects.get(uid="1").starts_at == datetime(1900, 1, 1, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_events_of_the_source_are_held_while_it_is_read_again(monkeypatch):
    """Else what is withdrawn here while a long file is written comes back with it."""
    take(event("1"))
    held = []
    monkeypatch.setattr(Event, "prepare", lambda one: held.append(is_held(one)))
    take(event("1", title="Talk on the moon"))
    assert held == [True]
    assert not is_held(Event.objects.get())


def test_what_a_feed_calls_off_is_made_anew_before_what_it_brings(settings, monkeypatch):
    settings.REFRESH_URL, settings.REFRESH_SECRET = "http://127.0.0.1:1", "secret"
    take(event("gone", days=20, title="Called off"))
    monkeypatch.setattr("myapp.events.importing.writing.MOST_EVENTS", 1)

    take(*(event(f"new{number}") for number in range(3)), mirror=True)

    gone = Event.objects.get(title="Called off")
    assert gone.status == Status.CANCELLED
    assert gone.path in ProcrastinateJob.objects.latest("id").args["addresses"]
