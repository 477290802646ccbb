"""The list of events as people meet it: a page, a fragment while typing, links that can be shared."""

import datetime as dt
import json
import os
import unicodedata
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from myapp.events import vocabulary
from myapp.events.models import Status, Visibility
from myapp.testing.factories import make_building, make_event, make_events, make_organisation, tomorrow
from myapp.testing.html import hrefs, parse, text_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db
OK = 200


def listed(visitor: Client, query: str = "", part: str = "/events/") -> list[str]:
    page = parse(visitor.get(part + query))
    return [link.text() for link in page.all(".event h3 a")]


def test_list_shows_what_is_to_come_by_day(visitor: Client) -> None:
    make_event("Jazz", starts_at=tomorrow(19))

    page = parse(visitor.get("/events/"))

    assert "Tomorrow" in page.one("section.day h2").text()
    assert page.one("#found").text() == "1 event"
    assert page.one("#found").attrs["role"] == "status"


@one_and_three
def test_list_costs_the_same_for_any_number_of_events(rows: int, visitor: Client) -> None:
    make_events(rows, title="Jazz")

    with queries(3):  # what is next, with how many; its rows; what can be chosen from
        visitor.get("/events/")
    with queries(2):
        visitor.get("/_part/events/")
    with queries(2):  # what can be chosen from is kept by now
        visitor.get("/events/?q=jazz")
    with queries(3):  # the nearest; their ranks; the rows
        visitor.get("/events/?q=jazz&order=relevance")


def test_list_that_finds_nothing_costs_few_queries(visitor: Client) -> None:
    make_event("Chess")

    with queries(
        5
    ):  # nothing; no word like it; nothing without filters nor in the archive; what to choose from
        visitor.get("/events/?q=saxophones&category=arts")


def test_list_without_javascript_is_a_form(visitor: Client) -> None:
    make_event("Jazz night", category="arts", building=make_building("Hartley"))

    page = parse(visitor.get("/events/?category=arts&q=jazz"))

    form = page.one("form#search")
    assert form.attrs["action"] == "/events/"
    assert form.attrs.get("method", "get") == "get"
    assert page.one("form#search input[name=q]").attrs["value"] == "jazz"
    assert page.one("form#search input[name=category]").attrs["value"] == "arts"
    for name in ("from", "to", "organisation", "building", "language", "archive"):
        assert page.one(f"#{name}").attrs["form"] == "search"
        assert page.has(f"label[for={name}]")
    assert page.has("button[form=search]")


def test_list_drops_what_a_form_left_empty_from_the_address(visitor: Client) -> None:
    response = visitor.get("/events/?q=jazz&from=&to=&organisation=&utm_source=poster")

    assert response.status_code == 302
    assert response["Location"] == "/events/?q=jazz"


def test_chips_are_links_to_the_same_question_with_one_answer_changed(visitor: Client) -> None:
    make_event("Jazz night", category="arts")

    page = parse(visitor.get("/events/?category=arts&q=jazz"))

    chips = {chip.text(): chip for chip in page.all("a.chip")}
    assert chips["Arts"].attrs["aria-current"] == "true"
    assert chips["Arts"].attrs["href"] == "/events/?q=jazz"
    assert chips["Talks"].attrs["href"] == "/events/?category=talk&q=jazz"
    assert chips["This weekend"].attrs["href"] == "/events/?category=arts&q=jazz&when=weekend"
    assert "aria-current" not in chips["Talks"].attrs


def test_filters_in_use_are_named_and_can_be_taken_away(visitor: Client) -> None:
    make_organisation("Jazz & Blues Club")
    make_building("Hartley")

    page = parse(
        visitor.get(
            "/events/?organisation=jazz-blues-club&building=hartley&language=fr&tag=free+food&archive=1"
            "&from=2026-11-30&to=2026-12-02"
        )
    )

    used = {chip.text().removesuffix("take away").strip(): chip for chip in page.all("ul.chips a")}
    assert set(used) == {
        *("30 Nov 2026 to 2 Dec 2026", "Jazz & Blues Club", "Hartley", "French", "free food", "What was on"),
    }
    assert "organisation" not in used["Jazz & Blues Club"].attrs["href"]
    assert "building=hartley" in used["Jazz & Blues Club"].attrs["href"]
    assert "from" not in used["30 Nov 2026 to 2 Dec 2026"].attrs["href"]


