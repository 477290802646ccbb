"""Reads what the demo campus is made of: the files under content/, as the README there describes them."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.text import slugify

CONTENT = Path(__file__).parent / "content"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KEY = re.compile(r"(?P<format>\w+)(?::(?P<category>\w+))?(?:@(?P<language>[\w-]+))?")
_RANGE = re.compile(r"(?P<before>.*?)(?P<first>\d+)-(?:(?P=before))?(?P<last>\d+)")
_NUMBERED = re.compile(r"[A-Z]?\.?\d")


@dataclass(frozen=True)
class Format:
    """What a lecture, a match or a late party is like."""

    key: str
    category: str
    days: tuple[int, ...]  # a weight for each day from Monday on
    opening: tuple[str, ...]
    middle: tuple[str, ...]
    list: tuple[str, ...]
    again: tuple[str, ...]
    tags: tuple[str, ...]
    times: tuple[str, ...] = ()
    weekend: tuple[str, ...] = ()
    minutes: tuple[int, ...] = ()
    all_day: tuple[int, ...] = ()  # how many days it lasts, where it has no hours
    rooms: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    online: float = 0.0
    hybrid: float = 0.0


@dataclass(frozen=True)
class Wish:
    """What one event asks for instead of what its format would get."""

    room: str = ""  # a room's slug
    place: str = ""
    at: str = ""
    minutes: int = 0
    months: tuple[int, ...] = ()  # it belongs to these months of the year


@dataclass(frozen=True)
class Topic:
    """One event that an organisation may hold."""

    format: Format
    category: str
    language: str
    title: str
    hook: str
    wish: Wish


@dataclass(frozen=True)
class Weekly:
    """A series: the same hour every week or every second one, each time with a theme."""

    title: str
    format: Format
    category: str
    weekday: int
    at: str
    minutes: int
    every: int
    hook: str
    themes: tuple[str, ...]
    wish: Wish


@dataclass(frozen=True)
class OrganisationSpec:
    """Who puts events on, and which."""

    name: str
    slug: str
    kind: str
    summary: str
    about: str
    tags: tuple[str, ...]
    home: str
    voices: tuple[str, ...]
    application_required: bool
    the: bool  # whether its name takes the article in a sentence
    weekly: tuple[Weekly, ...]
    topics: tuple[Topic, ...]


@dataclass(frozen=True)
class RoomSpec:
    """A room; `slug` is what formats prefer it by."""

    name: str
    label: str
    slug: str
    kind: str
    floor: str
    capacity: int
    step_free: bool
    on_request: bool  # only for events that name it: nobody teaches yoga in the pool


@dataclass(frozen=True)
class BuildingSpec:
    """A building and its rooms."""

    name: str
    short: str
    code: str
    address: str
    latitude: str
    longitude: str
    description: str
    step_free: bool
    rooms: tuple[RoomSpec, ...]


@dataclass(frozen=True)
class Language:
    """Paragraphs for events that are held in another language."""

    again: str
    opening: tuple[str, ...]
    middle: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """Given and family names that could belong to one person."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    speaks: str = ""


@dataclass(frozen=True)
class Bank:
    """All of it."""

    organisations: tuple[OrganisationSpec, ...]
    buildings: tuple[BuildingSpec, ...]
    names: tuple[Names, ...]
    guests: dict[str, tuple[str, ...]]
    promises: dict[str, str]  # what a tag promises
    cancelled: tuple[str, ...]
    joining: dict[str, tuple[str, ...]]
    languages: dict[str, Language]


