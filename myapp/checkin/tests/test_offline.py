"""The door on devices, in a real browser, with the network cut."""

from __future__ import annotations

import datetime as dt
import statistics
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import F
from django.utils import timezone

from myapp.accounts.models import User
from myapp.checkin.merging import duplicates
from myapp.checkin.models import Presence, Scan
from myapp.checkin.tests.test_camera import sign_in
from myapp.events.models import Organisation
from myapp.registrations import tokens
from myapp.registrations.actions import cancel
from myapp.registrations.models import Desk, Registration, State
from myapp.testing.browser import OpenBrowser
from myapp.testing.factories import make_desk, make_event, make_registration

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
CUT = "net::ERR_"

# Types texts into the door as a hand scanner does, one when the one before is answered; returns the codes of the answers.
TYPE_ALL = """
async (texts) => {
  const form = document.getElementById("ask"), verdict = document.getElementById("verdict"), said = [];
  for (const text of texts) {
    verdict.dataset.code = "";
    form.elements.ticket.value = text;
    form.requestSubmit();
    while (!verdict.dataset.code) await new Promise((next) => setTimeout(next, 0));
    said.push(verdict.dataset.code);
  }
  return said;
}
"""


@pytest.fixture
def desk(omars_club: Organisation) -> Desk:
    event = make_event(
        "Lantern night", organisation=omars_club, starts_at=timezone.now() + dt.timedelta(minutes=30)
    )
    return make_desk(event, capacity=400)


def make_many(desk: Desk, number: int) -> list[Registration]:
    """Register that many people at once."""
    kind = desk.types.get()
    made = Registration.objects.bulk_create(
        Registration(
            desk=desk,
            ticket_type=kind,
            name=f"Person {n}",
            email=f"p{n}@example.org",
            state=State.CONFIRMED,
            email_confirmed_at=timezone.now(),
        )
        for n in range(number)
    )
    Desk.objects.filter(pk=desk.pk).update(taken=F("taken") + number)
    type(kind).objects.filter(pk=kind.pk).update(taken=F("taken") + number)
    return made


def device(open_browser: OpenBrowser, user: User, desk: Desk, name: str, **context: Any) -> Page:
    """A phone that keeps the door, armed."""
    page = open_browser(forgives=CUT, **(PHONE | context))
    sign_in(page, user)
    page.goto(f"/checkin/{desk.event.slug}/?door={name}")
    page.locator("#door[data-armed=yes]").wait_for()
    page.get_by_text("Ready to go on without a network").wait_for()
    return page


def scan(page: Page, *texts: str) -> list[str]:
    said: list[str] = page.evaluate(TYPE_ALL, list(texts))
    return said


def test_three_hundred_are_let_in_by_two_devices_without_a_network(
    open_browser: OpenBrowser, omar: User, desk: Desk, record_property
) -> None:
    registrations = make_many(desk, 300)
    signed = [tokens.make(each) for each in registrations]
    north, south = (device(open_browser, omar, desk, name) for name in ("North", "South"))
    for page in (north, south):
        page.context.set_offline(True)

    assert scan(north, *signed[:175]) == ["in"] * 175
    assert scan(south, *signed[125:]) == ["in"] * 175
    assert scan(north, signed[0], signed[174]) == ["already_in"] * 2  # on this device it is known
    assert not Scan.objects.exists()

    took = north.evaluate("performance.getEntriesByName('door').map(({ duration }) => duration)")
    took += south.evaluate("performance.getEntriesByName('door').map(({ duration }) => duration)")
    record_property("offline scan, ms, median and worst", (statistics.median(took), max(took)))

    # The page opens again without a network, and knows what it knew.
    south.reload()
    south.locator("#door[data-armed=yes]").wait_for()
    south.get_by_text("175 not sent yet").wait_for()
    assert scan(south, signed[299], signed[0]) == ["already_in", "in"]

    north.context.set_offline(False)
    north.get_by_text("Connected").wait_for()
    north.locator("#unsent:empty").wait_for(state="attached")
    south.context.set_offline(False)
    south.locator("#reports").wait_for()
    south.locator("#unsent:empty").wait_for(state="attached")

    assert Presence.objects.filter(desk=desk, is_in=True).count() == 300
    assert Scan.objects.count() == 351
    assert len(duplicates(desk)) == 2 * 51
    told = south.locator("#reports li").all_text_contents()
    assert len(told) == 51
    assert all("by door North" in each for each in told)


