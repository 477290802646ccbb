"""The back office of events, organisations and places: what staff see, change, and set off."""

import re
from datetime import time, timedelta
from io import BytesIO

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from myapp.events.models import Event, Membership, Organisation, Role, Status
from myapp.testing.factories import join, make_building, make_event, make_organisation, make_person, make_room
from myapp.testing.html import forms, parse, text_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db
EVENTS = "/admin/events/event/"


def form_with(page, field):
    """Return the form of a page that has the field."""
    return next(form for form in forms(page) if field in form.fields)


def change(name, thing):
    """Return where a thing is changed."""
    return reverse(f"admin:{name}_change", args=[thing.pk])


def act(browser, action, *events, **more):
    """Choose events in the list and do something with them."""
    return browser.post(
        EVENTS, {"action": action, "_selected_action": [event.pk for event in events], **more}, follow=True
    )


@one_and_three
def test_list_of_events_costs_the_same(rosa_browser, rows):
    for _ in range(rows):
        make_event(room=make_room())
    rosa_browser.get(EVENTS)
    with queries(5):  # person; rights, own and the groups'; how many; the page with the organisations
        page = rosa_browser.get(EVENTS)
    assert len(parse(page).all("#result_list tbody tr")) == rows


@one_and_three
def test_list_of_organisations_costs_the_same(rosa_browser, rows):
    for _ in range(rows):
        make_organisation(member=make_person())
    with queries(
        6
    ):  # person; rights, own and the groups'; how many, twice; the page with the members counted
        page = rosa_browser.get("/admin/events/organisation/")
    assert len(parse(page).all("#result_list tbody tr")) == rows


@one_and_three
def test_list_of_rooms_costs_the_same(rosa_browser, rows):
    for _ in range(rows):
        make_room()
    with queries(7):  # person; rights, twice; buildings for the filter; how many, twice; the page
        page = rosa_browser.get("/admin/venues/room/")
    assert len(parse(page).all("#result_list tbody tr")) == rows


@one_and_three
def test_list_of_buildings_costs_the_same(rosa_browser, rows):
    for _ in range(rows):
        make_building()
    with queries(6):  # person; rights, twice; how many, twice; the page with the rooms counted
        page = rosa_browser.get("/admin/venues/building/")
    assert len(parse(page).all("#result_list tbody tr")) == rows


@one_and_three
def test_form_of_an_organisation_costs_the_same(rosa_browser, rows):
    club = make_organisation()
    for _ in range(rows):
        join(club, make_person(), Role.ORGANISER)
    ContentType.objects.get_for_model(Organisation)  # once a process, whichever test comes first
    with queries(5):  # person; organisation; rights, own and the groups'; organisers
        page = rosa_browser.get(change("events_organisation", club))
    assert len(parse(page).all("#memberships-group tr.has_original")) == rows


@pytest.mark.parametrize("words", ["Lantern", "lantern", "Kite", "nothing-like-it", "\x00", "%", "'"])
def test_events_are_found_by_title_and_organisation(rosa_browser, words):
    make_event(title="Lantern market", organisation=make_organisation("Kite Club"))
    page = rosa_browser.get(EVENTS, {"q": words})
    assert page.status_code == (400 if words == "\x00" else 200)
    if words.lower() in {"lantern", "kite"}:
        assert "Lantern market" in text_of(page, "#result_list")


def test_event_found_by_its_code(rosa_browser):
    event = make_event()
    make_event()
    assert len(parse(rosa_browser.get(EVENTS, {"q": event.code})).all("#result_list tbody tr")) == 1


def test_publish_shows_drafts_and_cancel_says_why(rosa_browser):
    drafts = [make_event(status=Status.DRAFT), make_event(status=Status.DRAFT)]
    page = act(rosa_browser, "publish", *drafts)
    assert "Done for 2 events." in text_of(page)
    assert set(Event.objects.values_list("status", flat=True)) == {Status.PUBLISHED}
    page = act(rosa_browser, "cancel", drafts[0], reason="The hall is flooded.")
    assert "Done for 1 event." in text_of(page)
    drafts[0].refresh_from_db()
    assert (drafts[0].status, drafts[0].cancel_reason) == (Status.CANCELLED, "The hall is flooded.")


def test_what_cannot_be_done_is_told_for_each_event_and_stops_none_of_the_others(rosa_browser):
    draft, published = make_event(status=Status.DRAFT, title="A draft"), make_event(status=Status.PUBLISHED)
    page = act(rosa_browser, "cancel", draft, published, reason="x" * 300)
    words = text_of(page)
    assert "A draft: Only a published event can be cancelled." in words
    assert "Done for 1 event." in words
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_reason_that_is_too_long_cancels_nothing(rosa_browser):
    event = make_event(status=Status.PUBLISHED)
    act(rosa_browser, "cancel", event, reason="x" * 301)
    event.refresh_from_db()
    assert event.status == Status.PUBLISHED


@one_and_three
def test_list_of_members_costs_the_same(rosa_browser, rows):
    for _ in range(rows):
        make_organisation(member=make_person())
    with queries(5):  # person; rights, own and the groups'; how many; the page with person and organisation
        page = rosa_browser.get("/admin/events/membership/")
    assert len(parse(page).all("#result_list tbody tr")) == rows


def test_withdraw_takes_an_event_off_for_good(rosa_browser):
    event = make_event(status=Status.PUBLISHED)
    act(rosa_browser, "withdraw", event)
    page = act(rosa_browser, "publish", event)
    assert "This event was withdrawn" in text_of(page)