def test_the_form_offers_what_has_something_to_come(visitor: Client) -> None:
    make_event(
        "Jazz",
        organisation=make_organisation("Jazz Club"),
        building=make_building("Hartley"),
        language="en-GB",
    )
    make_event(
        "Secret", organisation=make_organisation("Secret Club"), visibility=Visibility.MEMBERS, language="de"
    )
    make_event(
        "Over", organisation=make_organisation("Past Club"), starts_at=timezone.now() - dt.timedelta(days=9)
    )

    page = parse(visitor.get("/events/"))

    assert [option.text() for option in page.all("#organisation option")] == ["Any", "Jazz Club"]
    assert [option.text() for option in page.all("#building option")] == ["Any", "Hartley"]
    assert [option.attrs["value"] for option in page.all("#language option")] == ["", "en"]


def test_the_form_keeps_a_choice_that_has_nothing_to_come(visitor: Client) -> None:
    make_organisation("Quiet Club")

    page = parse(visitor.get("/events/?organisation=quiet-club"))

    assert [option.attrs["value"] for option in page.all("#organisation option[selected]")] == ["quiet-club"]


# Words


def test_words_are_marked_where_they_stand(visitor: Client) -> None:
    make_event(
        "Café <jazz>",
        description="Come and *improvise* with us & more",
        organisation=make_organisation("Jazz Club"),
    )

    body = visitor.get("/events/?q=cafe+improvis").content.decode()

    assert "<mark>Café</mark> &lt;jazz&gt;" in body
    assert "<mark>improvise</mark> with us &amp; more" in body


def test_a_mistyped_word_is_corrected_with_a_link_to_what_was_meant(visitor: Client) -> None:
    vocabulary.learn([make_event("Saxophones").pk])

    page = parse(visitor.get("/events/?q=saxohpones"))

    assert "Nothing holds “saxohpones”" in page.one("#corrected").text()
    assert hrefs(page.one("#corrected")) == ["/events/?q=saxophones"]
    assert page.one("#found").text() == "1 event for “saxophones”"
    assert [link.text() for link in page.all(".event h3 a")] == ["Saxophones"]


def test_nothing_found_offers_what_does_find_something(visitor: Client) -> None:
    make_event("Jazz night", category="arts")
    make_event("Old jazz", starts_at=timezone.now() - dt.timedelta(days=9), category="talk")

    page = parse(visitor.get("/events/?q=jazz&category=talk&when=today"))

    ways = {way.text(): way.attrs["href"] for way in page.all(".empty a")}
    assert ways == {
        "1 event without filters": "/events/?q=jazz",
        "1 event among what was on": "/events/?archive=1&category=talk&q=jazz",
        "All events": "/events/",
    }


def test_nothing_at_all_still_has_a_way_on(visitor: Client) -> None:
    page = parse(visitor.get("/events/?q=xylophone"))

    assert "Nothing found for “xylophone”" in page.one(".empty h2").text()
    assert hrefs(page.one(".empty")) == ["/events/"]


def test_by_relevance_is_one_list_with_dates(visitor: Client) -> None:
    make_event("The text", description="jazz", starts_at=tomorrow(9))
    make_event("Jazz", starts_at=tomorrow(9) + dt.timedelta(days=3))

    page = parse(visitor.get("/events/?order=relevance&q=jazz"))

    assert [link.text() for link in page.all(".event h3 a")] == ["Jazz", "The text"]
    assert not page.has("section.day")
    assert page.one("nav[aria-label=Order] a[aria-current]").text() == "By relevance"


def test_the_archive_says_the_year_of_another_year(visitor: Client) -> None:
    event = make_event("Old jazz", starts_at=timezone.now() - dt.timedelta(days=800))

    assert str(event.day.year) in parse(visitor.get("/events/?archive=1")).one("section.day h2").text()


# More, and the fragment


def test_more_is_a_link_that_works_alone_and_leads_through_the_whole_list(visitor: Client) -> None:
    make_events(65, title="Jazz")

    seen, url = [], "/events/?q=jazz"
    for part in range(3):
        page = parse(visitor.get(url))
        seen += hrefs(page, ".event h3 a")
        more = page.all(".more a")
        assert len(more) == (part < 2)
        url = more[0].attrs["href"] if more else ""

    assert len(seen) == len(set(seen)) == 65


def test_more_goes_on_under_the_day_it_stopped_in(visitor: Client) -> None:
    make_events(31, title="Jazz", starts_at=tomorrow(0))

    page = parse(visitor.get("/events/"))
    part = parse(visitor.get(page.one(".more a").attrs["hx-get"]))

    heading = part.all("section.day h2")[0]
    assert ("visually-hidden" in heading.classes) == (page.all("section.day h2")[-1].text() == heading.text())
    assert part.one("[data-focus]").attrs["aria-label"] == "More events"


