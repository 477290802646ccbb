"""What the cache in front is told when something changes: the right pages, with the change or not at all."""

import pytest
from django.db import transaction
from django.urls import resolve
from procrastinate.contrib.django.models import ProcrastinateJob

from myapp.events import actions
from myapp.events.models import Status
from myapp.events.showing import MOST_EVENTS, pages_showing, pages_showing_event, pages_showing_events
from myapp.testing.factories import make_building, make_event, make_events, make_room
from myapp.web.policies import Kind, policy_of


@pytest.fixture
def cache_in_front(settings):
    settings.REFRESH_URL, settings.REFRESH_SECRET = "http://127.0.0.1:1", "secret"


def told():
    """The addresses of the newest job."""
    job = ProcrastinateJob.objects.latest("id")
    assert job.task_name == "refresh_pages"
    return job.args["addresses"]


def test_every_page_named_is_a_public_one(db):
    room = make_room()
    event = make_event(room=room, building=room.building)
    things = (event.organisation, room, room.building)
    for path in [*pages_showing_event(event), *(path for thing in things for path in pages_showing(thing))]:
        policy = policy_of(resolve(path).func)
        assert policy is not None, path
        assert policy.kind is Kind.PUBLIC, path


def test_withdrawing_tells_of_the_event_in_every_language(rosa, cache_in_front):
    event = make_event()
    actions.withdraw(event, acting_user=rosa)
    pages = {
        event.path,
        f"/_part{event.path}",
        f"{event.path[:-1]}.ics",
        event.organisation.path,
        "/",
        "/events/",
    }
    assert pages | {f"/fr{page}" for page in pages} <= set(told())
    assert len(told()) == len(set(told()))


@pytest.mark.parametrize("action", [actions.publish, actions.cancel, actions.withdraw])
def test_each_action_tells_once(rosa, cache_in_front, action):
    event = make_event(status=Status.DRAFT if action is actions.publish else Status.PUBLISHED)
    action(event, acting_user=rosa)
    action(event, acting_user=rosa)
    assert ProcrastinateJob.objects.count() == 1


def test_a_new_title_tells_of_the_old_address_as_well(rosa, cache_in_front):
    event = make_event("Kites over the lake")
    before = event.path
    event.title = "Kites over the river"
    actions.save_event(event, acting_user=rosa)
    assert {before, event.path} <= set(told())
    assert before != event.path


def test_an_event_that_moves_tells_where_it_was(rosa, cache_in_front):
    before, after = make_room(), make_room()
    event = make_event(room=before)
    event.room = after
    actions.save_event(event, acting_user=rosa)
    assert {before.path, after.path} <= set(told())


def test_a_renamed_organisation_tells_of_both_addresses(rosa, cache_in_front):
    organisation = make_event().organisation
    before = organisation.path
    organisation.slug = "another-name"
    actions.save_organisation(organisation, acting_user=rosa)
    assert {before, "/organisations/another-name/", "/organisations/"} <= set(told())


def test_a_deleted_building_tells_of_its_page(rosa, cache_in_front):
    building = make_building()
    actions.delete(building, acting_user=rosa)
    assert {building.path, "/buildings/"} <= set(told())


def test_what_is_rolled_back_is_not_told(rosa, cache_in_front):
    event = make_event()
    with transaction.atomic():
        actions.withdraw(event, acting_user=rosa)
        transaction.set_rollback(True)
    assert not ProcrastinateJob.objects.exists()


def test_without_a_cache_in_front_nothing_is_told(rosa):
    actions.withdraw(make_event(), acting_user=rosa)
    assert not ProcrastinateJob.objects.exists()


def test_of_many_events_the_first_are_told(db):
    events = make_events(3) * MOST_EVENTS
    pages = list(pages_showing_events(events))
    assert len(pages) < 4 * MOST_EVENTS
    assert {"/", events[0].path} <= set(pages)
