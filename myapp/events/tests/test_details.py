"""One event's page, its panel, and who may see what of it."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.utils import timezone

from myapp.accounts.models import User
from myapp.events import actions
from myapp.events.models import Event, Organisation, Role, Status, Visibility
from myapp.testing.factories import join, make_event, make_room, make_series
from myapp.testing.html import hrefs, parse, text_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db

SECRET = "The vault under the library"


def test_detail_shows_what_when_where_and_who(visitor: Client) -> None:
    room = make_room("141", capacity=240)
    event = make_event("Gravitational waves", room=room, description="Ten years of **LIGO**.")

    page = visitor.get(event.path)

    assert page.status_code == 200
    assert text_of(page, "h1") == "Gravitational waves"
    facts = text_of(page, "dl.facts")
    assert room.label in facts
    assert "240 seats" in facts
    assert event.organisation.name in facts
    assert parse(page).one(".prose strong").text() == "LIGO"


@one_and_three
def test_detail_costs_the_same_for_any_number_of_other_dates(rows: int, visitor: Client) -> None:
    event = make_series(events=rows + 1).events.earliest("starts_at")

    with queries(4):  # the event with its surroundings; other dates; similar events; how one registers
        visitor.get(event.path)


def test_detail_leads_to_the_other_dates(visitor: Client) -> None:
    first, *others = make_series(events=3).events.order_by("starts_at")

    assert {other.path for other in others} <= set(hrefs(visitor.get(first.path), "aside a"))


def test_detail_under_an_old_title_moves_to_the_new_one(visitor: Client) -> None:
    event = make_event("Old title")
    old = event.path
    event.title = "New title"
    event.save()

    answer = visitor.get(old)

    assert (answer.status_code, answer["Location"]) == (301, event.path)
    assert int(answer["X-Accel-Expires"]) > 0


def test_detail_of_a_slug_of_another_life_is_not_found(visitor: Client) -> None:
    answer = visitor.get("/events/never-was-0000000000/")

    assert answer.status_code == 404
    assert int(answer["X-Accel-Expires"]) > 0
    assert "/" in hrefs(answer)


def test_detail_of_a_withdrawn_event_is_gone_with_a_way_on(visitor: Client) -> None:
    event = make_event(SECRET, status=Status.WITHDRAWN)

    answer = visitor.get(event.path)

    assert answer.status_code == 410
    assert int(answer["X-Accel-Expires"]) > 0
    assert event.organisation.path in hrefs(answer)
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize("visibility", [Visibility.CAMPUS, Visibility.MEMBERS])
def test_detail_of_a_withdrawn_event_that_was_not_for_everyone_names_no_organisation(
    visitor: Client, visibility: str
) -> None:
    event = make_event(status=Status.WITHDRAWN, visibility=visibility)

    answer = visitor.get(event.path)

    assert answer.status_code == 410
    assert event.organisation.path not in hrefs(answer)
    assert event.organisation.name not in answer.content.decode()


def test_detail_of_a_draft_that_was_withdrawn_is_not_found(visitor: Client) -> None:
    event = make_event(SECRET, status=Status.WITHDRAWN, published_at=None)

    assert visitor.get(event.path).status_code == 404


def test_detail_of_a_cancelled_event_says_why_at_once(
    visitor: Client,
    omars_club: Organisation,
    omar: User,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    event = make_event(organisation=omars_club)
    assert "Cancelled" not in text_of(visitor.get(event.path), "main")

    with django_capture_on_commit_callbacks(execute=True):
        actions.cancel(event, reason="The speaker is ill.", acting_user=omar)

    assert "The speaker is ill." in text_of(visitor.get(event.path), ".note")


def test_detail_of_a_past_event_says_it_is_over(visitor: Client) -> None:
    event = make_event(starts_at=timezone.now() - dt.timedelta(days=2))

    assert "over" in text_of(visitor.get(event.path), ".note")


def test_a_link_only_event_opens_for_whoever_has_the_link(visitor: Client) -> None:
    event = make_event(SECRET, visibility=Visibility.LINK)

    page = visitor.get(event.path)

    assert text_of(page, "h1") == SECRET
    assert parse(page).one('meta[name="robots"]').attrs["content"] == "noindex"


@pytest.mark.parametrize("visibility", [Visibility.CAMPUS, Visibility.MEMBERS])
@pytest.mark.parametrize("address", ["/events/{}/", "/_part/events/{}/"])
def test_a_restricted_event_says_for_whom_it_is_and_nothing_else(
    address: str, visibility: str, visitor: Client, omar_browser: Client, omars_club: Organisation
) -> None:
    event = make_event(
        SECRET, visibility=visibility, organisation=omars_club, place="Cellar", description="Hush."
    )

    answer = visitor.get(address.format(event.slug))

    assert answer.status_code == 200
    assert answer.content == omar_browser.get(address.format(event.slug)).content
    body = answer.content.decode()
    for secret in (SECRET, "Cellar", "Hush.", omars_club.name):
        assert secret not in body
    assert f"/my/events/{event.slug}/" in hrefs(answer)


def test_a_restricted_event_never_tells_its_title_by_redirect(visitor: Client) -> None:
    event = make_event(SECRET, visibility=Visibility.CAMPUS)

    answer = visitor.get(f"/events/guess-{event.code}/")

    assert answer.status_code == 200
    assert SECRET not in answer.content.decode()
    assert "vault" not in answer.content.decode()


def _island(browser: Client, event: Event) -> tuple[int, bool]:
    """The island's status and whether it tells the secret."""
    answer = browser.get(f"/_mine/events/{event.slug}/")
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, SECRET in answer.content.decode()


