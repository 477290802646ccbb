"""Web push: to an endpoint that a test answers for, opened with the keys that only a browser has."""

from __future__ import annotations

import base64
import json
import os
import stat

import http_ece
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from django.conf import settings as django_settings
from django.urls import reverse

from myapp.notify import push
from myapp.notify.delivery import deliver_due
from myapp.notify.models import Channel, Device, Ending, Message, Preference
from myapp.notify.tests.conftest import pass_time, tell
from myapp.testing.html import parse
from myapp.testing.people import PASSWORD
from myapp.testing.queries import queries
from myapp.web import outgoing

pytestmark = pytest.mark.django_db

ENDPOINT = "https://push.example.org/send/abc"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """A browser that has subscribed: its keys, and the push service it sits behind."""

    def __init__(self, user=None, endpoint=ENDPOINT):
        self.key, self.auth, self.endpoint = ec.generate_private_key(ec.SECP256R1()), os.urandom(16), endpoint
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.given = {"endpoint": endpoint, "p256dh": encoded(point), "auth": encoded(self.auth)}
        self.shown, self.headers, self.status = [], [], 201
        if user is not None:
            self.device = Device.objects.create(user=user, **self.given)

    def post(self, endpoint, body, headers):
        assert endpoint == self.endpoint
        if self.status < 300:
            opened = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
            self.shown.append(json.loads(opened))
            self.headers.append(headers)
        return self.status


