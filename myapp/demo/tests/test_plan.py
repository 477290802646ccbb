"""The plan of the campus: the same every time, no room twice, something on at every hour."""

import datetime as dt
import zoneinfo
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from myapp.demo.plan import EVENTS_A_SITE, Plan, PlannedEvent, make_plan
from myapp.events.models import Category

LONDON = zoneinfo.ZoneInfo("Europe/London")
TODAY = dt.date(2026, 11, 20)
A_WEEK = [TODAY + dt.timedelta(days=n) for n in range(7)]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(TODAY, LONDON)


def listed(plan: Plan) -> list[PlannedEvent]:
    return [event for event in plan.events if event.status == "published" and event.visibility == "everyone"]


def double_bookings(plan: Plan) -> list[tuple[str, str]]:
    taken: dict[int, list[PlannedEvent]] = defaultdict(list)
    for event in plan.events:
        if event.room is not None:
            taken[event.room].append(event)
    clashes = []
    for events in taken.values():
        events.sort(key=lambda event: event.starts_at)
        clashes += [(a.title, b.title) for a, b in pairwise(events) if b.starts_at < a.ends_at]
    return clashes


def test_same_day_gives_the_same_campus(plan):
    again = make_plan(TODAY, LONDON)
    assert again.events == plan.events
    assert again.organisations == plan.organisations
    assert again.series == plan.series


def test_another_day_gives_another_campus(plan):
    tomorrow = make_plan(TODAY + dt.timedelta(days=1), LONDON)
    assert [event.title for event in tomorrow.events] != [event.title for event in plan.events]


def test_counts_are_exact(plan):
    assert len(plan.events) == 1500
    assert len(plan.organisations) == 60
    assert len({event.code for event in plan.events}) == 1500


def test_events_lie_between_sixty_days_ago_and_a_hundred_and_twenty_ahead(plan):
    days = [(event.starts_at.date() - TODAY).days for event in plan.events]
    assert min(days) >= -60
    assert max(days) < 120
    assert all(event.ends_at > event.starts_at for event in plan.events)


def test_no_room_is_double_booked(plan):
    assert double_bookings(plan) == []


def test_no_room_is_double_booked_when_there_are_thousands():
    plan = make_plan(TODAY, LONDON, EVENTS_A_SITE * 2)
    assert plan.sites == 2
    assert len(plan.organisations) == 120
    assert len(plan.events) == EVENTS_A_SITE * 2
    assert double_bookings(plan) == []


def test_large_campus_has_the_proportions_of_the_small_one(plan):
    large = make_plan(TODAY, LONDON, EVENTS_A_SITE * 2)
    small_shares, large_shares = (Counter(event.category for event in one.events) for one in (plan, large))
    for category in Category.values:
        small, much = small_shares[category] / 1500, large_shares[category] / len(large.events)
        assert much == pytest.approx(small, rel=0.6), category


@pytest.mark.parametrize("today", A_WEEK, ids=lambda day: f"{day:%A}")
def test_every_hour_has_a_dozen_events_within_a_day(today):
    events = listed(make_plan(today, LONDON))
    midnight = dt.datetime.combine(today, dt.time(), LONDON)
    for hour in range(24):
        now = midnight + dt.timedelta(hours=hour, minutes=59)
        soon = [event for event in events if now <= event.starts_at < now + dt.timedelta(hours=24)]
        assert len(soon) >= 12, f"{today:%A} at {hour}:59"
        # What begins today and is not over, even a minute before midnight
        tonight = [event for event in events if event.starts_at.date() == today and event.ends_at > now]
        assert tonight, f"{today:%A} at {hour}:59"


def test_week_has_the_rhythm_of_a_campus(plan):
    weekdays = Counter(event.starts_at.weekday() for event in plan.events)
    assert weekdays[6] < weekdays[5] < min(weekdays[day] for day in range(5))
    assert max(weekdays, key=weekdays.__getitem__) in {2, 3}
    hours = Counter(event.starts_at.hour for event in plan.events if not event.all_day)
    assert hours[18] == max(hours.values())
    assert hours[12] > hours[11]
    sunday_mornings = [e for e in plan.events if e.starts_at.weekday() == 6 and 6 <= e.starts_at.hour < 9]
    assert len(sunday_mornings) < 20


def test_turn_of_the_year_is_quiet(plan):
    days = Counter(event.starts_at.date() for event in plan.events)
    assert days[dt.date(2026, 12, 25)] <= 2
    assert days[dt.date(2026, 12, 26)] <= 2


def test_every_sort_of_event_is_there(plan):
    events = plan.events
    assert {event.category for event in events} == set(Category.values)
    assert {"en", "fr", "es", "de", "zh", "ar"} <= {event.language for event in events}
    assert {event.status for event in events} == {"draft", "published", "cancelled", "withdrawn"}
    assert {event.visibility for event in events} == {"everyone", "campus", "members", "link"}
    assert all(event.cancel_reason for event in events if event.status == "cancelled")
    assert any(event.online and event.room is None for event in events)
    assert any(event.online and event.room is not None for event in events)
    assert any(event.all_day and (event.ends_at - event.starts_at).days > 1 for event in events)
    past_midnight = [e for e in events if not e.all_day and e.ends_at.date() > e.starts_at.date()]
    assert len(past_midnight) > 10
    assert all(event.room is not None or event.place or event.online for event in events)


def test_titles_hardly_repeat_within_two_hundred(plan):
    titles = [event.title for event in plan.events]
    for first in range(0, 1300, 50):
        window = titles[first : first + 200]
        assert len(set(window)) >= 192
    soon = [event.title for event in plan.events if event.starts_at.date() >= TODAY][:200]
    assert len(set(soon)) >= 197


def test_descriptions_have_two_to_four_paragraphs_and_begin_with_their_own(plan):
    for event in plan.events:
        assert 2 <= event.text.html.count("<p>") + event.text.html.count("<ul>") <= 6
        assert event.text.words.startswith(event.summary)
        assert "{" not in event.text.markdown
    descriptions = Counter(event.text.markdown for event in plan.events)
    assert descriptions.most_common(1)[0][1] <= 4


def test_series_name_the_weeks_they_leave_out(plan):
    assert len(plan.series) > 40
    rules = [series.rule for series in plan.series]
    assert all(rule.startswith("RRULE:FREQ=WEEKLY") for rule in rules)
    assert any("EXDATE;TZID=Europe/London:20261225" in rule for rule in rules)
    events = [event for event in plan.events if event.series is not None]
    for number, series in enumerate(plan.series):
        times = int(series.rule.splitlines()[0].rpartition("=")[2])
        assert sum(event.series == number for event in events) == times - series.rule.count("EXDATE")


def test_events_keep_their_hour_when_the_clocks_change():
    plan = make_plan(dt.date(2027, 3, 20), LONDON)
    series = next(n for n, one in enumerate(plan.series) if one.title == "Physics colloquium")
    times = {event.starts_at.strftime("%H:%M") for event in plan.events if event.series == series}
    assert times == {"16:00"}


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia"])
def test_other_zones_get_a_campus_as_well(zone):
    plan = make_plan(TODAY, zoneinfo.ZoneInfo(zone), 800)
    assert len(plan.events) == 800
    assert double_bookings(plan) == []


def test_nobody_is_announced_in_the_future(plan):
    now = dt.datetime.combine(TODAY, dt.time(), LONDON)
    assert all(event.announced_at < now for event in plan.events)
    assert all(event.announced_at < event.starts_at for event in plan.events)