def test_device_alone_refuses_what_is_no_ticket_here(open_browser: OpenBrowser, omar, ada, desk) -> None:
    registration = make_registration(desk.types.get(), ada)
    gone = make_registration(desk.types.get())
    cancel(gone, acting_user=gone.user)
    handed_on = make_registration(desk.types.get())
    old = tokens.make(handed_on)
    Registration.objects.filter(pk=handed_on.pk).update(rotation=1)
    elsewhere = make_registration(make_desk().types.get(), ada)
    signed = tokens.make(registration)
    forged = f"{signed[:60]}{'A' if signed[60] != 'A' else 'B'}{signed[61:]}"
    page = device(open_browser, omar, desk, "North")
    page.context.set_offline(True)
    since = make_registration(desk.types.get())

    shown = {
        forged: "forged",
        signed[:-4]: "incomplete",
        "EM7.a.b": "other_version",
        "EMail. Not a ticket": "not_a_ticket",
        tokens.make(elsewhere): "another_event",
        old: "handed_on",
        tokens.make(gone): "cancelled",
        gone.code.upper(): "cancelled",
        "0000000000": "unknown",
        registration.code[:5] + "-" + registration.code[5:]: "in",
        signed: "already_in",
        tokens.make(since): "in",  # registered after the list was made; the signature is ours
    }

    assert scan(page, *shown) == list(shown.values())
    page.get_by_text("its signature is ours").wait_for()


@pytest.mark.parametrize("own", [True, False], ids=["by the browser", "by the library"])
def test_device_verifies_what_the_server_signs(open_browser: OpenBrowser, omar, ada, desk, own: bool) -> None:
    registration = make_registration(desk.types.get(), ada)
    signed = tokens.make(registration)
    page = device(open_browser, omar, desk, "North")

    read = page.evaluate(
        """async ({ texts, keys, own }) => {
          if (!own) crypto.subtle.importKey = () => Promise.reject(new Error("no such algorithm"));
          const { ed25519 } = document.getElementById("door").dataset;
          await door.tickets.arm(keys, ed25519);
          const said = [];
          for (const text of texts) said.push(await door.tickets.read(text));
          return [door.tickets.verifiedBy(), ...said];
        }""".replace("door.tickets", "self.door.tickets"),
        {
            "texts": [signed, signed[:-1] + ("A" if signed[-1] != "A" else "Q"), signed + "A"],
            "keys": page.evaluate(
                "fetch(location.pathname + 'states/').then((r) => r.json()).then((s) => s.keys)"
            ),
            "own": own,
        },
    )

    told = {"event": desk.pk, "registration": registration.pk, "place": 0, "rotation": 0}
    assert read == ["browser" if own else "library", told, {"refused": "forged"}, {"refused": "incomplete"}]


def test_two_devices_with_a_network_agree_at_once(open_browser: OpenBrowser, omar, ada, desk) -> None:
    signed = tokens.make(make_registration(desk.types.get(), ada))
    north, south = (device(open_browser, omar, desk, name) for name in ("North", "South"))

    assert scan(north, signed) == ["in"]
    assert scan(south, signed) == ["already_in"]
    assert "by door North" in south.locator("#verdict").inner_text()
    assert north.locator("#verdict .who").inner_text() == "Ada Okonkwo"

    north.get_by_role("button", name="Take back").click()
    north.get_by_text("Taken back.").wait_for()
    north.locator("#unsent:empty").wait_for(state="attached")
    assert not Presence.objects.get().is_in
    assert scan(south, signed) == ["in"]


def test_what_the_device_keeps_is_sealed_and_can_be_forgotten(
    open_browser: OpenBrowser, omar, ada, desk
) -> None:
    registration = make_registration(desk.types.get(), ada)
    page = device(open_browser, omar, desk, "North")
    page.context.set_offline(True)
    scan(page, tokens.make(registration))

    kept = page.evaluate(
        """async (code) => {
      const database = await new Promise((done) => {
        const asked = indexedDB.open("door-" + code);
        asked.onsuccess = () => done(asked.result);
      });
      const read = (table) => new Promise((done) => {
        const asked = database.transaction(table).objectStore(table).getAll();
        asked.onsuccess = () => done(asked.result);
      });
      const [key] = await read("keys"), sealed = [...await read("facts"), ...await read("queue")];
      database.close();
      return {
        extractable: key.extractable,
        text: sealed.map(({ data }) => new TextDecoder("latin1").decode(data)).join(""),
        number: sealed.length,
      };
    }""",
        desk.event.code,
    )
    assert kept["extractable"] is False
    assert kept["number"] >= 3
    for secret in (registration.code, "A. O.", "rows", "nonce"):
        assert secret not in kept["text"]

    page.get_by_text("This door", exact=True).click()
    page.get_by_role("button", name="Forget this event here").click()
    page.get_by_text("1 scans were not sent yet").wait_for()
    page.get_by_role("button", name="Forget", exact=True).click()
    page.get_by_text("This device has forgotten the event.").wait_for()
    names = page.evaluate("indexedDB.databases().then((all) => all.map(({ name }) => name))")
    assert names == []
