"""The shipped Nginx configuration in front of EventMate, both running: what is kept, and what must never be."""

import gzip
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import brotli
import pytest
from django.conf import settings
from django.db import connection

from myapp.events import actions
from myapp.testing.edge import DOMAIN, SECRET, SHIPPED, database_url, serving
from myapp.testing.factories import make_event
from myapp.testing.routes import every_route

SESSION = "0123456789abcdefghijklmnopqrstuv"
AGED = 2.1  # seconds after which a page that is kept for one is not fresh any more: Nginx counts whole ones


@pytest.fixture(scope="module")
def running(tmp_path_factory, django_db_setup):
    folder = tmp_path_factory.mktemp("nginx")
    with serving(
        folder,
        database=database_url(),
        redis=os.environ["REDIS_URL"],
        application="myapp.testing.edge_application:application",
    ) as site:
        yield site


@pytest.fixture
def site(running, transactional_db):
    return running


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
    for says_nothing_of_events in ("pages:about", "pages:help", "pages:robots", "push_worker"):
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


def test_the_application_learns_nothing_that_a_visitor_invented(running):
    forged = {
        "x_forwarded_for": "6.6.6.6",
        "x_forwarded_host": "evil.example",
        "x_forwarded_proto": "http",
        "x_forwarded_port": "1",
        "x_real_ip": "6.6.6.6",
        "forwarded": "for=6.6.6.6;host=evil.example",
        "x_request_id": "mine",
        "x_eventmate_session": "x" * 32,
        "x_eventmate_door": "watcher",
        "x_eventmate_secret": "guess",
        "proxy": "http://evil.example",
        "x_remote_user": "rosa",
    }
    seen = json.loads(running.ask("/_mine/shell/", x_test="echo", cookie="sessionid=x", **forged).body)
    assert "evil" not in str(seen)
    assert "6.6.6.6" not in str(seen)
    assert seen["HTTP_HOST"] == DOMAIN
    assert seen["HTTP_X_FORWARDED_FOR"] == seen["HTTP_X_REAL_IP"] == "127.0.0.1"
    assert seen["HTTP_X_FORWARDED_PROTO"] == seen["wsgi.url_scheme"] == "https"
    assert re.fullmatch(r"[0-9a-f]{32}", seen["HTTP_X_REQUEST_ID"])
    assert {
        name for name in seen if "EVENTMATE" in name or "REMOTE_USER" in name or name == "HTTP_PROXY"
    } == set()
    assert seen["HTTP_COOKIE"] == "sessionid=x"


def test_a_balancer_in_front_is_believed_where_its_file_names_it(running):
    """The file that upgrades keep; its example is what an operator uncomments."""

    def address_seen():
        return json.loads(running.ask("/_mine/shell/", x_test="echo", x_forwarded_for=told).body)[
            "HTTP_X_FORWARDED_FOR"
        ]

    told = "203.0.113.7, 198.51.100.9"  # the first is what a visitor made up
    file = running.folder / "eventmate" / "balancer.conf"
    before = file.read_text()
    assert address_seen() == "127.0.0.1"
    file.write_text(
        re.sub(r"^# (?=\S+ \S+;$)", "", before, flags=re.MULTILINE).replace("10.1.2.3", "127.0.0.1")
    )
    try:
        running.reload_nginx()
        assert address_seen() == "198.51.100.9"
        assert running.ask("/metrics/").status == 200
        assert running.ask("/metrics/", x_forwarded_for="198.51.100.9").status == 403
    finally:
        file.write_text(before)
        running.reload_nginx()


def test_a_public_page_is_made_without_cookies(running):
    seen = json.loads(
        running.ask("/about/", x_test="echo", cookie="sessionid=x", authorization="Basic eA==").body
    )
    assert {"HTTP_COOKIE", "HTTP_AUTHORIZATION"} & set(seen) == set()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:443", f"{DOMAIN}.evil.example", "127.0.0.1", ""]
)
def test_a_host_that_is_not_ours_gets_no_page(running, host):
    assert running.ask("/", host=host).status in {400, 421}
    assert running.ask("/", door="http", host=host).status in {400, 421}


def test_a_name_that_is_not_ours_gets_no_certificate(running):
    plain = socket.create_connection(("127.0.0.1", running.ports["https"]))
    with plain, pytest.raises(ssl.SSLError):
        ssl._create_unverified_context().wrap_socket(plain, server_hostname="evil.example")


def test_tls_is_of_today(running):
    def agreed(**limits):
        context = ssl._create_unverified_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        for name, value in limits.items():
            setattr(context, name, value)
        plain = socket.create_connection(("127.0.0.1", running.ports["https"]))
        with plain, context.wrap_socket(plain, server_hostname=DOMAIN) as secured:
            return secured.version(), secured.selected_alpn_protocol()

    assert agreed() == ("TLSv1.3", "h2")
    assert agreed(maximum_version=ssl.TLSVersion.TLSv1_2) == ("TLSv1.2", "h2")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"), pytest.raises(ssl.SSLError):
        agreed(minimum_version=ssl.TLSVersion.TLSv1_1, maximum_version=ssl.TLSVersion.TLSv1_1)


def test_http_leads_to_https(running):
    answer = running.ask("/events/?q=kites", door="http")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{DOMAIN}/events/?q=kites")
    assert "Strict-Transport-Security" in running.ask("/about/").headers