@cache
def bank() -> Bank:
    """Return the whole content, read once a process; KeyError or ValueError names what is wrong in it."""
    formats = {
        key: Format(key=key, days=tuple(map(int, body.pop("days"))), **_frozen(body))
        for path in sorted((CONTENT / "formats").glob("*.toml"))
        for key, body in _read(path).items()
    }
    people, notices = _read(CONTENT / "people.toml"), _read(CONTENT / "notices.toml")
    return Bank(
        organisations=tuple(
            _organisation(body, formats)
            for path in sorted((CONTENT / "organisations").glob("*.toml"))
            for body in _read(path)["organisation"]
        ),
        buildings=tuple(_building(body) for body in _read(CONTENT / "places.toml")["building"]),
        names=tuple(Names(**_frozen(body)) for body in people["names"]),
        guests=_frozen(people["guests"]),
        promises=notices["tags"],
        cancelled=tuple(notices["cancelled"]["reasons"]),
        joining=_frozen(notices["joining"]),
        languages={code: Language(**_frozen(body)) for code, body in notices["languages"].items()},
    )


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _frozen(body: dict[str, Any]) -> dict[str, Any]:
    """Lists as tuples, so that nothing can grow by accident."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}


def _organisation(body: dict[str, Any], formats: dict[str, Format]) -> OrganisationSpec:
    return OrganisationSpec(
        name=body["name"],
        slug=body.get("slug") or slugify(body["name"]),
        kind=body["kind"],
        summary=body["summary"],
        about=body["about"],
        tags=tuple(body["tags"]),
        home=body["home"],
        voices=tuple(body["voices"]),
        application_required=body.get("application_required", False),
        the=body.get("the", True),
        weekly=tuple(_weekly(series, formats) for series in body.get("series", ())),
        topics=tuple(
            topic
            for key, lines in body["events"].items()
            for line in lines.strip().splitlines()
            for topic in [_topic(key, line, formats)]
        ),
    )


def _topic(key: str, line: str, formats: dict[str, Format]) -> Topic:
    """Read one line under a heading like `lecture`, `night:arts` or `quiz@fr`."""
    match = _KEY.fullmatch(key)
    parts = line.split(" | ")
    if not match or len(parts) not in {2, 3}:
        raise ValueError(f"not an event: {key}: {line}")
    kind = formats[match["format"]]
    return Topic(
        format=kind,
        category=match["category"] or kind.category,
        language=match["language"] or "en",
        title=parts[0],
        hook=parts[1],
        wish=_wish(parts[2]) if len(parts) == 3 else Wish(),
    )


def _wish(text: str) -> Wish:
    """Read `room=pool-quayside; at=18:00; minutes=90; months=5,6`."""
    wish = dict(part.split("=", 1) for part in text.split("; "))
    months = tuple(map(int, filter(None, wish.pop("months", "").split(","))))
    return Wish(minutes=int(wish.pop("minutes", 0)), months=months, **wish)


def _weekly(body: dict[str, Any], formats: dict[str, Format]) -> Weekly:
    kind = formats[body["format"]]
    return Weekly(
        title=body["title"],
        format=kind,
        category=body.get("category") or kind.category,
        weekday=_WEEKDAYS.index(body["day"]),
        at=body["at"],
        minutes=body["minutes"],
        every=body.get("every", 1),
        hook=body["hook"],
        themes=tuple(body["themes"]),
        wish=Wish(room=body.get("room", ""), place=body.get("place", "")),
    )


def _building(body: dict[str, Any]) -> BuildingSpec:
    lines = body.pop("rooms").strip().splitlines()
    rooms = tuple(room for line in lines for room in _rooms(line, body["short"]))
    return BuildingSpec(**body, rooms=rooms)


def _rooms(line: str, short: str) -> list[RoomSpec]:
    """Read `kind | name | floor | seats`, where 101-108 names eight rooms.

    A closing ! says that there are steps, a closing * that it goes only to events that name it.
    """
    kind, names, floor, seats = (part.strip() for part in line.split("|"))
    span = _RANGE.fullmatch(names)
    if span:
        width = len(span["first"])
        numbers = range(int(span["first"]), int(span["last"]) + 1)
        expanded = [f"{span['before']}{number:0{width}}" for number in numbers]
    else:
        expanded = [names]
    rooms = []
    for name in expanded:
        # A number follows its building, a name stands before it: Tansley 141; Great Hall, Marchbanks.
        label = f"{short} {name}" if _NUMBERED.match(name) else f"{name}, {short}"
        rooms.append(
            RoomSpec(
                name=name,
                label=label,
                slug=slugify(label.replace(".", "-")),
                kind=kind,
                floor=floor,
                capacity=int(seats.rstrip(" !*")),
                step_free="!" not in seats,
                on_request="*" in seats,
            )
        )
    return rooms
