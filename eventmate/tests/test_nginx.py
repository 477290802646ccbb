"""The shipped Nginx configuration in front of EventMate, both running: what is kept, and what must never be."""

import gzip
import re
import time
from concurrent.futures import ThreadPoolExecutor

import brotli
import pytest
from django.conf import settings

from myapp.testing.edge import SECRET, SHIPPED
from myapp.testing.factories import make_event
from myapp.testing.routes import every_route

SESSION = "0123456789abcdefghijklmnopqrstuv"
AGED = 2.1  # seconds after which a page that is kept for one is not fresh any more: Nginx counts whole ones


def test_a_page_is_made_once_and_then_served_from_the_store(site):
    event = make_event("Kites over the lake")
    first, second = site.ask(event.path), site.ask(event.path, cookie=f"sessionid={SESSION}")
    assert (first.status, first.cache) == (200, "MISS")
    assert (second.status, second.cache) == (200, "HIT")
    assert b"Kites over the lake" in second.body
    assert second.body == first.body


def test_a_page_is_kept_compressed_in_three_encodings_and_no_more(site):
    event = make_event()
    plain = site.ask(event.path).body
    wishes = {
        "br": ["br", "gzip, deflate, br, zstd", "GZIP;q=0.5, BR;q=0.9", "br;q=1.0"],
        "gzip": ["gzip", "x-gzip", "deflate, gzip;q=1.0", "br;q=0, gzip", "gzip, br; q=0.000"],
        "": ["", "identity", "deflate", "zstd", "gzip;q=0", "brotli", "br;q=0,gzip;q=0.0"],
    }
    undo = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
    for encoding, ways in wishes.items():
        for number, wish in enumerate(ways):
            answer = site.ask(event.path, accept_encoding=wish)
            assert answer.headers.get("Content-Encoding", "") == encoding, wish
            assert undo[encoding](answer.body) == plain
            assert number == 0 or answer.cache != "MISS", wish
            assert answer.headers["Vary"] == "Accept-Encoding"


def test_who_has_the_page_already_gets_no_second_copy(site):
    event = make_event()
    etag = site.ask(event.path).headers["ETag"]
    again = site.ask(event.path, if_none_match=etag)
    assert (again.status, again.cache, again.body) == (304, "HIT", b"")


def test_a_page_of_a_moment_ago_is_handed_out_while_it_is_fetched_anew(site):
    event = make_event("Kites over the lake")
    site.ask(event.path)
    time.sleep(AGED)
    started = time.monotonic()
    assert site.ask(event.path, x_test="slow").cache == "STALE"
    assert time.monotonic() - started < 0.8  # the application takes a second
    time.sleep(1.2)
    assert site.ask(event.path).cache == "HIT"  # it was fetched behind the visitor's back


def test_what_nobody_fetches_anew_is_soon_as_it_should_be(site):
    """A search may show an event that was withdrawn for a minute and a half, the sitemap for five and a half."""
    asked = {"x_eventmate_secret": SECRET, "x_eventmate_door": "page", "x_forwarded_proto": "https"}
    answer = site.ask("/events/?q=kites", door="limits", **asked)
    assert answer.status == 200, answer.body
    said = answer.headers.get_all("Cache-Control")
    meanwhile = int(said[0].removeprefix("stale-while-revalidate="))
    kept = {
        str(route): route.policy.keep + meanwhile
        for route in every_route()
        if route.policy is not None and route.policy.kind == "public"
    }
    for says_nothing_of_events in (
        "pages:about",
        "pages:help",
        "pages:robots",
        "push_worker",
        "ticket_worker",
    ):
        del kept[says_nothing_of_events]
    assert {kept.pop("pages:sitemap"), kept.pop("pages:sitemap_section")} == {330}
    assert max(kept.values()) <= 90, kept


def test_one_visitor_fetches_a_new_page_and_the_others_wait(site):
    event = make_event()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: site.ask(event.path, x_test="slow"), range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert [answer.cache for answer in answers].count("MISS") == 1


def test_invented_parameters_leave_nothing_in_the_store(site):
    event = make_event()
    site.ask(event.path)
    before = files_in(site, "pages"), files_in(site, "searches")
    for number in range(5):
        answer = site.ask(f"{event.path}?utm_source={number}")
        assert (answer.status, answer.headers["Location"]) == (302, event.path)
        assert answer.cache == "MISS"
    assert (files_in(site, "pages"), files_in(site, "searches")) == before


def test_addresses_that_are_written_oddly_leave_nothing_in_the_store(site):
    event = make_event()
    site.ask(event.path)
    before = files_in(site, "pages"), files_in(site, "searches")
    for odd in (
        "/%65vents/",
        "//events/",
        "/./events/",
        "/about/../events/",
        "/events/#1",
        "/x/..%2fevents/",
        "/events/%3Fq=1",
    ):
        site.ask(odd)
        assert site.ask(odd).cache in {"MISS", ""}, odd
    assert (files_in(site, "pages"), files_in(site, "searches")) == before


def test_invented_addresses_leave_nothing_in_the_store(site):
    event = make_event("Kites over the lake")
    site.ask(event.path)
    before = files_in(site, "pages"), files_in(site, "searches")
    for number in range(5):
        for invented, status in (
            (f"/events/x{number}/", 404),
            (f"/organisations/x{number}/", 404),
            (f"/calendar/x{number}/", 404),
            (f"/rooms/x{number}/?week=2026-W47", 404),
            (f"/events/x{number}-{event.code}/", 301),
        ):
            answer = site.ask(invented)
            assert (answer.status, answer.cache) == (status, "MISS"), invented
    assert (files_in(site, "pages"), files_in(site, "searches")) == before


