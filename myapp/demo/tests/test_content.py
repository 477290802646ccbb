"""What the demo campus is made of must fit together: a slip in a content file shows here, not on somebody's screen."""

import re
from collections import Counter
from string import Formatter

import pytest

from myapp.demo.accounts import JOINED, ORGANISED
from myapp.demo.bank import CONTENT, Bank, Format, _topic, bank
from myapp.events.models import Category, OrganisationKind
from myapp.venues.models import RoomKind


@pytest.fixture(scope="module")
def content() -> Bank:
    return bank()


def formats(content: Bank) -> dict[str, Format]:
    kinds = [topic.format for one in content.organisations for topic in one.topics]
    return {kind.key: kind for kind in kinds}


def test_campus_has_the_size_it_promises(content):
    assert len(content.organisations) == 60
    assert len(content.buildings) == 14
    assert 90 <= sum(len(building.rooms) for building in content.buildings) <= 140


def test_every_title_and_hook_stands_once(content):
    topics = [topic for one in content.organisations for topic in one.topics]
    for texts in ([topic.title for topic in topics], [topic.hook for topic in topics]):
        assert [text for text, times in Counter(texts).items() if times > 1] == []
    assert len(topics) > 550


def test_texts_fit_their_fields(content):
    for one in content.organisations:
        assert len(one.summary) <= 300
        for topic in one.topics:
            assert len(topic.title) <= 110, topic.title
            assert len(topic.hook) <= 300, topic.hook
            assert not set("*_`{}") & set(topic.title + topic.hook), topic.title  # a summary is plain words


def test_categories_and_kinds_exist(content):
    used = {topic.category for one in content.organisations for topic in one.topics}
    assert used == set(Category.values)
    assert {one.kind for one in content.organisations} <= set(OrganisationKind.values)
    assert {room.kind for building in content.buildings for room in building.rooms} <= set(RoomKind.values)


def test_rooms_that_are_asked_for_exist(content):
    rooms = {room.slug for building in content.buildings for room in building.rooms}
    wishes = [topic.wish for one in content.organisations for topic in one.topics]
    wishes += [series.wish for one in content.organisations for series in one.weekly]
    assert {wish.room for wish in wishes if wish.room} <= rooms
    for kind in formats(content).values():
        assert set(kind.prefer) <= rooms, kind.key
    assert {one.home for one in content.organisations} <= {building.short for building in content.buildings}


def test_paragraphs_ask_for_nothing_but_what_is_filled_in(content):
    paragraphs = [
        text for kind in formats(content).values() for text in (*kind.opening, *kind.middle, *kind.list)
    ]
    paragraphs += [text for one in content.languages.values() for text in (*one.opening, *one.middle)]
    slots = {name for text in paragraphs for _, name, _, _ in Formatter().parse(text) if name is not None}
    assert slots <= {"speaker", "voice", "org", "Org"}


def test_every_format_has_days_and_hours(content):
    for kind in formats(content).values():
        assert len(kind.days) == 7, kind.key
        assert kind.all_day or (kind.times and kind.minutes), kind.key
        assert kind.rooms or kind.places or kind.online, kind.key


def test_every_language_of_an_event_has_paragraphs_and_names(content):
    spoken = {topic.language for one in content.organisations for topic in one.topics} - {"en"}
    assert {"fr", "es", "de", "zh", "ar"} <= spoken <= set(content.languages)
    assert spoken <= {group.speaks for group in content.names}


def test_clubs_of_the_cast_exist(content):
    assert {*ORGANISED, *JOINED} <= {one.slug for one in content.organisations}


def test_nothing_is_filler():
    for path in CONTENT.rglob("*.toml"):
        assert not re.search(r"lorem|ipsum|asdf|\bfoo\b|TBD|X{3}", path.read_text(), re.IGNORECASE), path.name


def test_line_without_a_hook_is_refused(content):
    with pytest.raises(ValueError, match="not an event"):
        _topic("lecture", "Only a title", formats(content))
    with pytest.raises(KeyError):
        _topic("lekture", "Title | Hook", formats(content))
