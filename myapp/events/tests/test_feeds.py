"""Feeds: what they hold, and that they stay the same until something changes."""

import datetime as dt
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from myapp.accounts.models import User
from myapp.events import actions, feeds
from myapp.events.models import Event, Organisation, Status, Visibility
from myapp.testing.factories import make_building, make_event, make_events, make_organisation, make_room
from myapp.testing.html import hrefs, parse, text_of
from myapp.testing.needs import needs_shared_data
from myapp.testing.queries import one_and_three, queries
from myapp.web.texts import printable

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
DAY = dt.timedelta(days=1)


def vevents(client: Client, path: str) -> list[Any]:
    """Return the events of a calendar."""
    answer = client.get(path)
    assert answer.status_code == 200
    calendar: Any = Calendar.from_ical(answer.content)
    return list(calendar.walk("VEVENT"))


def entries(client: Client, path: str) -> list[ET.Element]:
    """Return the entries of an Atom feed."""
    answer = client.get(path)
    assert answer.status_code == 200
    return ET.fromstring(answer.content).findall(f"{ATOM}entry")


def titles(client: Client, path: str) -> list[str]:
    """Return the titles in a feed of either kind."""
    if ".atom" in path:
        return [entry.findtext(f"{ATOM}title", "") for entry in entries(client, path)]
    return [str(event["SUMMARY"]) for event in vevents(client, path)]


@one_and_three
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/events.ics", 2),  # what is to come; what was on lately
        ("/events.atom", 1),
        ("/organisations/chess-club.ics", 3),  # the organisation as well
        ("/organisations/chess-club.atom", 2),
        ("/events.ics?organisation=chess-club", 5),  # its id twice, its name
        ("/events.atom?organisation=chess-club", 3),
    ],
)
def test_feed_costs_the_same_for_any_number_of_events(
    rows: int, path: str, expected: int, visitor: Client
) -> None:
    make_events(rows, organisation=make_organisation("Chess Club"), room=make_room())

    with queries(expected):
        found = titles(visitor, path)

    assert len(found) == rows


def test_event_ics_costs_one_query_and_is_kept(visitor: Client) -> None:
    event = make_event(room=make_room())
    with queries(1):
        answer = visitor.get(f"/events/{event.slug}.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Content-Disposition"] == f'inline; filename="{event.slug}.ics"'
    assert int(answer["X-Accel-Expires"]) > 0
    assert "Set-Cookie" not in answer
    assert "Cookie" not in answer.get("Vary", "")


@pytest.mark.parametrize(
    "path",
    [
        "/events.ics",
        "/events.atom",
        "/organisations/observatory-society.ics",
        "/organisations/observatory-society.atom",
    ],
)
def test_feed_is_the_same_until_something_changes(
    path: str,
    visitor: Client,
    omar: User,
    omars_club: Organisation,
    django_capture_on_commit_callbacks: Any,
) -> None:
    event = make_event(organisation=omars_club)
    before = visitor.get(path)
    assert visitor.get(path, headers={"If-None-Match": before["ETag"]}).status_code == 304

    with django_capture_on_commit_callbacks(execute=True):
        actions.cancel(event, acting_user=omar)

    after = visitor.get(path, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert after["ETag"] != before["ETag"]


def test_feed_is_made_anew_with_the_same_bytes(visitor: Client, settings: Any) -> None:
    settings.KEEP_PUBLIC_PAGES = False
    make_events(3)
    for path in ("/events.ics", "/events.atom", "/sitemap.xml"):
        assert visitor.get(path).content == visitor.get(path).content, path


def test_calendar_feed_strikes_what_is_cancelled(
    visitor: Client, omar: User, omars_club: Organisation, django_capture_on_commit_callbacks: Any
) -> None:
    event = make_event("Star party", organisation=omars_club)
    path = f"{omars_club.path.rstrip('/')}.ics"
    (before,) = vevents(visitor, path)

    with django_capture_on_commit_callbacks(execute=True):
        actions.cancel(event, reason="Clouds.", acting_user=omar)

    (after,) = vevents(visitor, path)
    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] == before["SEQUENCE"] + 1
    assert titles(visitor, f"{omars_club.path.rstrip('/')}.atom") == ["Cancelled: Star party"]


def test_calendar_feed_holds_what_was_on_lately(visitor: Client) -> None:
    now = timezone.now()
    for days in (1, 29, 32):
        make_event(f"{days} days ago", starts_at=now - days * DAY)
    make_event("To come")
    assert titles(visitor, "/events.ics") == ["29 days ago", "1 days ago", "To come"]
    assert titles(visitor, "/events.atom") == ["To come"]


def test_calendar_feed_has_its_limits(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST_IN_CALENDAR", 2)
    monkeypatch.setattr(feeds, "MOST_PAST", 1)
    now = timezone.now()
    for days in (-3, -2, 1, 2, 3):
        make_event(f"{days}", starts_at=now + days * DAY)
    assert titles(visitor, "/events.ics") == ["-2", "1", "2"]


def test_search_feed_follows_the_search(visitor: Client) -> None:
    club = make_organisation("Chess Club")
    make_event("Blitz evening", organisation=club, category="social")
    make_event("Blitz lecture", category="talk", building=make_building("Loomis"))
    make_event("Open air", category="talk")

    for ending in ("ics", "atom"):
        assert titles(visitor, f"/events.{ending}?category=social") == ["Blitz evening"]
        assert titles(visitor, f"/events.{ending}?organisation=chess-club") == ["Blitz evening"]
        assert titles(visitor, f"/events.{ending}?building=loomis") == ["Blitz lecture"]
        assert sorted(titles(visitor, f"/events.{ending}?q=blitz")) == ["Blitz evening", "Blitz lecture"]
        assert titles(visitor, f"/events.{ending}?organisation=nobody") == []
        assert visitor.get(f"/events.{ending}?category=nonsense").status_code == 400
        assert (
            visitor.get(f"/events.{ending}?archive=1&utm_source=x&q=blitz")["Location"]
            == f"/events.{ending}?q=blitz"
        )


def test_search_feed_is_called_what_was_asked_for(visitor: Client) -> None:
    make_organisation("Chess Club")
    ics = visitor.get("/events.ics?organisation=chess-club&category=talk&q=open").content.decode()
    assert "X-WR-CALNAME:“open” · Talks · Chess Club · Campus" in ics.replace("\r\n ", "")
    assert (
        "SOURCE;VALUE=URI:http://127.0.0.1:8000/events.ics?category=talk&organisation=chess-club&q=open"
        in ics.replace("\r\n ", "")
    )


def test_subscribe_gives_the_addresses_of_a_search(visitor: Client) -> None:
    make_organisation("Chess Club")
    with queries(1):  # the organisation's name
        page = visitor.get("/subscribe/?organisation=chess-club&q=blitz")
    address = "127.0.0.1:8000/events.ics?organisation=chess-club&q=blitz"
    assert f"webcal://{address}" in hrefs(page)
    assert parse(page).one("input[readonly]").attrs["value"] == f"http://{address}"
    assert "“blitz” · Chess Club" in text_of(page, "h1")
    assert "/events/?organisation=chess-club&q=blitz" in hrefs(page)


def test_subscribe_is_one_step_from_the_front_page_and_from_a_search(visitor: Client) -> None:
    make_event("Blitz evening")
    assert "/subscribe/" in hrefs(visitor.get("/"), "main a")
    assert "/subscribe/?q=blitz" in hrefs(visitor.get("/events/?q=blitz"), "main a")
    with queries(0):
        page = visitor.get("/subscribe/")
    assert "webcal://127.0.0.1:8000/events.ics" in hrefs(page)


def test_feed_of_an_organisation_that_is_not_there(visitor: Client) -> None:
    for ending in ("ics", "atom"):
        answer = visitor.get(f"/organisations/nobody.{ending}")
        assert answer.status_code == 404
        assert int(answer["X-Accel-Expires"]) > 0


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"status": Status.CANCELLED}, 200),
        ({"visibility": Visibility.LINK}, 200),
        ({"visibility": Visibility.CAMPUS}, 404),
        ({"visibility": Visibility.MEMBERS}, 404),
        ({"status": Status.DRAFT}, 404),
        ({"status": Status.WITHDRAWN}, 410),
    ],
)
def test_event_ics_is_for_whoever_may_read_the_event(
    fields: dict[str, Any], status: int, visitor: Client
) -> None:
    event = make_event("The vault", **fields)
    answer = visitor.get(f"/events/{event.slug}.ics")
    assert answer.status_code == status
    assert ("The vault" in answer.content.decode()) == (status == 200)
    assert int(answer["X-Accel-Expires"]) > 0