@pytest.fixture(autouse=True)
def _own_key(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def browser(ada):
    return Browser(ada)


def deliver(browser):
    """Send what is due: first the mail, which puts the pushes beside it, then those."""
    return deliver_due(open_push=browser.post)


def test_a_push_says_what_the_mail_says_in_short(ada, browser, server, register):
    register(push=True)
    message = tell(ada)
    assert deliver(browser).sent == 2
    [shown] = browser.shown
    site = django_settings.SITE_URL
    assert shown == {
        "title": "You have a place",
        "body": "In the hall, at noon",
        "url": f"{site}/events/",
        "tag": f"place:push:{message.pk}:{browser.device.pk}",
        "lang": "en",
        "icon": f"{site}/static/img/apple-touch-icon.png",
    }
    assert len(server.taken) == 1
    browser.device.refresh_from_db()
    assert browser.device.used_at is not None


def test_it_is_signed_by_the_key_that_browsers_subscribe_with(ada, browser, server, register):
    register(push=True)
    tell(ada)
    deliver(browser)
    [headers] = browser.headers
    scheme, _space, parameters = headers["Authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in parameters.split(","))
    assert scheme == "vapid"
    assert decoded(given["k"]) == push.public_key()
    signed, _dot, signature = given["t"].rpartition(".")
    claims = json.loads(decoded(signed.split(".")[1]))
    assert claims["aud"] == "https://push.example.org"
    assert claims["sub"].startswith("mailto:")
    raw = decoded(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), push.public_key())
    key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    assert headers["TTL"] == "43200"


def test_only_kinds_that_hurry_are_pushed(ada, browser, server, register):
    register()
    tell(ada)
    deliver(browser)
    assert (browser.shown, len(server.taken)) == ([], 1)


@pytest.mark.parametrize(
    ("wanted", "told"), [((True, False), (1, 0)), ((False, True), (0, 1)), ((False, False), (0, 0))]
)
def test_people_choose_how_they_are_told(ada, browser, server, register, wanted, told):
    mail, by_push = wanted
    register(push=True)
    Preference.objects.create(user=ada, group="places", mail=mail, push=by_push)
    tell(ada)
    deliver(browser)
    assert (len(server.taken), len(browser.shown)) == told


def test_a_mail_that_has_to_wait_repeats_no_push(ada, browser, server, register):
    register(push=True)
    tell(ada)

    def down(_what, _letter):
        raise ConnectionRefusedError

    server.trouble = down
    for _minute in range(5):
        deliver(browser)
        pass_time(minutes=1)
    server.trouble = None
    pass_time(minutes=15)
    deliver(browser)
    assert (len(server.taken), len(browser.shown)) == (1, 1)


def test_a_push_that_has_to_wait_repeats_no_mail(ada, browser, server, register):
    register(push=True)
    tell(ada)
    browser.status = 503
    assert deliver(browser).put_off == 1
    browser.status = 201
    pass_time(minutes=1)
    deliver(browser)
    assert (len(server.taken), len(browser.shown)) == (1, 1)


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_gone_is_forgotten(ada, browser, server, register, status):
    register(push=True)
    tell(ada)
    browser.status = status
    deliver(browser)
    assert not Device.objects.exists()
    pushed = Message.objects.get(channel=Channel.PUSH)
    assert (pushed.ending, pushed.device) == (Ending.REFUSED, None)


@pytest.mark.parametrize(("status", "ending"), [(400, "refused"), (413, "refused"), (429, ""), (500, "")])
def test_what_a_service_answers_otherwise(ada, browser, server, register, status, ending):
    register(push=True)
    tell(ada)
    browser.status = status
    deliver(browser)
    assert Message.objects.get(channel=Channel.PUSH).ending == ending
    assert Device.objects.exists()


def test_a_device_removed_meanwhile_gets_nothing(ada, browser, server, register):
    register(push=True)
    tell(ada)
    browser.status = 503
    deliver(browser)
    Device.objects.all().delete()
    pass_time(minutes=1)
    deliver(browser)
    assert Message.objects.get(channel=Channel.PUSH).ending == Ending.NOBODY


@pytest.mark.parametrize(
    "address",
    [
        *"http://push.example.org/a ftp://push.example.org/a https:///a https://u:p@push.example.org/a".split(),
        *"https://push.example.org:8443/a https://push.example.org:x/a https://push.example.org/a#b".split(),
        *["", "javascript:alert(1)", "https://push.example.org/a b", "https://push.example.org\\@inside/"],
        "https://püsh.example.org/",
    ],
)
def test_an_address_that_is_none_of_a_push_service(address):
    assert not push.is_endpoint(address)


def test_the_own_network_is_never_asked(monkeypatch):
    def resolve(host, port, *_more, **_options):
        return [(2, 1, 6, "", ("10.0.0.7", port))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    with pytest.raises(push.PushRefused, match="inside the network"):
        push.post(ENDPOINT, b"x", {})


def test_a_service_that_does_not_answer_is_tried_again(monkeypatch):
    def refuse(*_arguments, **_options):
        raise ConnectionRefusedError

    monkeypatch.setattr(outgoing, "connect", refuse)
    with pytest.raises(push.PushFailed):
        push.post(ENDPOINT, b"x", {})


def test_the_key_is_made_once_and_read_by_us_alone(tmp_path):
    first = push.public_key()
    assert stat.S_IMODE(push.key_file().stat().st_mode) == 0o600
    push._key.cache_clear()
    assert push.public_key() == first
    push._make_key(push.key_file())  # another process, a moment late
    push._key.cache_clear()
    assert push.public_key() == first
    assert [path.name for path in tmp_path.iterdir() if "vapid" in path.name] == ["vapid.pem"]


# --- The page

PAGE = "/accounts/notifications/"


def test_a_browser_is_added_and_removed(ada, ada_browser):
    given = Browser().given
    page = parse(
        ada_browser.post(f"{PAGE}devices/", given | {"name": "Firefox, Linux"}, follow=True).content.decode()
    )
    assert page.one("#devices li b").text() == "Firefox, Linux"
    assert page.one("#devices li").attrs["data-endpoint"] == ENDPOINT
    [device] = Device.objects.all()
    ada_browser.post(f"{PAGE}devices/{device.pk}/remove/")
    assert not Device.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://push.example.org/a"},
        {"endpoint": "https://push.example.org/" + "a" * 1000},
        {"p256dh": "AAAA"},
        {"p256dh": "ä"},
        {"auth": encoded(b"short")},
        {"auth": ""},
    ],
    ids=str,
)
def test_what_no_browser_gives_is_not_kept(ada_browser, wrong):
    response = ada_browser.post(f"{PAGE}devices/", Browser().given | wrong, follow=True)
    assert "gave no address" in response.content.decode()
    assert not Device.objects.exists()


