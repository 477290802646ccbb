"""Many students at once, for a while, and what they waited for.

    pip install -r requirements-load.txt
    python load_test.py --host https://events.example.edu                       # 500 people for 120 seconds
    python load_test.py --host http://127.0.0.1:8000 --users 50 --seconds 20 --account ada:PASSWORD

Everything that is visited is read from the site's own pages: its search form, its links, the words in its titles. Each
person is a browser with a connection, cookies and kept pages of their own, so a page seen before is asked for with its
ETag. Some sign in, where --account says as whom; without, they look at the sign-in form and leave.

Exit status: 0 no request failed (and the 95th percentile is within --p95), 1 otherwise.

On one machine a person's address is one of 127.0.0.0/8, so that limits per address count 500 people, not one.
"""

from __future__ import annotations

import argparse
import ipaddress
import itertools
import random
import re
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache, partial
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

import gevent
from gevent.lock import BoundedSemaphore
from geventhttpclient.client import HTTPClientPool
from locust import FastHttpUser, between, task
from locust.contrib.fasthttp import insecure_ssl_context_factory
from locust.env import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from locust.stats import StatsEntry

SURVEYED_LISTS = 6
SURVEYED_EVENTS = 24
PERCENTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
_WORD = re.compile(r"[^\W\d_]{4,}")


class Page(HTMLParser):
    """The parts of a page that a person would use: links and their words, forms and their fields, islands, its files."""

    def __init__(self, url: str, html: str) -> None:
        """Read the page; addresses come out whole."""
        super().__init__()
        self.url = url
        self.links: dict[str, str] = {}
        self.forms: list[dict[str, Any]] = []
        self.islands: list[str] = []
        self.files: list[str] = []
        self._link = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element leads to."""
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self._link = urljoin(self.url, given["href"])
            self.links.setdefault(self._link, "")
        if "hx-get" in given and "signed-in" in given.get("hx-trigger", ""):
            self.islands.append(urljoin(self.url, given["hx-get"]))
        if tag == "form":
            self.forms.append(
                {"action": urljoin(self.url, given.get("action", "")), "fields": {}, "types": {}}
            )
        if tag == "input" and self.forms and given.get("name"):
            self.forms[-1]["fields"][given["name"]] = given.get("value", "")
            self.forms[-1]["types"][given.get("type", "text")] = given["name"]
        if (tag == "script" and given.get("src")) or given.get("rel") in {"stylesheet", "preload", "icon"}:
            self.files.append(urljoin(self.url, given.get("src") or given["href"]))

    def handle_endtag(self, tag: str) -> None:
        """Leave a link."""
        if tag == "a":
            self._link = ""

    def handle_data(self, data: str) -> None:
        """Note the words of a link."""
        if self._link:
            self.links[self._link] += data

    def form_with(self, kind: str) -> dict[str, Any] | None:
        """Return the first form that has a field of this type."""
        return next((form for form in self.forms if kind in form["types"]), None)


@dataclass
class Site:
    """What there is to visit, by what a person comes for."""

    host: str
    is_here: bool = False  # on this machine, by whatever name
    search: tuple[str, str] = ("", "")  # where the search form leads, and the name of its field
    sign_in: str = ""
    events: list[str] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def survey(host: str) -> Site:
    """Walk through the site once, as a curious visitor; exits with a sentence where it is not EventMate or not there."""
    home = _read(f"{host}/")
    form = home.form_with("search")
    if form is None:
        sys.exit(f"{host}/ has no search form: is this EventMate?")
    site = Site(host, _is_here(host), search=(form["action"], form["types"]["search"]), files=home.files)
    site.sign_in = next((link for link in home.links if "login" in link), "")
    pages = [home, *_lists(form["action"])]
    titles = {
        link: words for page in pages for link, words in page.links.items() if _is_event(link, form["action"])
    }
    site.events = list(titles)
    site.words = sorted({word.lower() for words in titles.values() for word in _WORD.findall(words)})
    if not site.events:
        sys.exit(f"{host} shows no events: fill it first, for instance with manage.py demo.")
    ours = {link for page in pages for link in page.links if link.startswith(host) and "#" not in link}
    site.others = sorted(ours - titles.keys() - {site.sign_in, f"{host}/"})
    for event in itertools.islice(site.events, SURVEYED_EVENTS):
        ics = [link for link in _read(event).links if link.startswith(host) and link.endswith(".ics")]
        site.calendars += ics
    site.others = [link for link in site.others if not link.endswith((".ics", ".atom"))]
    return site


def _lists(first: str) -> Iterator[Page]:
    """Yield the first pages of the list, going on by the link that says so."""
    further = re.compile(re.escape(first) + r"\?[^#]*after=[^#]*")
    seen, url = set[str](), first
    while url and len(seen) < SURVEYED_LISTS:
        seen.add(url)
        page = _read(url)
        yield page
        url = next((link for link in page.links if further.fullmatch(link) and link not in seen), "")


def _is_here(host: str) -> bool:
    """Whether a site's name leads to this machine's loopback, so that each person can have an address of their own."""
    address = socket.gethostbyname(urlsplit(host).hostname or "")
    return ipaddress.ip_address(address).is_loopback


def _is_event(link: str, search: str) -> bool:
    return re.fullmatch(re.escape(search) + r"[\w-]+/", link) is not None


def _read(url: str) -> Page:
    """Ask for a page outside of the trial; its certificate may be the machine's own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=30, context=context) as answer:  # noqa: S310 - --host says which
            return Page(answer.url, answer.read().decode())
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"{url} cannot be read: {error}")


