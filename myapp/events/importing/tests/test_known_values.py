"""Every pair of iCalendar and jCal: what a line says is what jCal (RFC 7265) says it does."""

import json
from datetime import timedelta
from typing import Any

from myapp.events.importing import rule_reading
from myapp.events.importing.components import Component, Property, parse
from myapp.events.importing.encodings import decode
from myapp.events.importing.timezones import parse_offset
from myapp.events.importing.values import read_moment, read_period
from myapp.testing.needs import needs_shared_data

MOMENTS = {"date", "date-time"}


def said(kind: str, value: str) -> list[object]:
    """Return what our readers make of a value, in the words of jCal."""
    if kind in MOMENTS:
        return [_moment(part) for part in value.split(",")]
    if kind == "period":
        return [_period(part) for part in value.split(",")]
    if kind == "utc-offset":
        offset = parse_offset(value) or timedelta()
        seconds = abs(int(offset.total_seconds()))
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}" + (
            f":{seconds % 60:02}" if seconds % 60 else ""
        )
        return [("-" if offset < timedelta() else "+") + clock]
    return [value]


def _moment(text: str) -> str:
    moment = read_moment(text)
    if moment.is_date:
        return f"{moment.naive:%Y-%m-%d}"
    return f"{moment.naive:%Y-%m-%dT%H:%M:%S}{'Z' if moment.is_utc else ''}"


def _period(text: str) -> list[str]:
    period = read_period(text)
    start, _slash, end = text.partition("/")
    if period.duration is not None:
        return [_moment(start), end]
    return [_moment(start), _moment(end)]


def check_property(prop: Property, expected: list[Any]) -> None:
    _name, parameters, kind, *values = expected
    ours = {name.lower(): value[0] if len(value) == 1 else value for name, value in prop.parameters.items()}
    ours.pop("value", None)
    assert ours == parameters
    if kind == "text" and isinstance(values[0], str):
        assert (prop.texts if prop.name == "CATEGORIES" else [prop.text]) == values
    elif kind == "recur":
        check_rule(prop.value, values[0])
    elif kind in {*MOMENTS, "period", "utc-offset"}:
        assert said(kind, prop.value) == values
    elif kind in {"unknown", "cal-address", "binary", "uri"}:
        assert [prop.value] == values


def check_rule(text: str, expected: dict[str, object]) -> None:
    rule = rule_reading.parse(text)
    assert rule.frequency == expected["freq"]
    months = expected.get("bymonth", [])
    assert list(rule.by_month) == (months if isinstance(months, list) else [months])
    if "until" in expected:
        assert said("date-time", text.partition("UNTIL=")[2]) == [expected["until"]]
        assert rule.until is not None
        assert rule.until.is_utc == str(expected["until"]).endswith("Z")
        assert rule.until.is_date == ("T" not in str(expected["until"]))


def check_component(ours: Component, expected: list) -> int:
    name, properties, children = expected
    assert ours.name == name.upper()
    counted: dict[str, int] = {}
    for one in properties:
        at = counted.get(one[0], 0)
        counted[one[0]] = at + 1
        check_property(ours.properties[one[0].upper()][at], one)
    assert [child.name.lower() for child in ours.children] == [child[0] for child in children]
    return len(properties) + sum(map(check_component, ours.children, children))


def test_known_values_all_agree():
    checked = 0
    pairs = sorted(needs_shared_data("ics-expected", "icaljs-jcal").glob("*.ics"))
    for path in pairs:
        root, unreadable = parse(decode(path.read_bytes(), unfold=True)[0])
        assert unreadable == 0, path.name
        expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
        calendars = expected if isinstance(expected[0], list) else [expected]
        assert len(root.children) == len(calendars), path.name
        checked += sum(map(check_component, root.children, calendars))
    assert len(pairs) == 21
    assert checked > 50