def test_a_browser_belongs_to_whoever_signed_in_last(ada, omar, omar_browser, browser):
    omar_browser.post(f"{PAGE}devices/", browser.given)
    assert Device.objects.get().user == omar


@pytest.fixture
def here(ada_browser):
    """The browser in which Ada has asked for pushes."""
    here = Browser()
    ada_browser.post(reverse("notify:add_device"), here.given | {"name": "Firefox"})
    assert Device.objects.filter(endpoint=here.endpoint).exists()
    return here


def test_signing_out_ends_the_pushes_of_that_browser_only(ada, ada_browser, here):
    there = Browser(ada, "https://push.example.org/elsewhere")
    ada_browser.post(reverse("account_logout"))
    assert list(Device.objects.all()) == [there.device]


def test_signing_out_ends_them_also_in_a_later_session(ada, ada_browser, here):
    ada_browser.cookies.pop("sessionid")
    ada_browser.force_login(ada)
    assert Device.objects.exists()
    ada_browser.post(reverse("account_logout"))
    assert not Device.objects.exists()


def test_who_signs_in_next_is_shown_nobody_elses(ada_browser, omar, here):
    ada_browser.cookies.pop("sessionid")
    ada_browser.post(reverse("account_login"), {"login": "omar", "password": PASSWORD})
    assert not Device.objects.exists()


def test_a_device_that_somebody_made_up_ends_nothing(ada_browser, here):
    ada_browser.cookies["push_device"] = str(Device.objects.get().pk)
    ada_browser.post(reverse("account_logout"))
    assert Device.objects.exists()


def test_nobody_removes_anothers_device(omar_browser, browser):
    omar_browser.post(f"{PAGE}devices/{browser.device.pk}/remove/")
    assert Device.objects.exists()


def test_the_newest_ten_devices_are_kept(ada, ada_browser):
    for number in range(12):
        ada_browser.post(f"{PAGE}devices/", Browser(endpoint=f"https://push.example.org/{number}").given)
    assert sorted(Device.objects.values_list("endpoint", flat=True)) == sorted(
        f"https://push.example.org/{number}" for number in range(2, 12)
    )


def test_a_key_that_cannot_be_read_takes_only_push_away(ada_browser, settings, caplog):
    settings.VAPID_PRIVATE_KEY_FILE = "/nowhere/key.pem"
    response = ada_browser.get(PAGE)
    assert "cannot reach devices" in response.content.decode()
    assert "add-device" not in response.content.decode()


def test_choices_are_kept(ada, ada_browser):
    response = ada_browser.post(
        PAGE, {"mail_places": "on", "push_changes": "on", "language": "fr"}, follow=True
    )
    page = parse(response.content.decode())
    checked = {box.attrs["name"] for box in page.all("input[type=checkbox]") if "checked" in box.attrs}
    assert checked == {"mail_places", "push_changes"}
    ada.refresh_from_db()
    assert ada.language == "fr"


def test_at_first_everything_is_on(ada_browser):
    page = parse(ada_browser.get(PAGE).content.decode())
    assert [("checked" in box.attrs) for box in page.all("input[type=checkbox]")] == [True] * 8


def test_a_language_that_is_none_is_told(ada, ada_browser):
    assert ada_browser.post(PAGE, {"language": "xx"}).status_code == 422
    assert not Preference.objects.exists()


def test_queries_of_the_page(ada, ada_browser, browser):
    with queries(3):  # the person; the choices, the devices
        ada_browser.get(PAGE)


def test_the_worker_of_pushes_is_served_from_the_root(visitor):
    response = visitor.get("/push-worker.js")
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert b"showNotification" in response.content