class OwnAddress(HTTPClientPool):
    """One browser's connections; they begin at an address of its own where one is given."""

    def __init__(self, address: str) -> None:
        """Take the address; empty, the machine's own is used."""
        super().__init__(
            concurrency=6,  # as browsers have
            insecure=True,
            ssl_context_factory=_any_certificate,
            connection_timeout=30,
            network_timeout=30,
        )
        self.address = address

    def get_client(self, url: Any) -> Any:
        """Return the client for an address; a new one binds its sockets first."""
        known = len(self.clients)
        client = super().get_client(url)
        if self.address and len(self.clients) > known:
            client._connection_pool._create_tcp_socket = partial(_bound_socket, self.address)  # noqa: SLF001
        return client


@cache
def _any_certificate(cafile: str = "") -> ssl.SSLContext:  # noqa: ARG001 - who calls it reads that file where it is not taken
    """What all connections are made with: to read the authorities for each person would be most of the trial's own load."""
    return insecure_ssl_context_factory()


def _bound_socket(address: str, family: int, kind: int, protocol: int) -> gevent.socket.socket:
    made = gevent.socket.socket(family, kind, protocol)
    made.bind((address, 0))
    return made


class Person(FastHttpUser):
    """Somebody with a browser. What they do, and how often: most look at events, some search, few sign in."""

    site: Site
    accounts: list[tuple[str, str]] = []
    # An account for which five attempts are under way is closed for a while, since that is how passwords are guessed;
    # here a few accounts stand for many.
    doors: dict[tuple[str, str], BoundedSemaphore] = defaultdict(lambda: BoundedSemaphore(3))
    numbers = itertools.count(1)
    islands: dict[str, list[str]] = {}
    from_cache: Counter[str] = Counter()

    def __init__(self, environment: Environment) -> None:
        """Get an address, and nothing kept."""
        number = next(self.numbers)
        self.client_pool = OwnAddress(
            f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}" if self.site.is_here else ""
        )
        super().__init__(environment)
        self.client.client.max_redirects = 0
        self.etags: dict[str, str] = {}
        self.is_signed_in = False

    def on_start(self) -> None:
        """Open the front page, and what it is made of."""
        self.look("home", f"{self.site.host}/")
        for url in self.site.files:
            self.look("its files", url)

    @task(20)
    def home(self) -> None:
        """Come back to the front page."""
        self.look("home", f"{self.site.host}/")

    @task(34)
    def event(self) -> None:
        """Look at an event."""
        self.look("event", random.choice(self.site.events))

    @task(22)
    def search(self) -> None:
        """Look for a word or two, as they stand in titles; some never finish typing."""
        words = random.sample(self.site.words, k=min(len(self.site.words), random.choice((1, 1, 1, 2))))
        text = " ".join(words)[: random.choice((4, 40, 40, 40))]
        action, name = self.site.search
        self.look("search", f"{action}?{urlencode({name: text}, quote_via=quote)}")

    @task(14)
    def other(self) -> None:
        """Look around: calendar, organisations, rooms, filtered lists."""
        self.look("other page", random.choice(self.site.others))

    @task(5)
    def calendar_file(self) -> None:
        """Take an event along, or have a phone ask for it again."""
        if self.site.calendars:
            self.look("calendar file", random.choice(self.site.calendars))

    @task(3)
    def sign_in(self) -> None:
        """Sign in; without an account, look at the form."""
        if self.is_signed_in or not self.site.sign_in:
            return
        with self.client.get(self.site.sign_in, name="sign-in form", catch_response=True) as answer:
            form = (
                Page(self.site.sign_in, answer.text or "").form_with("password")
                if answer.status_code == 200
                else None
            )
            if form is None:
                answer.failure(f"{answer.status_code}: no form with a password")
        if form is None or not self.accounts:
            return
        account = random.choice(self.accounts)
        with self.doors[account]:
            self._send(form, *account)

    def _send(self, form: dict[str, Any], username: str, password: str) -> None:
        """Send the sign-in form."""
        filled = form["fields"] | {form["types"]["text"]: username, form["types"]["password"]: password}
        with self.client.post(
            form["action"],
            data=urlencode(filled),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Referer": self.site.sign_in},
            name="sign in",
            catch_response=True,
            allow_redirects=False,
        ) as answer:
            self.is_signed_in = answer.status_code == 302
            if not self.is_signed_in:
                answer.failure(f"{answer.status_code}: not signed in")

    def look(self, name: str, url: str) -> None:
        """Open a page, with its ETag if it was seen before; signed in, its islands as well."""
        headers = {"Accept-Encoding": "gzip"}
        if url in self.etags:
            headers["If-None-Match"] = self.etags[url]
            name += ", again"
        with self.client.get(
            url, name=name, headers=headers, catch_response=True, allow_redirects=False
        ) as answer:
            if answer.status_code not in {200, 304}:
                answer.failure(f"{answer.status_code}")
                return
            headers = answer.headers or {}
            self.from_cache[headers.get("X-Cache-Status", "")] += 1
            if headers.get("ETag"):
                self.etags[url] = headers["ETag"]
            islands = self._islands(url, answer) if self.is_signed_in else []
        for island in islands:
            with self.client.get(
                island, name="island", headers={"HX-Request": "true"}, catch_response=True
            ) as answer:
                if answer.status_code != 200:
                    answer.failure(f"{answer.status_code}")

    def _islands(self, url: str, answer: Any) -> list[str]:
        """Return a page's islands; a page is the same for everyone, so it is read once for all of them."""
        if url not in self.islands and "text/html" in (answer.headers or {}).get("Content-Type", ""):
            self.islands[url] = Page(url, answer.text).islands
        return self.islands.get(url, [])


