"""Every sentence is said in every language, well; every page has an address in each, and none leaks into another."""

from __future__ import annotations

import datetime as dt
import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from django.utils import timezone, translation

from myapp.events.models import Category
from myapp.testing.catalogues import Message, read_catalogue
from myapp.testing.factories import make_event
from myapp.testing.html import Element, forms, links, parse, text_of
from myapp.testing.needs import ROOT, needs_gettext
from myapp.testing.people import PASSWORD
from myapp.testing.routes import Route, World, address_of, make_world, routes_of
from myapp.web.dates import spoken_date
from myapp.web.policies import Kind

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from pytest_django import Settings

    from myapp.accounts.models import User
    from myapp.testing.browser import OpenBrowser

CATALOGUES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))
every_catalogue = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
FRENCH = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
# What is filled in, and the elements around it.
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w+\}|</?\w[^>]*>")
# No page of these: machines read them.
NO_PAGES = {"push_worker", "ticket_worker", "pages:robots", "pages:sitemap", "pages:sitemap_section"}
PROOFS = {"proof:log_text", "proof:draw_json"}
PUBLIC = [route for route in routes_of(Kind.PUBLIC) if route.name not in NO_PAGES | PROOFS]
PAGES = [route for route in PUBLIC if not re.search(r"\.(ics|atom)$|^_part/", route.pattern)]
ACCOUNTS = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]


# --- What is written -------------------------------------------------------------------------------------------------


def test_there_is_a_catalogue_for_each_language_but_the_one_the_code_is_written_in() -> None:
    assert {path.parts[-3] for path in CATALOGUES} == {code for code, _ in django_settings.LANGUAGES} - {"en"}


@every_catalogue
def test_every_sentence_is_said(path: Path) -> None:
    messages = read_catalogue(path)

    assert len(messages) > 500
    assert [message.id for message in messages if not message.said or not all(message.said.values())] == []
    assert [message.id for message in messages if "fuzzy" in message.flags] == []


@every_catalogue
def test_what_is_filled_in_is_the_same_on_both_sides(path: Path) -> None:
    for message in read_catalogue(path):
        for number, words in message.said.items():
            asked = message.plural if number else message.id
            assert sorted(PLACEHOLDER.findall(words)) == sorted(PLACEHOLDER.findall(asked)), words


@every_catalogue
def test_what_the_site_reads_is_what_is_written(path: Path) -> None:
    with path.with_suffix(".mo").open("rb") as file:
        compiled = dict(vars(gettext.GNUTranslations(file))["_catalog"])
    del compiled[""]

    written: dict[object, str] = {}
    for message in read_catalogue(path):
        written |= message.compiled()
    assert compiled == written


def test_nothing_is_said_that_no_catalogue_knows(tmp_path: Path) -> None:
    """What `scripts/translations` makes of the code as it is: the catalogues as they are."""
    needs_gettext()
    for part in ("eventmate", "health", "myapp", "templates", "locale"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(ROOT / "scripts" / "translations", tmp_path / "scripts")

    subprocess.run([script], check=True, env=os.environ | {"PYTHON": sys.executable}, timeout=300)

    for path in CATALOGUES:
        found = {message.key for message in read_catalogue(tmp_path / path.relative_to(ROOT))}
        known = {message.key for message in read_catalogue(path)}
        assert found - known == set(), "not in the catalogue: run scripts/translations, then translate"
        assert known - found == set(), "no longer said anywhere: run scripts/translations"


def _words(message: Message) -> list[str]:
    return [PLACEHOLDER.sub("x", words) for words in message.said.values() if "format" not in message.context]


def test_french_is_set_as_french_is_printed() -> None:
    """Spaces that do not break before ; : ! ? and inside « », the curved apostrophe, no English quotes."""
    for message in read_catalogue(FRENCH):
        for words in _words(message):
            assert not re.search(r"(?<![\u00a0\u202f])[;!?»]|(?<!\u00a0):(?!\w)|«(?!\u00a0)", words), words
            assert not re.search(r"['\"“”]|\.\.\.| $|^ ", words), words


def test_french_says_vous() -> None:
    for message in read_catalogue(FRENCH):
        for words in _words(message):
            assert not re.search(r"\b(tu|toi|ton|ta|tes)\b", words, re.IGNORECASE), words


def test_templates_break_sentences_where_they_like() -> None:
    """A sentence is the same however it is wrapped: every blocktranslate is trimmed."""
    for template in (ROOT / "templates").rglob("*.*"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"{% blocktrans(late)?(?! trimmed)[ %]", text), template


# --- Dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "english", "french", "french_first"),
    [
        ("day", "Friday 20 November", "vendredi 20 novembre", "dimanche 1er novembre"),
        ("short", "Fri 20 Nov", "ven. 20 nov.", "dim. 1er nov."),
        ("date", "20 November 2026", "20 novembre 2026", "1er novembre 2026"),
        ("day-month", "20 November", "20 novembre", "1er novembre"),
        ("short-date", "20 Nov 2026", "20 nov. 2026", "1er nov. 2026"),
        ("short-day-month", "20 Nov", "20 nov.", "1er nov."),
        ("month", "November 2026", "novembre 2026", "novembre 2026"),
    ],
)
def test_a_date_is_written_as_its_language_writes_it(
    style: str, english: str, french: str, french_first: str
) -> None:
    assert spoken_date(dt.date(2026, 11, 20), style) == english
    with translation.override("fr"):
        assert spoken_date(dt.date(2026, 11, 20), style) == french
        assert spoken_date(dt.date(2026, 11, 1), style) == french_first


