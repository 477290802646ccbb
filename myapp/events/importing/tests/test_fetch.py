"""Addresses that may be fetched, those that may not, and servers that mean no good."""

import gzip
import ipaddress
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from myapp.events.importing import fetch as fetching
from myapp.events.importing.fetch import checked_url, fetch
from myapp.events.importing.items import Refused
from myapp.web import outgoing
from myapp.web.outgoing import is_public

INSIDE = """127.0.0.1 127.8.8.8 0.0.0.0 0.1.2.3 10.0.0.1 172.16.5.4 192.168.1.1 169.254.169.254 100.64.0.1 192.0.0.1
    192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 fe80::1 fc00::1 fd12::1 fec0::1 ff02::1 2001:db8::1 100::1
    64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1::1 2002:a9fe:a9fe::1 2001::1""".split()


@pytest.mark.parametrize("address", INSIDE)
def test_address_inside_is_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_address_on_the_net_is_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://localhost/",
        "http://localhost./",
        "http://LOCALHOST:8000/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "https://169.254.169.254/latest/meta-data/",
        "webcal://10.1.2.3/feed.ics",
        "http://①②⑦.⓪.⓪.①/",
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "http:///nowhere",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://user:secret@example.org/",
        "http://example.org\\@127.0.0.1/",
        "http://exa mple.org/",
        "http://example.org/\r\nHost: inside",
        "http://[not-an-address]/",
        "http://[fe80::1%25eth0]/",
        "http://" + "a" * 300 + ".example/",
        "//example.org/",
        "",
    ],
)
def test_address_that_is_refused(url):
    with pytest.raises(Refused):
        fetch(url)


def test_name_that_resolves_inside_is_refused_even_beside_a_public_one(monkeypatch):
    asked = _resolve_to(monkeypatch, "93.184.215.14", "10.0.0.7")
    with pytest.raises(Refused, match="inside the network"):
        fetch("https://calendar.example/feed.ics")
    assert asked == ["calendar.example"]


def test_webcal_is_https_and_other_letters_are_encoded():
    assert checked_url("webcal://Example.ORG/feed.ics").geturl() == "https://example.org/feed.ics"
    assert (
        checked_url("http://bücher.example/ä?q=ö#x").geturl()
        == "http://xn--bcher-kva.example/%C3%A4?q=%C3%B6"
    )


# A server on this machine stands for one on the net: for these tests alone its address counts as public.


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        getattr(self, self.path.strip("/").partition("/")[0].partition("?")[0])()

    def say(self, status=200, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def fine(self):
        self.say(200, b"BEGIN:VCALENDAR", Content_Type="text/calendar")

    def host(self):
        self.say(200, self.headers["Host"].encode())

    def packed(self):
        self.say(200, gzip.compress(b"BEGIN:VCALENDAR"), Content_Encoding="gzip")

    def bomb(self):
        self.say(200, gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")

    def half(self):
        self.say(200, gzip.compress(b"x" * 99)[:-9], Content_Encoding="gzip")

    def brotli(self):
        self.say(200, b"x", Content_Encoding="br")

    def short(self):
        self.say(200, b"x", Content_Length="100")

    def huge(self):
        self.say(200, b"", Content_Length="99999999999")

    def endless(self):
        self.say(200)
        try:
            while True:
                self.wfile.write(b"x" * 100_000)
        except OSError:
            return

    def drip(self):
        self.send_response(200)
        self.flush_headers()
        try:
            for _second in range(100):
                self.wfile.write(b"X: y\r\n")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    def slow_body(self):
        self.say(200, b"")
        try:
            for _second in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            return

    def missing(self):
        self.say(404, b"no")

    def inside(self):
        self.say(302, Location="http://10.0.0.1/secret")

    def file(self):
        self.say(302, Location="file:///etc/passwd")

    def round(self):
        self.say(302, Location="/round")

    def relative(self):
        self.say(301, Location="../fine")

    def log_message(self, *args):
        return


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def net(server, monkeypatch):
    """The server's address as one on the net, and nothing else let in."""
    monkeypatch.setattr(
        outgoing, "is_public", lambda address: str(address) == "127.0.0.1" or is_public(address)
    )
    return f"http://127.0.0.1:{server}"


@pytest.mark.parametrize("path", ["fine", "packed", "relative"])
def test_feed_is_fetched(net, path):
    assert fetch(f"{net}/{path}").body == b"BEGIN:VCALENDAR"


def test_connection_goes_to_the_address_that_was_checked(net, server, monkeypatch):
    asked = _resolve_to(monkeypatch, "127.0.0.1")
    assert fetch(f"http://rebinding.example:{server}/host").body == f"rebinding.example:{server}".encode()
    assert asked == ["rebinding.example"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("missing", "The address answers 404."),
        ("inside", "inside the network"),
        ("file", "Only http and https"),
        ("round", "leads on more than 5 times"),
        ("bomb", "larger than 10 MB"),
        ("huge", "larger than 10 MB"),
        ("endless", "larger than 10 MB"),
        ("half", "breaks off"),
        ("short", "breaks off"),
        ("brotli", "packed in a way"),
    ],
)
def test_answer_that_is_refused(net, path, sentence):
    with pytest.raises(Refused, match=sentence):
        fetch(f"{net}/{path}")


@pytest.mark.parametrize("path", ["drip", "slow_body"])
def test_answer_that_drips_runs_out_of_time(net, path, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(Refused, match="did not answer within"):
        fetch(f"{net}/{path}")
    assert time.monotonic() - began < 3


def test_host_that_nobody_answers_for():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Refused):
        fetch(f"http://127.0.0.1:{port}/")


def _resolve_to(monkeypatch, *addresses):
    asked = []

    def resolve(host, port, *_more, **_options):
        if host in addresses:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked
