"""The text of a recurrence rule (RFC 5545 §3.3.10) as a `Rule`, or a sentence about why it has no meaning."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import islice

from django.utils.translation import gettext as _

from myapp.events.importing.recurrence_rules import SUB_DAILY, Rule, RuleError, Until

# Wall clocks have no zone.
# ruff: noqa: DTZ001

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RANGES = {
    "BYSECOND": (0, 60, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?\d{1,10}")
_UNTIL = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d)?(Z?))?")
_PARTS = {*_RANGES, "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "RSCALE", "SKIP"}
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", *SUB_DAILY)


def parse(text: str) -> Rule:
    """Return the rule written in ``text``; raises :class:`RuleError` with a sentence."""
    parts: dict[str, str] = {}
    for part in text.strip().strip(";").split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        known = name.strip().upper() in _PARTS or name.strip().upper().startswith("X-")
        if not known or not equals or not value.strip() or "=" in value:
            raise RuleError(_("“%(text)s” is no part of a rule.") % {"text": part.strip()[:40]})
        parts[name.strip().upper()] = value.strip().upper()
    if "RSCALE" in parts:
        raise RuleError(_("Rules in other calendars than the Gregorian are not known."))
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise RuleError(_("The frequency “%(text)s” is not known.") % {"text": frequency[:20]})
    rule = Rule(
        frequency=frequency,
        interval=_positive("INTERVAL", parts.get("INTERVAL", "1")),
        count=_positive("COUNT", parts["COUNT"]) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        week_start=_week_start(parts.get("WKST", "MO")),
        by_day=_by_day(parts["BYDAY"]) if "BYDAY" in parts else (),
        by_second=_numbers(parts, "BYSECOND"),
        by_minute=_numbers(parts, "BYMINUTE"),
        by_hour=_numbers(parts, "BYHOUR"),
        by_month=_numbers(parts, "BYMONTH"),
        by_month_day=_numbers(parts, "BYMONTHDAY"),
        by_year_day=_numbers(parts, "BYYEARDAY"),
        by_week=_numbers(parts, "BYWEEKNO"),
        by_set_position=_numbers(parts, "BYSETPOS"),
    )
    _refuse_meaningless(rule)
    return rule


def _refuse_meaningless(rule: Rule) -> None:
    """Raise where RFC 5545's table of rule parts says "N/A"."""
    numbered = any(which for which, _weekday in rule.by_day)
    wrong = {
        "BYWEEKNO": rule.by_week and rule.frequency != "YEARLY",
        "BYYEARDAY": rule.by_year_day and rule.frequency in {"DAILY", "WEEKLY", "MONTHLY"},
        "BYMONTHDAY": rule.by_month_day and rule.frequency == "WEEKLY",
        _("A numbered weekday"): numbered and rule.frequency not in {"MONTHLY", "YEARLY"},
    }
    for part, is_wrong in wrong.items():
        if is_wrong:
            sentence = _("%(part)s has no meaning with FREQ=%(frequency)s.")
            raise RuleError(sentence % {"part": part, "frequency": rule.frequency})


def _positive(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        sentence = _("%(part)s must be a number from 1 on, not “%(text)s”.")
        raise RuleError(sentence % {"part": name, "text": text[:20]})
    return int(text)


def _numbers(parts: dict[str, str], name: str) -> tuple[int, ...]:
    if name not in parts:
        return ()
    lowest, highest, negative = _RANGES[name]
    numbers = []
    for text in islice((one.strip() for one in parts[name].split(",")), 400):
        number = int(text) if _NUMBER.fullmatch(text) else None
        size = abs(number) if number is not None and negative else number
        if number is None or size is None or not lowest <= size <= highest:
            raise RuleError(_("%(part)s cannot be “%(text)s”.") % {"part": name, "text": text[:20]})
        numbers.append(number)
    return tuple(numbers)


def _by_day(text: str) -> tuple[tuple[int, int], ...]:
    days = []
    for one in islice(text.split(","), 400):
        found = _BYDAY.fullmatch(one.strip())
        if found is None:
            raise RuleError(_("“%(text)s” is no day of the week.") % {"text": one.strip()[:20]})
        # There is no zeroth Monday: an entry that stands for no day is passed over.
        if found[1] is None or int(found[1]):
            days.append((int(found[1] or 0), _DAYS.index(found[2])))
    if not days:
        raise RuleError(_("BYDAY=%(text)s stands for no day.") % {"text": text[:20]})
    return tuple(days)


def _week_start(text: str) -> int:
    if text not in _DAYS:
        raise RuleError(_("“%(text)s” is no day of the week.") % {"text": text[:20]})
    return _DAYS.index(text)


def _until(text: str) -> Until:
    found = _UNTIL.fullmatch(text)
    if found is None:
        raise RuleError(_("%(part)s cannot be “%(text)s”.") % {"part": "UNTIL", "text": text[:30]})
    year, month, day, hour, minute, second, utc = found.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59)
        )
    except ValueError as error:
        raise RuleError(_("%(part)s cannot be “%(text)s”.") % {"part": "UNTIL", "text": text[:30]}) from error
    return Until(moment, is_date=hour is None, is_utc=utc == "Z")