# --- Pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def french(address: str) -> str:
    return f"/fr{address}"


def page_of(response: HttpResponseBase, language: str) -> Element:
    """Return a page that says it is in this language, and that no cache may take for another."""
    page = parse(response)
    assert page.one("html").attrs["lang"] == response["Content-Language"] == language
    assert {name.strip() for name in response.get("Vary", "").split(",")} <= {"", "Accept-Encoding"}
    return page


SAYS = {
    "events:home": "Au programme cette semaine",
    "events:list": "Trouver des événements",
    "events:detail": "Organisé par",
    "events:calendar": "Types d’événement",
    "events:month": "Mois",
    "events:week": "Semaine",
    "events:organisations": "Types d’organisation",
    "events:organisation": "À propos de cette organisation",
    "events:building": "À propos de ce bâtiment",
    "events:buildings": "Bâtiments",
    "events:room": "À propos de cette salle",
    "events:rooms": "Salles",
    "events:subscribe": "Dans votre calendrier",
    "proof:log": "Ce qui s’est passé",
    "proof:draw": "Comment vérifier",
    "pages:about": "D’où viennent les événements",
    "pages:help": "Les mots de la recherche",
}


@pytest.mark.parametrize("route", PAGES, ids=str)
def test_a_page_speaks_french_at_its_french_address(world: World, route: Route) -> None:
    address = address_of(route, world)

    response = Client().get(french(address), headers={"accept-language": "de, en;q=0.9"})

    page = page_of(response, "fr")
    assert SAYS[route.name] in response.content.decode()
    assert page.one("nav.tabs").text() == "Agenda Calendrier Organisations Salles"
    english = page_of(Client().get(address, headers={"accept-language": "fr"}), "en")
    assert english.one("nav.tabs").text() == "What's on Calendar Organisations Rooms"


@pytest.mark.parametrize("order", [("en", "fr", "en"), ("fr", "en", "fr")])
@pytest.mark.parametrize("route", PUBLIC, ids=str)
def test_no_language_is_kept_in_the_place_of_another(
    world: World, settings: Settings, route: Route, order: tuple[str, ...]
) -> None:
    address = address_of(route, world)
    settings.KEEP_PUBLIC_PAGES = False
    made = {"en": Client().get(address).content, "fr": Client().get(french(address)).content}
    settings.KEEP_PUBLIC_PAGES = True

    for language in order:
        response = Client().get(french(address) if language == "fr" else address)

        assert response["Content-Language"] == language
        assert response.content == made[language]


def _addresses(page: Element) -> list[tuple[Element, str]]:
    names = ("href", "action", "hx-get", "hx-post", "src")
    return [
        (element, element.attrs[name]) for element in page.walk() for name in names if name in element.attrs
    ]


def assert_stays_french(page: Element) -> None:
    """Every way on within the site leads to French pages, but for what has no language and the way out."""
    own = (django_settings.SITE_URL, django_settings.SITE_URL.replace("http", "webcal", 1))
    found = 0
    for element, address in _addresses(page):
        path = address
        for site in own:
            path = path.removeprefix(site)
        if not path.startswith("/") or element.attrs.get("hreflang", "fr") != "fr":
            continue
        assert path.startswith(("/fr/", "/static/", "/media/", "/admin/")), (element.tag, address)
        found += path.startswith("/fr/")
    assert found


@pytest.mark.parametrize("route", PAGES, ids=str)
def test_links_of_a_french_page_stay_french(world: World, route: Route) -> None:
    assert_stays_french(parse(Client().get(french(address_of(route, world)))))


@pytest.mark.parametrize("name", ["events:panel", "events:results"])
def test_links_of_a_french_fragment_stay_french(world: World, name: str) -> None:
    (route,) = (route for route in PUBLIC if route.name == name)

    assert_stays_french(parse(Client().get(french(address_of(route, world)))))


@pytest.mark.django_db
@pytest.mark.parametrize("address", ACCOUNTS)
def test_signing_in_speaks_french_and_stays_french(visitor: Client, address: str) -> None:
    response = visitor.get(french(address))

    page = parse(response)
    assert page.one("html").attrs["lang"] == response["Content-Language"] == "fr"
    assert page.one("main h1").text() in {"Se connecter", "Créer un compte", "Nouveau mot de passe"}
    assert_stays_french(page)


def test_who_signs_in_and_out_in_french_stays_there(visitor: Client, ada: User) -> None:
    signed_in = visitor.post("/fr/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert signed_in["Location"] == "/fr/"
    assert_stays_french(parse(visitor.get("/fr/accounts/")))
    assert_stays_french(parse(visitor.get("/fr/_mine/shell/")))
    signed_out = visitor.post("/fr/accounts/logout/")
    assert signed_out["Location"] == "/fr/"


@pytest.mark.django_db
def test_what_is_wrong_with_a_form_is_said_in_french(visitor: Client) -> None:
    refused = visitor.post("/fr/accounts/login/", {"login": "nobody", "password": "not this one"})
    empty = visitor.post("/fr/accounts/signup/", {})

    assert "Le nom d’utilisateur et le mot de passe ne correspondent pas." in text_of(refused, "main")
    assert "Ce champ est obligatoire." in text_of(empty, "main")


@pytest.mark.django_db
def test_a_mail_speaks_the_language_of_the_page_that_asked_for_it(visitor: Client) -> None:
    person = {
        "name": "Zoé",
        "email": "zoe@example.edu",
        "username": "zoe",
        "password1": "lavande-et-thym-26",
    }

    visitor.post("/fr/accounts/signup/", person)

    (message,) = mail.outbox
    assert message.subject == "Est-ce bien votre adresse\u202f?"
    addresses = re.findall(r"https?://\S+", str(message.body))
    assert len(addresses) == 2
    assert all(address.startswith(f"{django_settings.SITE_URL}/fr/") for address in addresses)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/fr/nowhere/", 404, "Il n’y a rien ici"),
        ("/fr/events/no-such-event/", 404, "Il n’y a rien ici"),
        ("/fr/events/?category=nothing", 400, "Nous n’avons pas compris"),
    ],
)
def test_what_goes_wrong_is_said_in_french(visitor: Client, address: str, status: int, words: str) -> None:
    response = visitor.get(address)

    assert response.status_code == status
    page = page_of(response, "fr")
    assert page.one("main h1").text() == words
    assert_stays_french(page)


def test_words_in_french_feeds_are_french(world: World, visitor: Client) -> None:
    atom = visitor.get("/fr/events.atom").content.decode()
    ics = visitor.get("/fr/events.ics").content.decode()

    assert "Au programme à Campus" in atom
    assert "Annulé\u00a0: Meteors" in atom
    assert f"{django_settings.SITE_URL}/fr{world.event.path}" in atom
    assert "NAME:Au programme à Campus" in ics


# --- The way from one language to another ----------------------------------------------------------------------------


@pytest.mark.parametrize("route", PAGES, ids=str)
def test_a_page_names_itself_in_every_language(world: World, route: Route) -> None:
    address = address_of(route, world)
    site = django_settings.SITE_URL
    expected = {"en": f"{site}{address}", "x-default": f"{site}{address}", "fr": f"{site}/fr{address}"}

    for language in ("", "/fr"):
        page = parse(Client().get(language + address))

        versions = page.all("head link[hreflang]")
        assert {link.attrs["hreflang"]: link.attrs["href"] for link in versions} == expected
        assert page.one("head link[rel=canonical]").attrs["href"] == f"{site}{language}{address}"


def test_the_foot_leads_to_the_same_question_in_the_other_language(world: World, visitor: Client) -> None:
    (there,) = links(visitor.get("/events/?category=talk&q=skies"), "footer a[hreflang]")
    (back,) = links(visitor.get(there.href), "footer a[hreflang]")

    assert (there.text, there.href) == ("Français", "/fr/events/?category=talk&q=skies")
    assert (back.text, back.href) == ("English", "/events/?category=talk&q=skies")
    assert (there.element.attrs["lang"], back.element.attrs["lang"]) == ("fr", "en")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/fr//other.example/x/", "/fr/nowhere/"])
def test_an_address_that_leads_nowhere_leads_nowhere_else(visitor: Client, address: str) -> None:
    response = visitor.get(address)

    assert response.status_code == 404
    assert b"other.example" not in response.content
    assert not parse(response).has("[hreflang]")


@pytest.mark.django_db
def test_signing_in_offers_the_other_language_too(visitor: Client) -> None:
    (there,) = links(visitor.get("/accounts/login/?next=/calendar/"), "footer a[hreflang]")

    assert there.href == "/fr/accounts/login/?next=/calendar/"


# --- In a browser ----------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_panel_beside_a_french_list_is_french(open_browser: OpenBrowser) -> None:
    starts = timezone.now() + dt.timedelta(days=1)
    event = make_event("Étoiles du sud", starts_at=starts, category=Category.TALK)
    page = open_browser(viewport={"width": 1280, "height": 900})

    page.goto("/fr/")
    page.get_by_role("link", name="Étoiles du sud").click()
    page.locator("#drawer-title").wait_for()

    assert page.url.endswith(f"/fr{event.path}")
    assert "Organisé par" in page.locator("#drawer-body").inner_text()
    assert page.locator("#drawer-body a[href^='/events/']").count() == 0
    page.keyboard.press("Escape")
    page.wait_for_url("**/fr/")


def test_forms_of_french_pages_search_in_french(world: World, visitor: Client) -> None:
    page = visitor.get("/fr/events/")

    assert {form.action for form in forms(page)} - {""} == {"/fr/events/"}
