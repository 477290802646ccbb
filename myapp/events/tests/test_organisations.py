"""The list of organisations, and the page of one."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from myapp.events import organisations
from myapp.events.models import Organisation
from myapp.testing.factories import make_event, make_events, make_organisation
from myapp.testing.html import hrefs, parse, text_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db


@one_and_three
def test_organisations_cost_the_same_for_any_number(rows: int, visitor: Client) -> None:
    for _number in range(rows):
        make_events(rows)

    with queries(3):  # organisations with the id of what is next; those events; the kinds
        page = visitor.get("/organisations/")

    assert len(parse(page).all("article.tile")) == rows


def test_organisations_say_what_each_has_on_next(visitor: Client) -> None:
    club = make_organisation("Chess Club")
    later, sooner = (
        make_event(title, organisation=club, starts_at=timezone.now() + dt.timedelta(days=days))
        for title, days in (("Later", 3), ("Sooner", 1))
    )
    make_organisation("Quiet Society")

    page = visitor.get("/organisations/")

    assert sooner.path in hrefs(page)
    assert later.path not in hrefs(page)
    assert "Nothing announced at present" in text_of(page, "main")


def test_organisations_are_found_by_words_accents_aside(visitor: Client) -> None:
    make_organisation("Société du Café", summary="We roast.", tags=["Kaffee trinken"])
    make_organisation("Chess Club")

    for words in ("societe cafe", "ROAST", "kaffee", "soc roast trink"):
        page = visitor.get("/organisations/", {"q": words})
        assert [heading.text() for heading in parse(page).all("article h2")] == ["Société du Café"], words


def test_organisations_that_match_nothing_offer_a_way_on(visitor: Client) -> None:
    make_organisation("Chess Club")
    page = visitor.get("/organisations/", {"q": "zzzz%_'"})
    assert page.status_code == 200
    assert {"/organisations/", "/"} <= set(hrefs(page, ".empty a"))


def test_organisations_narrowed_by_kind_and_tag(visitor: Client) -> None:
    make_organisation("Chess Club", kind="club", tags=["games", "minds & co"])
    make_organisation("Go Society", kind="society", tags=["games"])

    def names(query: str) -> list[str]:
        return [heading.text() for heading in parse(visitor.get(f"/organisations/{query}")).all("article h2")]

    assert names("?kind=society") == ["Go Society"]
    assert names("?tag=games") == ["Chess Club", "Go Society"]
    assert names("?tag=minds+%26+co") == ["Chess Club"]
    assert visitor.get("/organisations/?kind=cult").status_code == 400


def test_organisations_go_on_where_the_page_before_ended(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organisations.list_organisations, "__kwdefaults__", {"limit": 2})
    # Two of one name: the order needs more than the name.
    for number, name in enumerate(["Alpha", "beta", "Beta", "Gamma", "delta"]):
        make_organisation(name, slug=f"slug-{number}")

    url, seen = "/organisations/", []
    while url:
        page = visitor.get(url)
        seen += [heading.text() for heading in parse(page).all("article h2")]
        url = next((f"/organisations/{href}" for href in hrefs(page, ".more a")), "")

    assert sorted(seen[1:3]) == ["Beta", "beta"]
    assert [seen[0], *seen[3:]] == ["Alpha", "delta", "Gamma"]


def test_organisations_after_a_place_that_is_none_is_a_400(visitor: Client) -> None:
    make_organisation("Chess Club")
    assert visitor.get("/organisations/?after=long-gone").status_code == 400


def test_organisations_leave_out_those_that_are_no_longer_active(visitor: Client) -> None:
    gone = make_organisation("Dial-up Users", is_active=False)
    assert "Dial-up Users" not in text_of(visitor.get("/organisations/"), "main")
    assert "no longer active" in text_of(visitor.get(gone.path), "main")


@one_and_three
def test_organisation_costs_the_same_for_any_number_of_events(rows: int, visitor: Client) -> None:
    club = make_organisation()
    make_events(rows, organisation=club)

    with queries(5):  # the organisation; again by the search; ids; rows; how many are over
        page = visitor.get(club.path)

    assert len(parse(page).all("li.event")) == rows


def test_organisation_says_what_it_is(visitor: Client) -> None:
    club = make_organisation(
        "Chess Club",
        description="We **play**.",
        meeting_time="Tuesdays at six",
        website="https://chess.example.org/about",
        email="board@example.org",
        tags=["games"],
        application_required=True,
    )
    make_event(organisation=club, starts_at=timezone.now() - dt.timedelta(days=3))

    page = visitor.get(club.path)

    assert text_of(page, ".prose strong") == "play"
    facts = text_of(page, "dl.facts")
    for fact in ("Tuesdays at six", "chess.example.org", "board@example.org", "games", "Members apply"):
        assert fact in facts
    assert "1 event that is over" in text_of(page, "main")
    assert "/events/?archive=1&organisation=chess-club" in hrefs(page)


def test_organisation_offers_its_feeds(visitor: Client) -> None:
    club = make_organisation("Chess Club")
    page = visitor.get(club.path)
    ics = "http://127.0.0.1:8000/organisations/chess-club.ics"
    assert "webcal://127.0.0.1:8000/organisations/chess-club.ics" in hrefs(page)
    assert parse(page).one("input[readonly]").attrs["value"] == ics
    alternates = {
        link.attrs["type"]: link.attrs["href"] for link in parse(page).all('link[rel="alternate"][type]')
    }
    assert alternates["text/calendar"] == ics
    assert alternates["application/atom+xml"] == "http://127.0.0.1:8000/organisations/chess-club.atom"
    for address in (*alternates.values(),):
        assert visitor.get(address.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_organisation_shows_more_in_the_list(visitor: Client) -> None:
    club = make_organisation("Chess Club")
    make_events(31, organisation=club, starts_at=timezone.now() + dt.timedelta(hours=1))

    page = visitor.get(club.path)
    (more,) = parse(page).all(".more a")

    assert len(parse(page).all("li.event")) == 30
    assert len(parse(visitor.get(more.attrs["href"])).all("li.event")) == 1
    assert len(parse(visitor.get(more.attrs["hx-get"])).all("li.event")) == 1


def test_organisation_that_is_not_there_is_not_found(visitor: Client) -> None:
    page = visitor.get("/organisations/nobody/")
    assert page.status_code == 404
    assert int(page["X-Accel-Expires"]) > 0
    assert "/" in hrefs(page, "main a")


def test_organisation_description_stays_text(visitor: Client) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    Organisation.objects.all().delete()
    club = make_organisation(
        f"Club {evil}", slug="evil", description=evil, summary=evil, meeting_time=evil, tags=[evil]
    )
    for path in (club.path, "/organisations/"):
        page = visitor.get(path)
        assert not parse(page).all("main script")
        assert not parse(page).all("main img")
        assert evil in text_of(page, "main h2" if path == "/organisations/" else "h1")
