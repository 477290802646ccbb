"""About, help, and what search engines are told."""

import datetime as dt
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.utils import timezone

from myapp.events.models import Status, Visibility
from myapp.pages import sitemaps
from myapp.testing.factories import (
    local,
    make_building,
    make_event,
    make_events,
    make_organisation,
    make_room,
)
from myapp.testing.html import hrefs, text_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db

SITE = "http://127.0.0.1:8000"
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
LASTMOD = "{http://www.sitemaps.org/schemas/sitemap/0.9}lastmod"


def locations(client: Client, path: str) -> list[str]:
    """Return the addresses in a sitemap or its index."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    return [str(loc.text).removeprefix(SITE) for loc in ET.fromstring(answer.content).iter(LOC)]


def all_locations(client: Client) -> list[str]:
    """Return every address that search engines are told of."""
    return [path for section in locations(client, "/sitemap.xml") for path in locations(client, section)]


@pytest.mark.parametrize("path", ["/about/", "/help/", "/fr/about/", "/fr/help/"])
def test_pages_cost_no_query_and_lead_on(path: str, visitor: Client) -> None:
    with queries(0):
        page = visitor.get(path)
    assert page.status_code == 200
    assert int(page["X-Accel-Expires"]) > 0
    for href in hrefs(page, "main a"):
        assert visitor.get(href).status_code == 200, href


def test_help_names_the_limits_and_the_address_of_the_calendar(visitor: Client) -> None:
    words = text_of(visitor.get("/help/"), "main")
    assert f"{SITE}/events.ics" in words
    assert "the next 1000 events" in words.replace(",", "").replace("1 000", "1000")
    assert "30 days" in words


def test_robots_names_what_is_closed_and_the_sitemaps(visitor: Client) -> None:
    answer = visitor.get("/robots.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.content.decode().splitlines()
    for path in ("/_mine/", "/_part/", "/accounts/", "/admin/", "/fr/_mine/"):
        assert f"Disallow: {path}" in lines
    assert f"Sitemap: {SITE}/sitemap.xml" in lines
    assert f"Sitemap: {SITE}/fr/sitemap.xml" in lines


@one_and_three
def test_sitemap_costs_the_same_for_any_number(rows: int, visitor: Client) -> None:
    for _number in range(rows):
        make_events(rows, room=make_room())

    with queries(4):  # how many organisations, buildings, rooms; events by month
        parts = locations(visitor, "/sitemap.xml")
    for part in parts[1:]:
        with queries(1):
            assert locations(visitor, part)


def test_sitemap_leads_to_every_public_page(visitor: Client) -> None:
    club = make_organisation("Chess Club")
    room = make_room(building=make_building("Loomis"))
    event = make_event(organisation=club, room=room)
    over = make_event(organisation=club, starts_at=timezone.now() - dt.timedelta(days=400))
    found = all_locations(visitor)
    assert {club.path, room.path, room.building.path, event.path, over.path, "/", "/about/"} <= set(found)
    assert len(found) == len(set(found))
    for path in found:
        assert visitor.get(path).status_code == 200, path


def test_sitemap_says_when_an_event_last_changed(visitor: Client) -> None:
    event = make_event(starts_at=local("2026-12-01 00:30"))
    root = ET.fromstring(visitor.get("/sitemap-events-2026-12-1.xml").content)
    assert [element.text for element in root.iter(LASTMOD)] == [f"{event.changed_at:%Y-%m-%dT%H:%M:%SZ}"]


def test_sitemap_is_cut_into_parts(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "LARGEST", 2)
    events = [make_event(starts_at=local(f"2026-12-0{day} 10:00")) for day in range(1, 6)]
    parts = [path for path in locations(visitor, "/sitemap.xml") if "events" in path]
    assert parts == [f"/sitemap-events-2026-12-{part}.xml" for part in (1, 2, 3)]
    assert [path for part in parts for path in locations(visitor, part)] == [event.path for event in events]


@pytest.mark.parametrize(
    "name",
    [
        "events",
        "events-2026-12",
        "events-2026-13-1",
        "events-1999-01-1",
        "events-2026-12-0",
        "events-2026-12-99999",
        "rooms",
        "rooms-2",
        "pages-1",
        "users-1",
        "secrets",
    ],
)
def test_sitemap_part_there_is_not_is_not_found(name: str, visitor: Client) -> None:
    assert visitor.get(f"/sitemap-{name}.xml").status_code == 404


def test_sitemap_in_another_language_lists_its_pages(visitor: Client) -> None:
    event = make_event()
    found = [
        path for section in locations(visitor, "/fr/sitemap.xml") for path in locations(visitor, section)
    ]
    assert f"/fr{event.path}" in found
    assert all(path.startswith("/fr/") for path in found)


@pytest.mark.parametrize(
    ("fields", "is_shown"),
    [
        ({}, True),
        ({"status": Status.CANCELLED}, True),
        ({"visibility": Visibility.CAMPUS}, False),
        ({"visibility": Visibility.MEMBERS}, False),
        ({"visibility": Visibility.LINK}, False),
        ({"status": Status.DRAFT}, False),
        ({"status": Status.WITHDRAWN}, False),
    ],
)
@pytest.mark.parametrize("days", [1, -1])
def test_what_is_not_for_everyone_is_nowhere(
    fields: dict[str, Any], is_shown: bool, days: int, visitor: Client
) -> None:
    """Neither in a list nor in a feed, a calendar, a place or the sitemap; what is for everyone is in each of them."""
    room = make_room("141", building=make_building("Loomis"))
    club = make_organisation("Chess Club")
    start = timezone.now() + dt.timedelta(days=days)
    event = make_event(
        "The vault beneath", organisation=club, room=room, starts_at=start, tags=["vault"], **fields
    )
    week = timezone.localtime(start).strftime("%G-W%V")
    paths = [
        *(
            "/events.ics",
            "/events.ics?tag=vault",
            "/events.ics?building=loomis",
            "/organisations/chess-club.ics",
        ),
        *(f"/calendar/{event.day:%Y-%m}/", f"/calendar/{week}/", f"{room.path}?week={week}"),
        f"/sitemap-events-{event.day:%Y-%m}-1.xml",
    ]
    if days > 0:
        paths += ["/organisations/", club.path, "/organisations/chess-club.atom", "/events.atom?q=vault"]
        paths += ["/", "/events/", "/_part/events/", "/events.atom", "/buildings/loomis/"]
    if days > 0 and not event.is_cancelled:  # what is called off takes no room
        paths += ["/rooms/", room.path]
    for path in paths:
        page = visitor.get(path).content.decode()
        assert (event.code in page) == is_shown, path
        assert is_shown or "vault beneath" not in page, path
