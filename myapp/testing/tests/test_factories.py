"""The cast and the factories make what they say."""

import pytest
from django.test import Client

from myapp.accounts.models import User
from myapp.events.models import Event, Organisation, Role
from myapp.testing.factories import local, make_event, make_events, make_room, make_series
from myapp.testing.people import PASSWORD, browser_of
from myapp.testing.queries import one_and_three, queries


def test_cast_can_sign_in(ada: User, rosa: User) -> None:
    assert ada.check_password(PASSWORD)
    assert rosa.has_perm("events.change_event")
    assert not rosa.has_perm("events.delete_event")
    assert not ada.has_perm("events.change_event")


def test_browser_is_signed_in_or_a_visitors(ada: User, visitor: Client) -> None:
    assert "_auth_user_id" in browser_of(ada).session
    assert not visitor.cookies


def test_clubs_have_one_organiser_each(omars_club: Organisation, priyas_club: Organisation) -> None:
    assert omars_club.memberships.get().role == Role.ORGANISER
    assert omars_club.memberships.get().user != priyas_club.memberships.get().user


@pytest.mark.django_db
def test_event_is_upcoming_and_in_its_room() -> None:
    event = make_event(room=make_room("141"))
    assert event in Event.objects.upcoming()
    assert event.place_label.endswith(" 141")
    assert event.starts_text == "18:00"


@pytest.mark.django_db
def test_series_keeps_its_hour_when_the_clocks_change() -> None:
    series = make_series(events=3, starts_at=local("2027-03-20 18:00"))
    assert [event.starts_text for event in series.events.order_by("starts_at")] == ["18:00"] * 3
    assert series.events.count() == 3


@pytest.mark.django_db
@one_and_three
def test_queries_counts_statements(rows: int) -> None:
    make_events(rows)
    with queries(1):
        assert len(Event.objects.upcoming()) == rows