def test_event_ics_is_no_more_for_a_member_than_for_a_visitor(
    omar_browser: Client, omars_club: Organisation
) -> None:
    event = make_event(organisation=omars_club, visibility=Visibility.MEMBERS)
    assert omar_browser.get(f"/events/{event.slug}.ics").status_code == 404


def test_event_ics_under_an_old_title_moves_to_the_new_one(visitor: Client) -> None:
    event = make_event("New title")
    answer = visitor.get(f"/events/old-title-{event.code}.ics")
    assert (answer.status_code, answer["Location"]) == (301, f"/events/{event.slug}.ics")
    assert visitor.get("/events/there-is-none.ics").status_code == 404


def test_atom_names_the_site_and_never_the_host_that_was_asked(visitor: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    make_event()
    for path in ("/events.atom", "/events.ics", "/sitemap.xml", "/robots.txt"):
        assert b"evil.example" not in visitor.get(path, headers={"host": "evil.example"}).content, path


def test_atom_has_stable_ids_and_says_when_things_changed(visitor: Client) -> None:
    event = make_event(tags=["stars"], description="Bring a **coat** & hat.", room=make_room("141"))
    (entry,) = entries(visitor, "/events.atom")
    assert entry.findtext(f"{ATOM}id") == f"tag:127.0.0.1,2026:event/{event.code}"
    assert dt.datetime.fromisoformat(entry.findtext(f"{ATOM}updated", "")) == event.changed_at
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == event.organisation.name
    assert [category.attrib["term"] for category in entry.findall(f"{ATOM}category")] == ["talk", "stars"]
    assert "<strong>coat</strong> &amp; hat" in entry.findtext(f"{ATOM}summary", "")
    assert f"{event.place_label}</b>" in entry.findtext(f"{ATOM}summary", "")


def test_atom_tells_what_changed_last_first(visitor: Client) -> None:
    first, second = make_event("First"), make_event("Second")
    first.title = "First, moved"
    first.save()
    assert titles(visitor, "/events.atom") == ["First, moved", "Second"]
    assert second.changed_at < Event.objects.get(pk=first.pk).changed_at


def test_empty_feeds_are_feeds(visitor: Client) -> None:
    assert titles(visitor, "/events.ics") == titles(visitor, "/events.atom") == []


def test_feeds_in_another_language_lead_to_its_pages(visitor: Client) -> None:
    event = make_event()
    (entry,) = entries(visitor, "/fr/events.atom")
    (vevent,) = vevents(visitor, "/fr/events.ics")
    assert vevent["URL"] == f"http://127.0.0.1:8000/fr{event.path}"
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.attrib["href"] == f"http://127.0.0.1:8000/fr{event.path}"
    assert vevent["UID"] == vevents(visitor, "/events.ics")[0]["UID"]


def test_naughty_strings_come_back_as_text(visitor: Client) -> None:
    """Every one of them, as title, tag, place and name, through every format that leaves the site."""
    naughty = json.loads((needs_shared_data("naughty-strings") / "blns.json").read_text())
    strings = [text[:200] for text in naughty if text.strip() and "\x00" not in text]
    club = make_organisation("Chess Club")
    for text in strings:
        make_event(text, organisation=club, place=text, tags=[text[:60]], description=text, summary=text)

    assert len(strings) > 400
    found = sorted(titles(visitor, "/events.ics"))
    # The library that reads takes an escaped backslash before n for a line break; test_calendars reads those.
    assert [text for text in found if "\\" not in text] == sorted(
        printable(text) for text in strings if "\\" not in text
    )
    newest = list(reversed(strings))[: feeds.MOST_IN_ATOM]
    assert titles(visitor, "/events.atom") == [printable(text) for text in newest]
    for path in ("/calendar/", club.path, "/organisations/"):
        assert visitor.get(path).status_code == 200
    assert (
        ET.fromstring(visitor.get(f"/sitemap-events-{timezone.localtime() + DAY:%Y-%m}-1.xml").content)
        is not None
    )
