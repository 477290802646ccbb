"""Which backups stay, for any history of them."""

import datetime as dt

from hypothesis import given, strategies as st

from eventmate.backups.rotation import DAY, RULES, kept

moments = st.integers(1_577_836_800, 1_798_675_200).map(
    lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC)
)
NIGHT = dt.datetime(2026, 3, 1, 3, 15, tzinfo=dt.UTC)


def nights(number: int) -> set[dt.datetime]:
    """Return what lies there after so many nights, each with its backup and its rotation."""
    there: set[dt.datetime] = set()
    for night in range(number):
        there = kept({*there, NIGHT + night * DAY})
    return there


def test_a_year_of_nights_leaves_seven_days_four_weeks_and_twelve_months():
    last = NIGHT + 499 * DAY
    there = nights(500)

    assert {last - day * DAY for day in range(7)} <= there
    weeks = {(last - week * 7 * DAY).isocalendar()[:2] for week in range(4)}
    assert weeks <= {moment.isocalendar()[:2] for moment in there}
    months = {divmod(last.year * 12 + last.month - 1 - month, 12) for month in range(12)}
    assert months == {(moment.year, moment.month - 1) for moment in there}
    assert 7 + 11 <= len(there) <= 7 + 4 + 12


def test_a_pause_of_a_month_costs_no_old_backup():
    before = nights(500)

    after = kept({*before, max(before) + 40 * DAY})

    assert len(before - after) <= len(RULES), "one makes room in each of the rules; the others stay"


def test_a_backup_by_hand_does_not_push_out_the_one_of_the_same_morning():
    morning, by_hand = NIGHT, NIGHT + dt.timedelta(hours=7)

    assert kept({morning, by_hand}) == {morning, by_hand}
    assert morning not in kept({morning, by_hand, by_hand + DAY})


@given(st.sets(moments, max_size=80))
def test_any_history_keeps_its_newest_and_no_more_than_the_rules_allow(history):
    staying = kept(history)

    assert staying <= history
    if history:
        newest = max(history)
        assert newest in staying
        assert len({moment for moment in staying if newest - moment >= DAY}) <= 7 + 4 + 12
        assert {moment for moment in history if newest - moment < DAY} <= staying


@given(st.sets(moments, max_size=80))
def test_rotating_twice_is_rotating_once(history):
    assert kept(kept(history)) == kept(history)


@given(st.sets(moments, min_size=1, max_size=80))
def test_every_one_of_the_newest_periods_keeps_its_newest(history):
    staying = kept(history)

    for number, period in RULES:
        newest = {}
        for moment in sorted(history):
            newest[period(moment)] = moment
        assert set(sorted(newest.values())[-number:]) <= staying


@given(st.sets(moments, max_size=40), st.sets(moments, max_size=40))
def test_what_goes_does_not_come_to_be_missed(history, more):
    """With backups made later, rotating in between keeps what rotating once at the end would keep."""
    later = {moment for moment in more if not history or moment > max(history)}

    assert kept(kept(history) | later) == kept(history | later)