@pytest.mark.parametrize(
    "query", ["", "?q=jazz", "?order=relevance&q=jazz", "?q=jaz&when=month", "?q=nothing", "?q=jzaz"]
)
def test_fragment_and_page_say_the_same(visitor: Client, query: str) -> None:
    make_events(3, title="Jazz <night>")
    vocabulary.relearn()

    page = parse(visitor.get(f"/events/{query}")).one("#results")
    response = visitor.get(f"/_part/events/{query}")
    part = parse(response)

    assert part.text().endswith(page.text())  # after the title of the window
    assert hrefs(part) == hrefs(page)
    assert response["HX-Replace-Url"] == f"/events/{query}"
    assert not part.has("html")
    assert not part.has("form")


def test_fragment_below_a_list_leaves_the_address_alone(visitor: Client) -> None:
    make_events(31)
    more = parse(visitor.get("/events/")).one(".more a")

    assert "HX-Replace-Url" not in visitor.get(more.attrs["hx-get"])
    assert listed(visitor, part=more.attrs["hx-get"]) == listed(visitor, part=more.attrs["href"])


@pytest.mark.parametrize("path", ["/events/", "/_part/events/"])
def test_list_is_the_same_for_everyone(path: str, visitor: Client, ada_browser: Client) -> None:
    make_events(3)

    mine, theirs = ada_browser.get(path), visitor.get(path, headers={"HX-Request": "true", "Cookie": "x=1"})

    assert mine.content == theirs.content
    assert "Set-Cookie" not in mine.headers
    assert "Cookie" not in mine.get("Vary", "")
    assert "X-Accel-Expires" in mine.headers


def test_list_shows_nothing_that_is_not_for_everyone(visitor: Client, rosa_browser: Client) -> None:
    make_event("Secret kazoo", visibility=Visibility.MEMBERS)
    make_event("Unfinished kazoo", status=Status.DRAFT)

    for query in ("", "?q=kazoo", "?q=kazoo&archive=1", "?q=kazoo&order=relevance", "?q=kazzo"):
        for browser in (visitor, rosa_browser):
            assert listed(browser, query) == listed(browser, query, "/_part/events/") == []


# Bad input


@pytest.mark.parametrize("path", ["/events/", "/_part/events/"])
@pytest.mark.parametrize(
    "query",
    [
        "when=someday",
        "from=x",
        "category=nonsense",
        "online=2",
        "after=zz",
        "q=%00",
        "q=%ff",
        "language=%3Cb%3E",
        "q=" + "x" * 5000,
    ],
)
def test_list_refuses_what_makes_no_sense_with_a_sentence(path: str, query: str, visitor: Client) -> None:
    response = visitor.get(f"{path}?{query}")

    assert response.status_code == 400
    assert text_of(response, "main").strip()
    assert not parse(response).has("main b")


def naughty_strings() -> list[str]:
    file = Path(settings.BASE_DIR).parent / "shared" / "data" / "naughty-strings" / "blns.json"
    if not file.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("The naughty strings are not beside the project: CI needs ../shared/data.")
        pytest.skip("The naughty strings are not beside the project (../shared/data/naughty-strings).")
    return [str(text) for text in json.loads(file.read_text(encoding="utf-8"))]


def test_naughty_strings_are_searched_for_and_shown_as_text(visitor: Client) -> None:
    """Each as words, tag and slug in one question; what finds nothing counts the words alone as well, by date.

    What refuses one of the three says nothing of the others, so that they are asked about alone.
    """
    make_event("Jazz")

    for text in naughty_strings():
        values = {"q": text, "tag": text, "organisation": text}
        if not _shows_as_text(visitor, values | {"order": "relevance"}, text):
            for name in values:
                _shows_as_text(visitor, {name: text}, text)


def _shows_as_text(visitor: Client, values: dict[str, str], text: str) -> bool:
    """Whether a string was accepted; it is then on the page as text and nothing else."""
    response = visitor.get(f"/_part/events/?{urlencode(values)}", follow=True)
    assert response.status_code in {200, 400}, values
    if response.status_code != OK:
        return False
    page, shown = parse(response), _as_shown(text[:40])[:20]
    harm = [tag for tag in ("script", "img", "iframe", "svg[onload]", "b[onclick]") if page.has(tag)]
    assert not harm, text
    places = {"q": ("#found", ".empty h2"), "tag": ("ul.chips a",), "organisation": ("ul.chips a",)}
    for place in {place for name in values.keys() & places.keys() for place in places[name]} if shown else ():
        assert any(shown in _as_shown(each.text()) for each in page.all(place)), (place, values)
    return True


def _as_shown(text: str) -> str:
    """Letters and digits alone: what a browser, NFC and the parser of a test do to the rest is their own affair."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if char.isalnum())