def main() -> int:
    """Read the command line, let the people in, print the table; returns the exit status."""
    given = _arguments()
    host = given.host.rstrip("/")
    Person.site = survey(host)
    Person.host = host
    Person.accounts = [tuple(account.split(":", 1)) for account in given.account]
    Person.wait_time = between(given.think * 0.5, given.think * 1.5)  # type: ignore[method-assign]
    print(
        f"{given.users} people at {host} for {given.seconds} s: {len(Person.site.events)} events,"
        f" {len(Person.site.words)} words, {len(Person.site.others)} other pages.",
        flush=True,
    )
    environment = Environment(user_classes=[Person], host=host, stop_timeout=10)
    runner = environment.create_local_runner()
    began, busy = time.monotonic(), time.process_time()
    runner.start(given.users, spawn_rate=given.spawn or max(1.0, given.users / 10))
    gevent.sleep(given.seconds)
    runner.stop()
    seconds, busy = time.monotonic() - began, time.process_time() - busy
    total = environment.stats.total
    _print_table(
        sorted(environment.stats.entries.values(), key=lambda entry: -entry.num_requests), total, seconds
    )
    _print_cache(Person.from_cache)
    print(f"The people themselves took {100 * busy / seconds:.0f} % of one core of this machine.")
    for error in environment.stats.errors.values():
        print(f"{error.occurrences} x {error.name}: {error.error}")
    late = given.p95 and total.get_response_time_percentile(0.95) > given.p95
    if late:
        print(f"The 95th percentile is above {given.p95} ms.")
    if not total.num_requests:
        print("Nobody got to ask for anything.")
    return 1 if total.num_failures or late or not total.num_requests else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--host", default="http://127.0.0.1:8000", help="the site (%(default)s)")
    parser.add_argument("--users", type=int, default=500, help="people at once (%(default)s)")
    parser.add_argument("--seconds", type=int, default=120, help="how long (%(default)s)")
    parser.add_argument(
        "--spawn", type=float, default=0, help="people who come each second (a tenth of --users)"
    )
    parser.add_argument(
        "--think", type=float, default=3.0, help="seconds between two clicks, on average (%(default)s)"
    )
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="NAME:PASSWORD",
        help="as whom people sign in; repeatable",
    )
    parser.add_argument("--p95", type=int, default=0, metavar="MS", help="fail above this 95th percentile")
    given = parser.parse_args()
    if (
        given.users < 1
        or given.seconds < 1
        or given.think <= 0
        or any(":" not in each for each in given.account)
    ):
        parser.error("--users, --seconds and --think are above 0, and an --account is NAME:PASSWORD.")
    return given


def _print_table(entries: list[StatsEntry], total: StatsEntry, seconds: float) -> None:
    heads = "".join(f"{f'p{100 * each:.0f}':>8}" for each in PERCENTILES)
    print(f"\n{'':22}{'requests':>10}{'failed':>8}{'a second':>10}{heads}{'longest':>9}  ms")
    for entry in [*entries, total]:
        times = "".join(f"{entry.get_response_time_percentile(each):8.0f}" for each in PERCENTILES)
        print(
            f"{'all' if entry is total else entry.name:22}{entry.num_requests:10}{entry.num_failures:8}"
            f"{entry.num_requests / seconds:10.1f}{times}{entry.max_response_time:9.0f}"
        )
    print()


def _print_cache(seen: Counter[str]) -> None:
    """Say how many pages Nginx had, where it says so."""
    marked = {status: number for status, number in seen.items() if status}
    if marked:
        kept = sum(marked.get(status, 0) for status in ("HIT", "STALE", "UPDATING", "REVALIDATED"))
        print(
            f"From the page cache: {100 * kept / sum(marked.values()):.1f} % of {sum(marked.values())} pages."
        )


if __name__ == "__main__":
    sys.exit(main())
