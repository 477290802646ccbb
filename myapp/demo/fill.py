"""Writes a plan to the database, and takes an old one out of it."""

import datetime as dt
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection, models, transaction
from django.utils.text import slugify

from myapp.demo import accounts, desks
from myapp.demo.bank import BuildingSpec, bank
from myapp.demo.copying import copy
from myapp.demo.plan import EVENTS_A_SITE, LARGE, Plan, PlannedEvent, PlannedOrganisation, site_name
from myapp.events import vocabulary
from myapp.events.models import Event, Organisation, Series, Status
from myapp.venues.models import Building, Room
from myapp.web.page_store import forget_public_pages

SOURCE_KEY = "demo"  # by which a demo organisation is known
_MANY = 20_000  # from here on it is faster to build the indexes afterwards


def demo_organisations() -> models.QuerySet[Organisation]:
    """Return the organisations that this app has made."""
    return Organisation.objects.filter(source_key=SOURCE_KEY)


@transaction.atomic
def remove() -> int:
    """Delete the demo campus with its events and rooms; the accounts stay. Returns how many events went.

    A building or room in which somebody else's event takes place stays as well.
    """
    ours = demo_organisations()
    desks.remove(ours)
    gone, _ = Event.objects.filter(organisation__in=ours).delete()
    ours.delete()
    addresses = {_address(spec, site) for site in range(LARGE // EVENTS_A_SITE) for spec in bank().buildings}
    empty = Building.objects.filter(events__isnull=True, address__in=addresses).exclude(
        rooms__in=Room.objects.filter(events__isnull=False)
    )
    Room.objects.filter(building__in=empty).delete()
    empty.delete()
    forget_public_pages()
    return gone


@transaction.atomic
def write(plan: Plan, on_progress: Callable[[int], None] = lambda _done: None) -> None:
    """Write the whole plan, or nothing of it; `on_progress` is told now and then how many events there are."""
    buildings = _write_buildings(plan)
    rooms = _write_rooms(plan, buildings)
    organisations = _write_organisations(plan)
    series = Series.objects.bulk_create(
        Series(
            organisation=organisations[one.organisation],
            title=one.title,
            rule=one.rule,
            timezone=settings.TIME_ZONE,
            horizon=one.until,
        )
        for one in plan.series
    )
    builder = _Builder(plan, buildings, rooms, organisations, series)
    if len(plan.events) < _MANY:
        copy(builder.events(), on_progress)
    else:
        _copy_without_indexes(builder.events(), on_progress)
    accounts.give_accounts({organisation.slug: organisation for organisation in organisations})
    desks.write(organisations, plan.bank, plan.today)
    vocabulary.relearn()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_event, events_organisation, venues_room")
    forget_public_pages()


def _address(spec: BuildingSpec, site: int) -> str:
    return spec.address.replace("Brackwater", site_name(site)) if site else spec.address


def _unused(slug: str, taken: set[str]) -> str:
    """The slug, or one that nobody has yet: on a site of its own the demo campus is a guest."""
    while slug in taken:
        slug += "-demo"
    taken.add(slug)
    return slug


def _slug(base: str, site: int) -> str:
    return f"{base}-{site_name(site).lower().replace(' ', '-')}" if site else base


def _write_buildings(plan: Plan) -> list[Building]:
    taken = set(Building.objects.values_list("slug", flat=True))
    return Building.objects.bulk_create(
        Building(
            name=f"{spec.name}, {site_name(site)}" if site else spec.name,
            slug=_unused(_slug(slugify(spec.name), site), taken),
            code=f"{spec.code}{site}" if site else spec.code,
            address=_address(spec, site),
            latitude=spec.latitude,
            longitude=spec.longitude,
            description=spec.description,
            step_free=spec.step_free,
        )
        for site in range(plan.sites)
        for spec in plan.bank.buildings
    )


def _write_rooms(plan: Plan, buildings: list[Building]) -> list[Room]:
    taken = set(Room.objects.values_list("slug", flat=True))
    return Room.objects.bulk_create(
        Room(
            building=buildings[room.building],
            name=room.spec.name,
            label=f"{room.spec.label}, {site_name(room.site)}" if room.site else room.spec.label,
            slug=_unused(_slug(room.spec.slug, room.site), taken),
            kind=room.spec.kind,
            floor=room.spec.floor,
            capacity=room.spec.capacity,
            step_free=room.spec.step_free,
        )
        for room in plan.rooms
    )


def _write_organisations(plan: Plan) -> list[Organisation]:
    taken = set(Organisation.objects.values_list("slug", flat=True))
    organisations = [
        Organisation(
            name=one.name,
            slug=_unused(one.slug, taken),
            kind=one.spec.kind,
            summary=one.spec.summary,
            description=_about(plan, place, one),
            tags=list(one.spec.tags),
            meeting_time=one.meets,
            application_required=one.spec.application_required,
            email=f"{one.slug}@example.edu",
            source_key=SOURCE_KEY,
        )
        for place, one in enumerate(plan.organisations)
    ]
    for organisation in organisations:
        organisation.prepare()
    return Organisation.objects.bulk_create(organisations)


def _about(plan: Plan, place: int, organisation: PlannedOrganisation) -> str:
    """What an organisation says of itself, and how to join."""
    joining = plan.bank.joining[organisation.spec.kind]
    return f"{organisation.spec.about}\n\n{joining[place % len(joining)]}"


class _Builder:
    """Turns planned events into rows, with everything derived just as saving would derive it."""

    def __init__(
        self,
        plan: Plan,
        buildings: list[Building],
        rooms: list[Room],
        organisations: list[Organisation],
        series: list[Series],
    ) -> None:
        self._plan, self._buildings, self._rooms = plan, buildings, rooms
        self._organisations, self._series = organisations, series
        shorts = [spec.short for spec in plan.bank.buildings]
        self._homes = [
            buildings[one.site * len(shorts) + shorts.index(one.spec.home)] for one in plan.organisations
        ]
        self._this_morning = dt.datetime.combine(plan.today, dt.time(8), plan.events[0].starts_at.tzinfo)

    def events(self) -> Iterator[Event]:
        """Yield the events, ready to be written."""
        return map(self._event, self._plan.events)

    def _event(self, planned: PlannedEvent) -> Event:
        somewhere = planned.room is not None or planned.place or planned.online
        event = Event(
            code=planned.code,
            title=planned.title,
            summary=planned.summary,
            description=planned.text.markdown,
            category=planned.category,
            tags=planned.tags,
            language=planned.language,
            starts_at=planned.starts_at,
            ends_at=planned.ends_at,
            all_day=planned.all_day,
            timezone=settings.TIME_ZONE,
            organisation=self._organisations[planned.organisation],
            room=None if planned.room is None else self._rooms[planned.room],
            building=None if somewhere else self._homes[planned.organisation],
            place=planned.place,
            online=planned.online,
            online_url=planned.online_url,
            series=None if planned.series is None else self._series[planned.series],
            status=planned.status,
            visibility=planned.visibility,
            cancel_reason=planned.cancel_reason,
        )
        event.prepare((planned.text.html, planned.text.words))
        self._date(event, planned)
        return event

    def _date(self, event: Event, planned: PlannedEvent) -> None:
        """When it was made, announced and called off: days ago, not this very moment."""
        event.created_at = event.changed_at = planned.announced_at
        if event.status != Status.DRAFT:
            event.published_at = planned.announced_at
        if event.status == Status.CANCELLED:
            latest = min(self._this_morning, event.starts_at)
            event.cancelled_at = event.changed_at = (
                planned.announced_at + (latest - planned.announced_at) * 0.75
            )
            event.sequence = 1


def _copy_without_indexes(events: Iterator[Event], on_progress: Callable[[int], None]) -> None:
    """The same for many: one sort at the end is cheaper than a place in nine indexes for each row."""
    indexes = Event._meta.indexes  # noqa: SLF001 - its documented API
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.remove_index(Event, index)
    copy(events, on_progress)
    connection.check_constraints()  # else PostgreSQL would not build an index: checks are pending
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.add_index(Event, index)