def test_static_files_are_kept_compressed_for_good(running):
    name = re.search(rb'"(/static/css/[^"]+\.css)"', running.ask("/about/").body).group(1).decode()
    running.ask(name, accept_encoding="br, gzip")
    kept = running.ask(name, accept_encoding="gzip, br", cookie=f"sessionid={SESSION}")
    assert (kept.status, kept.cache, kept.headers["Content-Encoding"]) == (200, "HIT", "br")
    assert {"immutable", "max-age=315360000"} <= set(kept.headers["Cache-Control"].split(", "))
    assert running.ask("/static/none.css").cache == running.ask("/static/none.css").cache == "MISS"


@pytest.mark.parametrize("path", ["/health/ready/", "/metrics/"])
def test_operators_pages_are_for_this_machine_only(running, path):
    assert running.ask("/health/ready/").status == 200
    shipped = (SHIPPED / "eventmate.conf").read_text()
    watched = re.search(r"location ~ (\^\S*health\S*) \{\s+include \S+watchers.conf;\s+deny all;", shipped)
    assert re.search(watched.group(1), path)


def test_every_public_page_leaves_a_word_for_the_figures(site):
    event = make_event()
    site.ask(event.path)
    site.ask(event.path)
    site.ask("/_mine/shell/")
    time.sleep(1.3)  # Nginx writes once a second
    words = set(site.log("eventmate/cache.log"))
    assert {"MISS", "HIT"} <= words <= {"MISS", "HIT", "STALE", "UPDATING", "EXPIRED", "BYPASS", "-"}


def files_in(site, store):
    return sum(path.is_file() for path in (site.folder / "cache" / store).rglob("*"))


@pytest.fixture
def told_site(site, settings):
    """A site that is told of changes, here by a process that could not tell its Redis: the job is enough."""
    settings.REFRESH_URL, settings.REFRESH_SECRET = f"http://127.0.0.1:{site.ports['refresh']}", SECRET
    yield site
    with connection.cursor() as cursor:  # not Django's to flush
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def do_jobs(site):
    """Let a worker do every job there is, as `eventmate-worker.service` does."""
    told = {"REFRESH_URL": f"http://127.0.0.1:{site.ports['refresh']}", "REFRESH_SECRET": SECRET}
    command = [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot"]
    subprocess.run(
        command, cwd=SHIPPED.parents[1], env=site.environment | told, check=True, capture_output=True
    )


def test_a_withdrawn_event_is_gone_from_nginx_at_once(told_site, rosa):
    event = make_event("Kites over the lake")
    pages = [event.path, f"/fr{event.path}", f"/_part{event.path}", f"{event.path[:-1]}.ics"]
    for path in pages:
        for encoding in ("br", "gzip", ""):
            assert told_site.ask(path, accept_encoding=encoding).status == 200
    actions.withdraw(event, acting_user=rosa)
    do_jobs(told_site)
    for path in pages:
        for encoding in ("br", "gzip", ""):
            answer = told_site.ask(path, accept_encoding=encoding)
            assert answer.status == 410, path
            assert answer.cache in {"HIT", "STALE"}  # it was there before anybody asked


def test_only_who_knows_the_secret_has_pages_fetched_anew(running):
    assert running.ask("/", door="refresh").status == 403
    assert running.ask("/", door="refresh", x_refresh_secret="guess").status == 403
    assert running.ask("/", door="refresh", x_eventmate_secret=SECRET).status == 403
    assert running.ask("/", door="refresh", x_refresh_secret=SECRET).cache == "BYPASS"
    assert running.ask("/", door="limits").status == 403


def test_a_page_fetched_anew_is_made_without_the_fetcher(running):
    asked = {"x_test": "echo", "cookie": "sessionid=x", "x_forwarded_for": "6.6.6.6", "host": "evil.example"}
    answer = running.ask("/about/", door="refresh", x_refresh_secret=SECRET, **asked)
    seen = json.loads(answer.body)
    assert seen["HTTP_HOST"] == DOMAIN
    assert seen["HTTP_X_FORWARDED_PROTO"] == "https"
    assert {"HTTP_COOKIE", "HTTP_X_REFRESH_SECRET", "HTTP_X_EVENTMATE_SECRET"} & set(seen) == set()
    assert SECRET not in str(seen)


def test_pages_in_store_are_not_limited(site):
    with site.converse(at="127.0.8.1") as conversation:
        conversation.ask("/help/")
        for _ in range(150):
            conversation.ask("/_mine/shell/")
        assert conversation.ask("/_mine/shell/").status == 429
        assert {conversation.ask("/help/").status for _ in range(600)} == {200}


def test_one_person_has_twenty_requests_under_way_and_leaves_room_for_others(running):
    def ask(conversation, cookie):
        return conversation.ask("/_mine/shell/", x_test="slow", cookie=cookie).status

    with ExitStack() as stack, ThreadPoolExecutor(31) as pool:
        lines = [stack.enter_context(running.converse(at="127.0.8.2")) for _ in range(31)]
        strangers = [pool.submit(ask, line, "") for line in lines[:26]]
        people = [pool.submit(ask, line, f"sessionid={SESSION}") for line in lines[26:]]
        assert Counter(each.result() for each in strangers)[429] == 6
        assert 429 not in {each.result() for each in people}
