"""What can happen to events, by whom, and what follows from it."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from myapp.accounts.models import User
from myapp.events import actions, rules
from myapp.events.errors import EventRefused, NotAllowed
from myapp.events.models import Event, Organisation, Status, Visibility, Word
from myapp.testing.factories import join, make_building, make_event, make_room
from myapp.testing.html import text_of
from myapp.testing.locks import is_held

pytestmark = pytest.mark.django_db

Commit = Callable[..., AbstractContextManager[object]]


@pytest.fixture
def draft(omars_club: Organisation) -> Event:
    return make_event("Telescope night", organisation=omars_club, status=Status.DRAFT)


def test_publish_shows_a_draft(draft: Event, omar: User) -> None:
    event = actions.publish(draft, acting_user=omar)

    assert event.status == Status.PUBLISHED
    assert event.published_at is not None
    assert Event.objects.upcoming().get() == event


def test_publish_is_not_for_another_clubs_organiser(
    draft: Event, omar: User, priya: User, priyas_club: Organisation
) -> None:
    with pytest.raises(NotAllowed):
        actions.publish(draft, acting_user=priya)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT

    assert actions.publish(draft, acting_user=omar).status == Status.PUBLISHED


def test_publish_is_not_for_a_member(draft: Event, ada: User, omars_club: Organisation) -> None:
    join(omars_club, ada)

    with pytest.raises(NotAllowed):
        actions.publish(draft, acting_user=ada)


def test_publish_twice_is_once(draft: Event, omar: User) -> None:
    first = actions.publish(draft, acting_user=omar)
    second = actions.publish(draft, acting_user=omar)

    assert (second.published_at, second.sequence) == (first.published_at, first.sequence)


def test_cancel_is_a_revision_that_calendars_see(draft: Event, omar: User) -> None:
    before = actions.publish(draft, acting_user=omar).sequence

    event = actions.cancel(draft, reason="Clouds.", acting_user=omar)

    assert (event.status, event.cancel_reason) == (Status.CANCELLED, "Clouds.")
    assert event.sequence == before + 1
    assert actions.cancel(draft, reason="Rain.", acting_user=omar).cancel_reason == "Clouds."


def test_cancel_refuses_a_draft_with_a_code_and_a_sentence(draft: Event, omar: User) -> None:
    with pytest.raises(EventRefused) as refusal:
        actions.cancel(draft, acting_user=omar)

    assert refusal.value.code == "not_published"
    assert refusal.value.sentence.endswith(".")


def test_publish_brings_a_cancelled_event_back(draft: Event, omar: User) -> None:
    actions.publish(draft, acting_user=omar)
    actions.cancel(draft, reason="Clouds.", acting_user=omar)

    event = actions.publish(draft, acting_user=omar)

    assert (event.status, event.cancel_reason, event.cancelled_at) == (Status.PUBLISHED, "", None)


def test_withdraw_is_for_good(draft: Event, omar: User) -> None:
    actions.publish(draft, acting_user=omar)

    actions.withdraw(draft, acting_user=omar)

    assert not Event.objects.public().exists()
    with pytest.raises(EventRefused):
        actions.publish(draft, acting_user=omar)


def test_a_published_event_is_on_the_front_page_at_once(
    draft: Event, omar: User, visitor: Client, django_capture_on_commit_callbacks: Commit
) -> None:
    assert "Telescope night" not in text_of(visitor.get("/"), "main")

    with django_capture_on_commit_callbacks(execute=True):
        actions.publish(draft, acting_user=omar)

    assert "Telescope night" in text_of(visitor.get("/"), "main")


def test_publish_teaches_the_vocabulary_its_words(draft: Event, omar: User) -> None:
    assert not Word.objects.filter(word="telescope").exists()

    actions.publish(draft, acting_user=omar)

    assert Word.objects.filter(word="telescope").exists()


def test_what_is_not_for_everyone_teaches_no_words(omar: User, omars_club: Organisation) -> None:
    event = make_event(
        "Xylophone vault", organisation=omars_club, status=Status.DRAFT, visibility=Visibility.MEMBERS
    )

    actions.publish(event, acting_user=omar)

    assert not Word.objects.filter(word="xylophone").exists()


def test_renaming_an_organisation_renames_it_on_its_events(
    draft: Event, omar: User, omars_club: Organisation
) -> None:
    omars_club.name = "Stargazers"

    actions.save_organisation(omars_club, acting_user=omar)

    draft.refresh_from_db()
    assert draft.organisation_name == "Stargazers"
    assert "Stargazers" in draft.keywords


def test_relabelling_a_room_is_for_staff_and_reaches_its_events(omar: User, rosa: User) -> None:
    room = make_room("141", label="Loomis 141")
    event = make_event(room=room)
    room.label = "Loomis Lab 141"

    with pytest.raises(NotAllowed):
        actions.save_room(room, acting_user=omar)
    actions.save_room(room, acting_user=rosa)

    event.refresh_from_db()
    assert event.place_label == "Loomis Lab 141"


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("visibility", Visibility.values)
def test_who_may_see_an_event(
    status: str, visibility: str, ada: User, omar: User, priya: User, omars_club: Organisation
) -> None:
    """Enumerates every state against a visitor, a person of the campus, a member and an organiser."""
    join(omars_club, ada)
    event = make_event(organisation=omars_club, status=status, visibility=visibility)
    shown = status in {Status.PUBLISHED, Status.CANCELLED}

    seen_by = {
        "visitor": rules.can_see(AnonymousUser(), event),
        "campus": rules.can_see(priya, event),
        "member": rules.can_see(ada, event),
        "organiser": rules.can_see(omar, event),
    }

    assert seen_by == {
        "visitor": shown and visibility in {Visibility.EVERYONE, Visibility.LINK},
        "campus": shown and visibility != Visibility.MEMBERS,
        "member": shown,
        "organiser": status != Status.WITHDRAWN,
    }


def test_only_what_is_for_everyone_and_shown_is_public() -> None:
    for status in Status.values:
        for visibility in Visibility.values:
            make_event(f"{status} {visibility}", status=status, visibility=visibility)

    titles = set(Event.objects.public().values_list("title", flat=True))

    assert titles == {"published everyone", "cancelled everyone"}


def test_saving_a_form_read_before_brings_no_withdrawn_event_back(draft: Event, omar: User) -> None:
    actions.publish(draft, acting_user=omar)
    read_before = Event.objects.get(pk=draft.pk)
    actions.withdraw(draft, acting_user=omar)
    read_before.title = "Telescope nights"

    saved = actions.save_event(read_before, acting_user=omar)

    assert (saved.title, saved.status, saved.is_upcoming) == ("Telescope nights", Status.WITHDRAWN, False)


def test_an_event_is_not_taken_from_another_club(
    draft: Event, priya: User, priyas_club: Organisation
) -> None:
    draft.organisation = priyas_club

    with pytest.raises(NotAllowed):
        actions.save_event(draft, acting_user=priya)


def test_a_room_that_moves_takes_its_events_along(rosa: User) -> None:
    room, other = make_room("141", label="Loomis 141"), make_building("Altgeld Hall")
    event = make_event(room=room)
    room.building = other

    actions.save_room(room, acting_user=rosa)

    event.refresh_from_db()
    assert event.building == other


def test_deleting_a_room_takes_its_label_off_its_events(omar: User, rosa: User) -> None:
    room = make_room("141", label="Loomis 141", building=make_building("Loomis Laboratory"))
    event = make_event(room=room)

    with pytest.raises(NotAllowed):
        actions.delete(room, acting_user=omar)
    actions.delete(room, acting_user=rosa)

    event.refresh_from_db()
    assert (event.room, event.place_label) == (None, "Loomis Laboratory")


@pytest.mark.django_db(transaction=True)
def test_events_are_held_while_their_place_is_renamed(rosa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one that is withdrawn meanwhile would be written back as one that is to come."""
    room = make_room("141", label="Loomis 141")
    event = make_event(room=room)
    held = []
    monkeypatch.setattr(Event, "prepare", lambda event: held.append(is_held(event)))
    room.label = "Loomis Lab 141"

    actions.save_room(room, acting_user=rosa)

    assert held == [True]
    assert not is_held(event)
