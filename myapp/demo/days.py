"""When things happen: how busy each day is, and at what hour a lecture or a match begins."""

import datetime as dt
import random
from collections import Counter

from myapp.demo.bank import Format, Wish

BEFORE, AFTER = 60, 120
OFFSETS = range(-BEFORE, AFTER)
_WEEK = (1.0, 1.1, 1.35, 1.3, 0.95, 0.75, 0.55)  # from Monday
_QUIET = {(12, 24), (12, 25), (12, 26), (12, 27), (12, 31), (1, 1)}
_SOON = range(3)  # however quiet the weekday, a visitor finds a lot today, tomorrow and the day after
_SOON_AT_LEAST = 24


def is_quiet(day: dt.date) -> bool:
    """Whether hardly anything is on: the turn of the year."""
    return (day.month, day.day) in _QUIET


def _busyness(today: dt.date, offset: int) -> float:
    """How much is on that day, in no unit: weeks to come fill up as they come near."""
    day = today + dt.timedelta(days=offset)
    near = 2.0 if -7 <= offset <= 21 else 1.25 if -30 <= offset <= 50 else 0.8
    return near * _WEEK[day.weekday()] * (0.15 if is_quiet(day) else 1.0)


def quotas(today: dt.date, total: int, taken: Counter[int]) -> dict[int, int]:
    """Return how many more events each day gets, `total` of them, beside those already taken; nearest days first."""
    busyness = {offset: _busyness(today, offset) for offset in OFFSETS}
    scale = (total + taken.total()) / sum(busyness.values())
    exact = {offset: max(busyness[offset] * scale - taken[offset], 0.0) for offset in OFFSETS}
    fixed = {
        offset: max(round(exact[offset]), min(_SOON_AT_LEAST - taken[offset], total // 8), 0)
        for offset in _SOON
    }
    rest = {offset: wanted for offset, wanted in exact.items() if offset not in fixed}
    left = total - sum(fixed.values())
    shares = _share_out(left, rest)
    return {offset: (fixed | shares)[offset] for offset in sorted(OFFSETS, key=abs)}


def _share_out(total: int, wanted: dict[int, float]) -> dict[int, int]:
    """Share a whole number out in proportion, the largest remainders rounded up."""
    scale = total / sum(wanted.values())
    shares = {key: int(value * scale) for key, value in wanted.items()}
    by_remainder = sorted(wanted, key=lambda key: (shares[key] - wanted[key] * scale, key))
    for key in by_remainder[: total - sum(shares.values())]:
        shares[key] += 1
    return shares


def choose_period(
    chance: random.Random, day: dt.date, kind: Format, wish: Wish, zone: dt.tzinfo
) -> tuple[dt.datetime, dt.datetime]:
    """Return when an event of this kind begins and ends, on the campus's clock; all day is from midnight to midnight."""
    if kind.all_day:
        last = day + dt.timedelta(days=chance.choice(kind.all_day))
        return _at(day, "00:00", zone), _at(last, "00:00", zone)
    times = kind.weekend if day.weekday() >= 5 and kind.weekend else kind.times
    minutes = wish.minutes or chance.choice(kind.minutes)
    return period(day, wish.at or chance.choice(times), minutes, zone)


def period(day: dt.date, at: str, minutes: int, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
    """Return the minutes that pass from that hour on, through a change of the clocks as well."""
    start = _at(day, at, zone)
    return start, (start.astimezone(dt.UTC) + dt.timedelta(minutes=minutes)).astimezone(zone)


def _at(day: dt.date, at: str, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(at), zone)