def test_event_is_never_deleted(rosa_browser, rosa):
    rosa.is_superuser = True
    rosa.save()
    event = make_event()
    assert rosa_browser.post(f"{EVENTS}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    act(rosa_browser, "delete_selected", event, post="yes")
    assert Event.objects.exists()


def test_event_is_saved_with_what_is_derived(rosa_browser):
    event = make_event(status=Status.PUBLISHED, title="Lantern market")
    address = change("events_event", event)
    form = form_with(rosa_browser.get(address), "title")
    assert "status" not in form.fields
    answer = rosa_browser.post(
        address, form.fields | {"title": ["Winter market"], "description": ["*hello*"]}
    )
    assert answer.status_code == 302, text_of(answer)
    event.refresh_from_db()
    assert event.slug == f"winter-market-{event.code}"
    assert "<em>hello</em>" in event.description_html
    assert event.sequence == 1


def test_event_that_ends_before_it_starts_is_refused_beside_the_field(rosa_browser):
    event = make_event()
    address = change("events_event", event)
    form = form_with(rosa_browser.get(address), "title")
    earlier = timezone.localtime(event.starts_at - timedelta(days=1))
    wrong = {"ends_at_0": [f"{earlier:%Y-%m-%d}"], "ends_at_1": ["10:00:00"]}
    page = rosa_browser.post(address, form.fields | wrong)
    assert page.status_code == 200
    assert "It ends before it starts." in text_of(page)


def test_poster_is_kept_under_a_name_that_nobody_can_guess(rosa_browser, settings, tmp_path):
    """A folder of files asks nobody who they are, and not every event is for everyone."""
    settings.MEDIA_ROOT = tmp_path
    event = make_event()
    address = change("events_event", event)
    form = form_with(rosa_browser.get(address), "title")
    picture = BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    poster = SimpleUploadedFile("Poster.PNG", picture.getvalue(), "image/png")
    assert rosa_browser.post(address, form.fields | {"poster": poster}).status_code == 302
    event.refresh_from_db()
    assert re.fullmatch(r"posters/[0-9a-f]{16}\.png", str(event.poster))


def test_event_that_lasts_all_day_lasts_whole_days(rosa_browser):
    event = make_event()
    address = change("events_event", event)
    form = form_with(rosa_browser.get(address), "title")
    assert rosa_browser.post(address, form.fields | {"all_day": ["on"]}).status_code == 302
    event.refresh_from_db()
    first, last = timezone.localtime(event.starts_at), timezone.localtime(event.ends_at)
    assert (first.time(), last.time()) == (time(), time())
    assert last.date() - first.date() == timedelta(days=1)


def test_room_that_is_deleted_leaves_its_events_and_the_pages(
    rosa, rosa_browser, visitor, django_capture_on_commit_callbacks
):
    rosa.is_superuser = True
    rosa.save()
    rooms = [make_room(label=f"Cellar {number}") for number in (1, 2)]
    events = [make_event(room=room) for room in rooms]
    assert all("Cellar" in text_of(visitor.get(event.path)) for event in events)
    with django_capture_on_commit_callbacks(execute=True):
        rosa_browser.post(f"/admin/venues/room/{rooms[0].pk}/delete/", {"post": "yes"})
        chosen = {"action": "delete_selected", "_selected_action": [rooms[1].pk], "post": "yes"}
        rosa_browser.post("/admin/venues/room/", chosen)
    assert all("Cellar" not in text_of(visitor.get(event.path)) for event in events)


def test_new_name_of_an_organisation_reaches_its_events(rosa_browser):
    event = make_event()
    address = change("events_organisation", event.organisation)
    form = form_with(rosa_browser.get(address), "name")
    assert rosa_browser.post(address, form.fields | {"name": ["Comet Society"]}).status_code == 302
    event.refresh_from_db()
    assert event.organisation_name == "Comet Society"


def test_new_name_of_a_room_reaches_the_events_in_it(rosa_browser):
    room = make_room()
    event = make_event(room=room)
    address = change("venues_room", room)
    form = form_with(rosa_browser.get(address), "label")
    assert rosa_browser.post(address, form.fields | {"label": ["Great Hall"]}).status_code == 302
    event.refresh_from_db()
    assert event.place_label == "Great Hall"


def test_new_name_of_a_building_reaches_the_events_somewhere_in_it(rosa_browser):
    building = make_building()
    event = make_event(room=None, building=building, place="")
    address = change("venues_building", building)
    form = form_with(rosa_browser.get(address), "name")
    assert rosa_browser.post(address, form.fields | {"name": ["Old Library"]}).status_code == 302
    event.refresh_from_db()
    assert event.place_label == "Old Library"


def test_organiser_is_named_beside_the_organisation(rosa_browser, ada):
    club = make_organisation()
    address = change("events_organisation", club)
    form = form_with(rosa_browser.get(address), "name")
    sent = form.fields | {
        "memberships-2-0-user": [str(ada.pk)],
        "memberships-2-0-role": ["organiser"],
    }
    assert rosa_browser.post(address, sent).status_code == 302
    assert Membership.objects.get(role=Role.ORGANISER).user == ada
    assert "Ada Okonkwo" in text_of(rosa_browser.get(address), "#memberships-group")
    again = rosa_browser.post(address, sent)
    assert "belongs to it already" in text_of(again)
    assert Organisation.objects.get().members.count() == 1
