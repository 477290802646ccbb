"""How mistyped words were meant: the nearest words that stand in events.

Trigrams (pg_trgm) find most of what looks alike, but swapping two letters of a short word changes nearly all of its
trigrams, so the words one slip away are asked for by name as well. Which of the candidates is nearest is settled here:
levenshtein() of PostgreSQL counts two swapped letters as two mistakes, and people make that one most.
"""

import unicodedata
from collections.abc import Sequence

from django.db import connection

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST, _LONGEST = 3, 40
# Up to this length a wrong letter leaves fewer trigrams in common than pg_trgm asks for.
_SHORT = 5
_CANDIDATES = 40
# What `unaccent` makes of letters that decomposition leaves alone.
_PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}
)

# A word that stands in events needs no correction, nor does one half typed that begins such a word. The rest is looked
# up in the index over trigrams, and by the primary key for the words one slip away. What a word begins is said as a range
# in the order of bytes, which ends before the last character there is: LIKE with a pattern that is no constant reads
# every word.
_NEAR = """
    SELECT asked.word, near.word, near.events
    FROM unnest(%(words)s::text[], %(go_on)s::bool[]) AS asked (word, goes_on)
    CROSS JOIN LATERAL (
        (SELECT word, events FROM events_word WHERE word %% asked.word
         ORDER BY similarity(word, asked.word) DESC, events DESC LIMIT %(most)s)
        UNION
        (SELECT word, events FROM events_word WHERE word = ANY (%(slips)s))
    ) AS near
    WHERE NOT EXISTS (SELECT FROM events_word WHERE word = asked.word)
    AND NOT (asked.goes_on AND EXISTS (
        SELECT FROM events_word WHERE word ~>=~ asked.word AND word ~<~ (asked.word || chr(1114111))
    ))
"""


def folded(text: str) -> str:
    """Return text in lower case and without accents, as the vocabulary holds words."""
    plain = "".join(
        char for char in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(char)
    )
    return plain.translate(_PLAIN)


def corrections(words: Sequence[str], *, last_goes_on: bool = True) -> dict[str, str]:
    """Return, for those of the words that no upcoming event holds, the word that was probably meant: one query.

    The last word may be half typed where `last_goes_on`. Words that are known, shorter than three letters or unlike
    any known word are left out. What is nearest wins, then what begins alike, then what stands in most events.
    """
    asked = {word: folded(word) for word in words}
    plain = [
        word
        for word in dict.fromkeys(asked.values())
        if word.isalpha() and _SHORTEST <= len(word) <= _LONGEST
    ]
    if not plain:
        return {}
    go_on = [last_goes_on and word == folded(words[-1]) for word in plain]
    slips = [slip for word in plain for slip in _one_slip_away(word)]
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, {"words": plain, "go_on": go_on, "slips": slips, "most": _CANDIDATES})
        candidates = cursor.fetchall()
    best: dict[str, tuple[tuple[int, bool, int], str]] = {}
    for word, near, events in candidates:
        away = distance(word, near)
        judged = ((away, word[0] != near[0], -events), near)
        if away <= _most_mistakes(word) and (word not in best or judged < best[word]):
            best[word] = judged
    return {word: best[plain][1] for word, plain in asked.items() if plain in best}


def _most_mistakes(word: str) -> int:
    """How many mistakes a word of this length may hold before it is another word."""
    return 1 if len(word) <= 4 else 2 if len(word) <= 8 else 3


def _one_slip_away(word: str) -> set[str]:
    """The words that two swapped letters make of this one; for a short word also a letter more, less or another."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    slips = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    if len(word) <= _SHORT:
        slips |= {a + b[1:] for a, b in cuts if b and len(word) > _SHORTEST}
        slips |= {a + letter + b[1:] for a, b in cuts if b for letter in _LETTERS}
        slips |= {a + letter + b for a, b in cuts for letter in _LETTERS}
    return slips - {word}


def distance(one: str, other: str) -> int:
    """Return how many letters must be added, dropped, changed or swapped with their neighbour to make one word the other.

    The optimal string alignment distance: https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, opposite in enumerate(other, start=1):
            least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == opposite:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]