def test_the_island_tells_people_of_the_campus(visitor: Client, ada_browser: Client) -> None:
    event = make_event(SECRET, visibility=Visibility.CAMPUS)

    assert _island(ada_browser, event) == (200, True)
    assert _island(visitor, event) == (204, False)


def test_the_island_tells_members_only(
    ada: User, ada_browser: Client, priya_browser: Client, omar_browser: Client, omars_club: Organisation
) -> None:
    event = make_event(SECRET, visibility=Visibility.MEMBERS, organisation=omars_club)
    assert _island(ada_browser, event) == (200, False)

    join(omars_club, ada)

    assert _island(ada_browser, event) == (200, True)
    assert _island(omar_browser, event) == (200, True)
    assert _island(priya_browser, event) == (200, False)


def test_a_draft_is_for_those_who_act_for_the_organisation(
    ada: User, visitor: Client, ada_browser: Client, omar_browser: Client, omars_club: Organisation
) -> None:
    event = make_event(SECRET, status=Status.DRAFT, organisation=omars_club)
    join(omars_club, ada, Role.MEMBER)

    assert visitor.get(event.path).status_code == 404
    assert omar_browser.get(event.path).status_code == 404
    assert _island(ada_browser, event) == (200, False)
    assert _island(omar_browser, event) == (200, True)


def test_a_withdrawn_event_is_gone_for_its_organiser_too(
    omar_browser: Client, omars_club: Organisation
) -> None:
    event = make_event(SECRET, organisation=omars_club)
    assert _island(omar_browser, event) == (200, True)

    event.status = Status.WITHDRAWN
    event.save()

    assert _island(omar_browser, event) == (200, False)


def test_without_javascript_a_restricted_event_is_a_page_of_its_own(
    visitor: Client, ada_browser: Client
) -> None:
    event = make_event(SECRET, visibility=Visibility.CAMPUS)
    address = f"/my/events/{event.slug}/"

    assert SECRET in text_of(ada_browser.get(address), "h1")
    answer = visitor.get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_who_may_see_a_restricted_event_may_have_it_in_a_calendar(
    visitor: Client, ada_browser: Client, omar_browser: Client, omars_club: Organisation
) -> None:
    event = make_event(SECRET, visibility=Visibility.MEMBERS, organisation=omars_club)
    (address,) = {link for link in hrefs(omar_browser.get(f"/_mine{event.path}")) if link.endswith(".ics")}

    answer = omar_browser.get(address)

    assert answer["Content-Type"].startswith("text/calendar")
    assert SECRET in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert ada_browser.get(address).status_code == 404
    assert visitor.get(address)["Location"].startswith("/accounts/login/")
    assert visitor.get(f"/events/{event.slug}.ics").status_code == 404


def test_the_panel_and_the_page_show_the_same_facts(visitor: Client) -> None:
    event = make_event("Kites", place="The lake", tags=["outdoors"])

    page, panel = visitor.get(event.path), visitor.get(f"/_part{event.path}")

    assert text_of(panel, "dl.facts") == text_of(page, "dl.facts")
    assert text_of(panel, "#drawer-title") == "Kites"
    assert "<html" not in panel.content.decode()
