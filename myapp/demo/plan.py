"""Works out a whole campus, in memory: the same one for the same day, on any machine.

Nothing here touches the database. Organisations, rooms and series are referred to by their place in the plan's lists.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from myapp.demo import days, prose, status
from myapp.demo.bank import Bank, Format, OrganisationSpec, Topic, Weekly, Wish, bank
from myapp.demo.deck import Card, Deck
from myapp.demo.diary import Diary, PlannedRoom
from myapp.demo.prose import Host, Text
from myapp.events.codes import ALPHABET, LENGTH

STANDARD = 1_500
LARGE = 100_000
EVENTS_A_SITE = 5_000  # beyond that a campus has a second site, with buildings and organisations of its own
_SITES = (
    *(
        "Northfield",
        "Kelso Hill",
        "Port Sella",
        "Oakfield",
        "Saltings",
        "Gannet Point",
        "Millrace",
        "Eastlea",
    ),
    *(
        "Thornwick",
        "Ashgrove",
        "Marram Bay",
        "Whinfell",
        "Castle Street",
        "Coldharbour",
        "Skerry",
        "Fellside",
    ),
    *("Holm Park", "Linden", "Ravensmoor"),
)
_RESERVED_NIGHTS = (0, 1, -1, 2, 3)
_GUEST_SHARE = 0.65
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class PlannedOrganisation:
    """An organisation at one site."""

    spec: OrganisationSpec
    site: int
    name: str
    slug: str
    meets: str
    hosts: tuple[Host, ...]


@dataclass(frozen=True)
class PlannedSeries:
    """A rule and for whom it stands."""

    organisation: int
    title: str
    rule: str
    until: dt.date


@dataclass(slots=True)
class PlannedEvent:
    """One event with all that people are told about it."""

    code: str
    organisation: int
    title: str
    summary: str
    text: Text
    category: str
    tags: list[str]
    language: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    all_day: bool
    room: int | None = None
    place: str = ""
    online: bool = False
    online_url: str = ""
    series: int | None = None
    status: str = "published"
    visibility: str = "everyone"
    cancel_reason: str = ""
    announced_at: dt.datetime = LONG_AGO


@dataclass
class Plan:
    """The campus."""

    today: dt.date
    sites: int
    bank: Bank
    organisations: list[PlannedOrganisation] = field(default_factory=list)
    rooms: list[PlannedRoom] = field(default_factory=list)
    series: list[PlannedSeries] = field(default_factory=list)
    events: list[PlannedEvent] = field(default_factory=list)


def site_name(site: int) -> str:
    """Return what distinguishes a further site; the first one has no name."""
    return (
        _SITES[(site - 1) % len(_SITES)] + (f" {site // len(_SITES) + 1}" if site > len(_SITES) else "")
        if site
        else ""
    )


def make_plan(
    today: dt.date,
    zone: dt.tzinfo,
    events: int = STANDARD,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> Plan:
    """Return the campus as it is on that day, with exactly so many events.

    `on_progress` is told now and then how many events there are.
    """
    planner = _Planner(today, zone, events)
    planner.weekly()
    planner.fill_days(on_progress)
    return planner.finished()


class _Planner:
    """Builds a plan step by step; every choice comes from one seeded source of chance."""

    def __init__(self, today: dt.date, zone: dt.tzinfo, events: int) -> None:
        self.today, self.zone, self.wanted = today, zone, events
        self.chance = random.Random(f"{today:%Y-%m-%d} {events}")
        self.bank = bank()
        sites = max(1, round(events / EVENTS_A_SITE))
        self.brief = (
            sites > 1
        )  # nobody reads a hundred thousand descriptions, and stemming them is what takes time
        self.diary = Diary(sites, self.bank.buildings)
        self.plan = Plan(today, sites, self.bank, rooms=self.diary.rooms)
        self.on_day: Counter[int] = Counter()
        self._codes: set[str] = set()
        for site in range(sites):
            for spec in self.bank.organisations:
                self.plan.organisations.append(self._organisation(spec, site))

    def _organisation(self, spec: OrganisationSpec, site: int) -> PlannedOrganisation:
        where = site_name(site)
        return PlannedOrganisation(
            spec=spec,
            site=site,
            name=f"{spec.name}, {where}" if where else spec.name,
            slug=f"{spec.slug}-{where.lower().replace(' ', '-')}" if where else spec.slug,
            meets=_meets(spec.weekly),
            hosts=tuple(Host(self._name(), voice) for voice in spec.voices),
        )

    def _name(self, speaks: str = "") -> str:
        groups = [group for group in self.bank.names if not speaks or group.speaks == speaks]
        group = self.chance.choice(groups)
        return f"{self.chance.choice(group.given)} {self.chance.choice(group.family)}"

    def _host(self, organisation: PlannedOrganisation, kind: Format, category: str, language: str) -> Host:
        """A guest where guests are usual, else one of the organisation's own people."""
        if language != "en":
            return Host(self._name(language), "")
        guests = self.bank.guests.get(category)
        if guests and not kind.all_day and self.chance.random() < _GUEST_SHARE:
            return Host(self._name(), self.chance.choice(guests))
        return self.chance.choice(organisation.hosts)

    def _code(self) -> str:
        while True:
            code = "".join(self.chance.choices(ALPHABET, k=LENGTH))
            if code not in self._codes:
                self._codes.add(code)
                return code

    def weekly(self) -> None:
        """Stamp every series, each from some weeks ago to some weeks ahead."""
        for number, organisation in enumerate(self.plan.organisations):
            for series in organisation.spec.weekly:
                self._stamp(number, organisation, series)

    def _stamp(self, number: int, organisation: PlannedOrganisation, weekly: Weekly) -> None:
        first = self.today - dt.timedelta(days=self.chance.randint(30, days.BEFORE - 7))
        first += dt.timedelta(days=(weekly.weekday - first.weekday()) % 7)
        last = self.today + dt.timedelta(days=self.chance.randint(35, days.AFTER - 1))
        step = dt.timedelta(weeks=weekly.every)
        dates = [first + n * step for n in range((last - first) // step + 1)]
        held = [date for date in dates if not days.is_quiet(date)]
        themes = self.chance.sample(weekly.themes, len(weekly.themes))
        rule = _rule(weekly, len(dates), [date for date in dates if days.is_quiet(date)], self.zone)
        self.plan.series.append(PlannedSeries(number, weekly.title, rule, last))
        host = organisation.hosts[0]
        for place, date in enumerate(held):
            self._meet(number, organisation, weekly, date, themes[place % len(themes)], host)

    def _meet(
        self,
        number: int,
        organisation: PlannedOrganisation,
        weekly: Weekly,
        date: dt.date,
        theme: str,
        host: Host,
    ) -> None:
        kind = weekly.format
        if self.bank.guests.get(weekly.category):
            host = self._host(organisation, kind, weekly.category, "en")
        tags = prose.choose_tags(self.chance, kind, organisation.spec, "en")
        paragraphs = prose.describe_series(self.chance, self.bank, weekly, theme, tags, brief=self.brief)
        starts_at, ends_at = days.period(date, weekly.at, weekly.minutes, self.zone)
        event = PlannedEvent(
            code=self._code(),
            organisation=number,
            title=f"{weekly.title}: {theme}",
            summary=weekly.hook,
            text=self._joined(paragraphs, organisation, host),
            category=weekly.category,
            tags=tags,
            language="en",
            starts_at=starts_at,
            ends_at=ends_at,
            all_day=False,
            series=len(self.plan.series) - 1,
        )
        self._place(event, organisation, kind, weekly.wish)
        self._add(event)

    def fill_days(self, on_progress: Callable[[int], None]) -> None:
        """Give every day its share of single events, the nearest days first: they get the freshest titles."""
        cards = [
            Card(topic, number)
            for number, organisation in enumerate(self.plan.organisations)
            for topic in organisation.spec.topics
        ]
        single = self.wanted - len(self.plan.events)
        gap = min(30, len(cards) * len(days.OFFSETS) // max(single, 1) // 3)
        deck = Deck(self.chance, cards, gap)
        wanted = days.quotas(self.today, single, self.on_day)
        for offset in _RESERVED_NIGHTS:  # at any hour of today something is still to come
            if wanted[offset]:
                wanted[offset] -= 1
                self._play(deck, offset, "night")
        for offset, number in wanted.items():
            for _ in range(number):
                self._play(deck, offset)
            on_progress(len(self.plan.events))

    def _play(self, deck: Deck, offset: int, key: str = "") -> None:
        day = self.today + dt.timedelta(days=offset)
        card = deck.draw(self.chance, day, key)
        topic, organisation = card.topic, self.plan.organisations[card.organisation]
        kind = topic.format
        host = self._host(organisation, kind, topic.category, topic.language)
        tags = prose.choose_tags(self.chance, kind, organisation.spec, topic.language)
        paragraphs = prose.describe_topic(self.chance, self.bank, topic, tags, brief=self.brief)
        starts_at, ends_at = days.choose_period(self.chance, day, kind, topic.wish, self.zone)
        event = PlannedEvent(
            code=self._code(),
            organisation=card.organisation,
            title=self._title(topic, card.played),
            summary=topic.hook,
            text=self._joined(paragraphs, organisation, host),
            category=topic.category,
            tags=tags,
            language=topic.language,
            starts_at=starts_at,
            ends_at=ends_at,
            all_day=bool(kind.all_day),
        )
        self._place(event, organisation, kind, topic.wish)
        self._add(event)

    def _joined(self, paragraphs: list[str], organisation: PlannedOrganisation, host: Host) -> Text:
        words = prose.organisation_words(organisation.spec, organisation.name)
        return prose.join(paragraphs, speaker=host.name, voice=host.voice, **words)

    def _title(self, topic: Topic, played: int) -> str:
        """The title; from the second time on it says that it is not the first."""
        if played == 1:
            return topic.title
        if topic.language != "en":
            return self.bank.languages[topic.language].again.format(title=topic.title)
        if topic.title[-1] in "?!" or ":" in topic.title:
            return f"{topic.title} ({self.chance.choice(('again', 'by request', 'another date'))})"
        return self.chance.choice(topic.format.again).format(title=topic.title)

    def _place(
        self, event: PlannedEvent, organisation: PlannedOrganisation, kind: Format, wish: Wish
    ) -> None:
        """Find a room or a place, or put it online; where every room is taken it gets none."""
        if self.chance.random() < kind.online + kind.hybrid:
            event.online = True
            event.online_url = f"https://meet.example.org/{event.code}"
        if kind.online:
            return
        if wish.place or (kind.places and not wish.room and (not kind.rooms or self.chance.random() < 0.5)):
            event.place = wish.place or self.chance.choice(kind.places)
            return
        event.room = self._room(event, organisation, kind, wish)

    def _room(
        self, event: PlannedEvent, organisation: PlannedOrganisation, kind: Format, wish: Wish
    ) -> int | None:
        """Book a room; where the one that was asked for is taken, any that suits the format will do."""
        taken = event.starts_at, event.ends_at
        for attempt in (wish, Wish()):
            candidates = self.diary.candidates(
                self.chance, organisation.site, kind, organisation.spec.home, attempt
            )
            room = self.diary.book(taken, candidates)
            if room is not None:
                return room
        return None

    def _add(self, event: PlannedEvent) -> None:
        self.on_day[(event.starts_at.date() - self.today).days] += 1
        self.plan.events.append(event)

    def finished(self) -> Plan:
        """Say what is cancelled, hidden or unfinished, put the events in order, and hand the plan over."""
        self.plan.events.sort(key=lambda event: (event.starts_at, event.code))
        status.settle(self.chance, self.plan, self.bank)
        return self.plan


def _meets(weekly: tuple[Weekly, ...]) -> str:
    """When an organisation meets, in words: `Thursdays at 16:00 (Physics colloquium)`."""
    names = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
    return "; ".join(
        f"{'every second week, ' if series.every == 2 else ''}{names[series.weekday]} at {series.at} ({series.title})"
        for series in weekly
    )


def _rule(weekly: Weekly, times: int, left_out: list[dt.date], zone: dt.tzinfo) -> str:
    """The series as iCalendar says it, the weeks in which it is not held left out."""
    day = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[weekly.weekday]
    every = f";INTERVAL={weekly.every}" if weekly.every > 1 else ""
    lines = [f"RRULE:FREQ=WEEKLY{every};BYDAY={day};COUNT={times}"]
    at = weekly.at.replace(":", "")
    lines += [f"EXDATE;TZID={zone}:{date:%Y%m%d}T{at}00" for date in left_out]
    return "\n".join(lines)