@pytest.mark.parametrize("door", ["https", "refresh"])
def test_a_not_found_takes_the_place_of_a_page_that_was_kept(site, door):
    """Fetched behind the back of a visitor who came when the page was no longer fresh, or through the door for that."""
    event = make_event()
    site.ask(event.path)
    kept = files_in(site, "pages")
    if door == "https":
        time.sleep(AGED)
    site.ask(event.path, door=door, x_test="missing", x_refresh_secret=SECRET)
    time.sleep(0.3)
    answer = site.ask(event.path)
    assert (answer.status, answer.cache, files_in(site, "pages")) == (404, "HIT", kept)


def test_an_odd_address_cannot_take_the_place_of_a_page(running):
    for odd, right in (("/x/..%2fhelp/", "/help/"), ("/events/%3Fq=comets", "/events/?q=comets")):
        assert running.ask(odd).status == 404
        assert running.ask(right).status == 200


def test_searches_are_kept_apart_from_pages(site):
    make_event()
    site.ask("/events/")
    before = files_in(site, "pages"), files_in(site, "searches")
    site.ask("/events/?q=kites")
    assert site.ask("/events/?q=kites").cache == "HIT"
    assert (files_in(site, "pages"), files_in(site, "searches")) == (before[0], before[1] + 1)


def test_an_answer_with_a_cookie_is_never_kept(site):
    event = make_event()
    for _ in range(2):
        answer = site.ask(event.path, x_test="cookie")
        assert (answer.cache, answer.headers["Set-Cookie"]) == ("MISS", "sessionid=somebody")
        assert site.ask(event.path, x_test="vary").cache == "MISS"


@pytest.mark.parametrize(
    "path", ["/_mine/shell/", "/accounts/login/", "/admin/login/", "/health/", "/my/events/x/"]
)
def test_personal_pages_are_never_kept(running, path):
    before = files_in(running, "")
    for _ in range(2):
        answer = running.ask(path)
        assert answer.cache == ""
        assert "no-store" in answer.headers["Cache-Control"]
    assert files_in(running, "") == before


def test_nginx_knows_public_pages():
    """What the configuration takes for public is what the views state, in every language."""
    shipped = (SHIPPED / "eventmate.conf").read_text()
    public = re.compile(max(re.findall(r"location ~ (\^\S+) \{", shipped), key=len))
    prefixes = ["" if code == settings.LANGUAGE_CODE else f"/{code}" for code, _ in settings.LANGUAGES]
    for route in every_route():
        path = re.sub(r"<month:\w+>", "2026-11", re.sub(r"<week:\w+>", "2026-W47", route.pattern))
        path = "/" + re.sub(r"<slug:\w+>", "a-kite-4x2", path)
        is_public = route.policy is not None and route.policy.kind == "public"
        for prefix in prefixes:
            assert bool(public.search(prefix + path)) == is_public, f"{route}: {prefix}{path}"


def test_public_pages_stay_while_the_application_is_away(site):
    event = make_event("Kites over the lake")
    for path in ("/", event.path):
        assert site.ask(path, accept_encoding="br").status == 200
    site.kill_application()
    try:
        time.sleep(AGED)
        for path in ("/", event.path):
            kept = site.ask(path, accept_encoding="br")
            assert (kept.status, kept.cache) == (200, "STALE")
        private = site.ask("/_mine/shell/")
        assert (private.status, private.headers["Retry-After"]) == (503, "10")
        assert b"Back in a moment" in private.body
        assert "no-store" in private.headers["Cache-Control"]
    finally:
        site.start_application()
    assert site.ask("/_mine/shell/").status in {200, 204}


def test_a_broken_application_does_not_take_a_kept_page_away(site):
    event = make_event()
    site.ask(event.path)
    time.sleep(AGED)
    assert [site.ask(event.path, x_test="broken").status for _ in range(3)] == [200] * 3
    assert site.ask("/accounts/login/", x_test="broken").status == 500


def test_an_answer_reaches_its_reader_where_the_store_takes_no_more(site):
    """A full disk without one: what was written beside the store cannot be moved into it."""
    store, aside = site.folder / "cache" / "pages", site.folder / "cache" / "aside"
    event, other = make_event("Kites over the lake"), make_event("Comets")
    site.ask(event.path)
    store.rename(aside)
    store.touch()
    try:
        answers = [site.ask(other.path) for _ in range(2)]
        assert [(each.status, each.cache, b"Comets" in each.body) for each in answers] == [
            (200, "MISS", True)
        ] * 2
    finally:
        store.unlink()
        aside.rename(store)
    assert b"Kites over the lake" in site.ask(event.path).body


def test_pictures_of_many_megabytes_are_not_kept():
    shipped = (SHIPPED / "eventmate.conf").read_text()
    (written,) = re.findall(r'\$em_is_large \{\s+default "";\s+"~(\S+)" 1;', shipped)
    pattern = re.compile(written)
    assert [bool(pattern.search(str(size))) for size in (0, 999_999, 3_999_999)] == [False] * 3
    assert [bool(pattern.search(str(size))) for size in (4_000_000, 9_999_999, 10_000_000)] == [True] * 3


def files_in(site, store):
    return sum(path.is_file() for path in (site.folder / "cache" / store).rglob("*"))
