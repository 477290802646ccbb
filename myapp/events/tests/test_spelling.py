"""How mistyped words were meant."""

import pytest

from myapp.events.models import Word
from myapp.events.spelling import corrections, distance, folded
from myapp.testing.queries import queries

KNOWN = {
    "campus": 40,
    "workshop": 200,
    "robotics": 30,
    "jazz": 25,
    "music": 300,
    "muses": 2,
    "chess": 12,
    "orchestra": 20,
    "photography": 18,
    "volunteering": 9,
    "yoga": 50,
    "church": 3,
    "café": 0,
}


@pytest.fixture
def known(db: None) -> None:
    Word.objects.bulk_create(Word(word=folded(word), events=events) for word, events in KNOWN.items())


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *(("campsu", "campus"), ("wrokshop", "workshop"), ("worksop", "workshop"), ("robotcis", "robotics")),
        *(("jzaz", "jazz"), ("jaz", "jazz"), ("jezz", "jazz"), ("yoag", "yoga"), ("chruch", "church")),
        *(("orchestr4", None), ("photografy", "photography"), ("volunteerring", "volunteering")),
        *(("CAMPSU", "campus"), ("càmpsu", "campus"), ("musci", "music"), ("xylophone", None), ("zz", None)),
    ],
)
def test_corrections_of_slips(typed: str, meant: str | None) -> None:
    assert corrections([typed, "chess"]).get(typed) == meant


@pytest.mark.usefixtures("known")
def test_corrections_leave_known_words_and_beginnings_alone() -> None:
    assert corrections(["chess", "music"]) == {}
    assert corrections(["orches"]) == {}  # still being typed
    assert corrections(["café"]) == corrections(["caf"]) == {}
    assert corrections(["orchestr"], last_goes_on=False) == {"orchestr": "orchestra"}
    assert corrections(["orchestr", "chess"]) == {"orchestr": "orchestra"}  # no longer being typed


@pytest.mark.parametrize("word", ["jazzy", "jazz\U0010fffe", "jazzłódź", "jazz日本"])
def test_corrections_know_every_character_a_word_may_go_on_with(db: None, word: str) -> None:
    Word.objects.bulk_create([Word(word=word, events=1), Word(word="jizz", events=9)])

    assert corrections(["jazz"]) == {}
    assert corrections(["jazz"], last_goes_on=False) == {"jazz": "jizz"}


@pytest.mark.usefixtures("known")
def test_corrections_prefer_what_is_nearest_then_what_is_commonest() -> None:
    assert corrections(["musec"]) == {"musec": "music"}


@pytest.mark.usefixtures("known")
def test_corrections_cost_one_query_however_many_words() -> None:
    with queries(1):
        corrections(["campsu", "jzaz", "robotcis", "nonsense"])
    with queries(0):
        assert corrections(["c3po", "?", "ab"]) == {}


@pytest.mark.parametrize(
    ("one", "other", "mistakes"),
    [
        *(
            ("jazz", "jazz", 0),
            ("jzaz", "jazz", 1),
            ("jaz", "jazz", 1),
            ("jazzy", "jazz", 1),
            ("jess", "jazz", 3),
        ),
        *(("", "abc", 3), ("campsu", "campus", 1), ("kitten", "sitting", 3)),
    ],
)
def test_distance_counts_swapped_neighbours_once(one: str, other: str, mistakes: int) -> None:
    assert distance(one, other) == distance(other, one) == mistakes


@pytest.mark.parametrize(
    ("text", "plain"), [("Café", "cafe"), ("Straße", "strasse"), ("SMØRREBRØD", "smorrebrod")]
)
def test_folded_is_how_the_vocabulary_holds_words(text: str, plain: str) -> None:
    assert folded(text) == plain
