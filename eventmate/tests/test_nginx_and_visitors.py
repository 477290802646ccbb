"""The shipped Nginx configuration in front of EventMate, both running: who is believed, let in, and kept waiting."""

import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.db import connection

from myapp.events import actions
from myapp.testing.edge import DOMAIN, SECRET, SHIPPED
from myapp.testing.factories import make_event

SESSION = "0123456789abcdefghijklmnopqrstuv"


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
