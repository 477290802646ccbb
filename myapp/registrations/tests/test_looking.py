"""One look at a desk: the same models as those of several queries, by one statement."""

import pytest
from django.urls import reverse
from django.utils import translation

from myapp.accounts.models import Department
from myapp.registrations import queries as asked, ways
from myapp.registrations.line import line_of
from myapp.registrations.looking import look, seen_of
from myapp.registrations.models import Audience, Registration, State, Way
from myapp.testing.factories import (
    make_desk,
    make_event,
    make_organisation,
    make_registration,
    make_ticket_type,
)
from myapp.testing.html import parse
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db


def island(desk):
    return f"/_mine/events/{desk.event.slug}/place/"


def test_it_sees_what_several_queries_see(ada, desk):
    club, physics = make_organisation("Lanterns"), Department.objects.create(name="Physics")
    make_ticket_type(desk, "Members", audience=Audience.MEMBERS, organisation=club, position=2, years=[1, 2])
    make_ticket_type(desk, "Physics", audience=Audience.DEPARTMENT, department=physics, position=1)
    make_registration(desk.types.first(), ada)

    person, seen = look(desk.event.slug, ada.pk)
    expected = asked.desk_of(desk.event.slug)
    assert expected is not None

    assert person == ada
    assert seen.desk == expected
    assert [each.name for each in seen.kinds] == [each.name for each in expected.types.all()]
    for kind, other in zip(seen.kinds, expected.types.all(), strict=True):
        assert not kind.get_deferred_fields()
        with queries(0):
            assert (kind.organisation, kind.department) == (other.organisation, other.department)
    for model in (seen.desk, seen.desk.event, seen.desk.event.organisation):
        whole = type(model).objects.get(pk=model.pk)
        for name in (each for each in vars(model) if not each.startswith("_")):
            assert getattr(model, name) == getattr(whole, name)
    assert seen.registration == seen_of(ada, expected).registration == asked.latest_registration(desk, ada)
    kind = desk.types.first()
    with queries(0):
        assert seen.registration.ticket_type == kind


def test_what_is_not_over_comes_before_what_is(ada, desk):
    live = make_registration(desk.types.get(), ada)
    over = Registration.objects.create(
        desk=desk, ticket_type=desk.types.get(), user=ada, name="Ada", state=State.CANCELLED
    )
    assert look(desk.event.slug, ada.pk)[1].registration == live

    Registration.objects.filter(pk=live.pk).update(state=State.EXPIRED)
    assert look(desk.event.slug, ada.pk)[1].registration == over


def test_it_does_not_see_what_others_have(ada, omar, desk):
    make_registration(desk.types.get(), omar)
    other = make_desk()
    make_registration(other.types.get(), ada)

    assert look(desk.event.slug, ada.pk)[1].registration is None


def test_nothing_is_seen_where_there_is_nothing(ada, desk, omars_club):
    assert look(desk.event.slug, 0) == (None, None)
    assert look("no-such-event-0000000000", ada.pk) == (ada, None)
    assert look("x", ada.pk) == (ada, None)
    assert look(make_event(organisation=omars_club).slug, ada.pk) == (ada, None)
    type(desk).objects.filter(pk=desk.pk).update(way=Way.NONE)
    assert look(desk.event.slug, ada.pk) == (ada, None)


def test_a_desk_without_ticket_types_is_seen(ada, desk):
    desk.types.all().delete()

    assert look(desk.event.slug, ada.pk)[1].kinds == []


def test_it_knows_who_organises(ada, omar, desk):
    assert look(desk.event.slug, omar.pk)[1].is_organiser
    assert not look(desk.event.slug, ada.pk)[1].is_organiser


def test_it_knows_where_in_the_line(ada, desk):
    kind = desk.types.get()
    for _ in range(2):
        make_registration(kind)
    ahead = [make_registration(kind, wait=True) for _ in range(3)]
    mine = make_registration(kind, ada, wait=True)
    make_registration(kind, wait=True)
    Registration.objects.filter(pk=ahead[0].pk).update(state=State.CANCELLED)

    seen = look(desk.event.slug, ada.pk)[1]

    assert seen.in_line == (3, 0, 1)
    assert line_of(mine, desk, seen.in_line) == line_of(mine, desk)


@pytest.mark.parametrize("kinds", [1, 3])
@pytest.mark.parametrize("state", ["nothing", "confirmed", "waiting", "cancelled"])
def test_the_island_asks_once(ada, ada_browser, omars_club, state, kinds):
    desk = make_desk(
        make_event(organisation=omars_club), types=kinds, capacity=0 if state == "waiting" else 9
    )
    if state != "nothing":
        make_registration(desk.types.all()[0], ada, wait=state == "waiting")
    if state == "cancelled":
        Registration.objects.update(state=State.CANCELLED)
    ada_browser.get(island(desk))  # what came back at earlier events is kept for ten minutes

    with queries(1):  # person, event, desk, types and registration; the session is in the cache
        answer = ada_browser.get(island(desk))

    assert answer.status_code == 200


def test_the_island_leads_who_organises_to_the_desk(ada_browser, omar_browser, rosa_browser, desk):
    to_desk = "You organise this"
    assert to_desk in parse(omar_browser.get(island(desk))).text()
    assert to_desk in parse(rosa_browser.get(island(desk))).text()
    assert to_desk not in parse(ada_browser.get(island(desk))).text()


def test_the_island_of_a_session_that_is_over_is_empty(ada, ada_browser, desk):
    ada.set_password("a-quite-different-one-77")
    ada.save()

    answer = ada_browser.get(island(desk))

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_addresses_that_are_written_by_hand_are_those_of_the_site(language):
    with translation.override(language):
        ticket = ways.ticket_url("0123456789")
        assert ticket == reverse("registrations:ticket", args=["0123456789"])
        assert ways.register_url("kites-0123456789") == reverse(
            "registrations:register", args=["kites-0123456789"]
        )
        for name, path in ways.ways_from(ticket).items():
            assert path == reverse(f"registrations:{name.removesuffix('_url')}", args=["0123456789"])
