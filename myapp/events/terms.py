"""What a person typed into the search, as terms, and how PostgreSQL looks for them."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import snowballstemmer
from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery

from myapp.events.spelling import folded

_MOST_TERMS = 8
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»❝❞＂", '"'))
_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]+)"|(?P<word>[^\s"]+))')

TextQuery = SearchQuery | CombinedSearchQuery


class Term(NamedTuple):
    """One thing that is looked for: a word, or words that stand together; or that must not be there."""

    text: str
    is_phrase: bool = False
    is_excluded: bool = False


# English as PostgreSQL's own: both are the Snowball stemmer (https://snowballstem.org/algorithms/english/stemmer.html).
_STEMMER = snowballstemmer.stemmer("english")


@lru_cache(maxsize=4096)
def stem_of(word: str) -> str:
    """Return the stem of a plain word in lower case, as the search knows it."""
    return str(_STEMMER.stemWord(word))


def terms(words: str) -> list[Term]:
    """Return what is looked for: words, "words in quotes" that stand together, and -words that must not be there.

    At most eight; whoever types more has typed enough to be found by the first.
    """
    found = []
    for match in _TERM.finditer(words.translate(_QUOTES)):
        text = match["phrase"] or match["word"]
        if any(char.isalnum() for char in text):
            found.append(Term(text.strip(), bool(match["phrase"]), bool(match["minus"])))
    return found[:_MOST_TERMS]


def text_query(words: str) -> TextQuery | None:
    """Return the words as PostgreSQL looks for them, None where there is nothing to look for (such as "?!").

    All terms must be there; the last word may be half typed.
    """
    asked = terms(words)
    whole: TextQuery | None = None
    for term in asked:
        part = _term_query(term, may_go_on=term is asked[-1])
        whole = part if whole is None else whole & part
    return whole


def _term_query(term: Term, *, may_go_on: bool) -> TextQuery:
    kind = "phrase" if term.is_phrase else "plain"
    stem = SearchQuery(term.text, config="public.event_stem", search_type=kind, invert=term.is_excluded)
    exact = SearchQuery(term.text, config="public.event_exact", search_type=kind, invert=term.is_excluded)
    if term.is_excluded:
        return stem & exact
    if may_go_on and not term.is_phrase and is_beginning(term.text):
        # One lexeme in quotes, so that no character of it is read as an operator of a tsquery.
        exact = SearchQuery(f"'{term.text}':*", config="public.event_exact", search_type="raw")
        if stem_of(folded(term.text)) == folded(term.text):
            return exact  # whose beginnings are stems as well: half the work in the index
    return stem | exact


def is_beginning(word: str) -> bool:
    """Whether a word may be the beginning of others: letters and digits alone, and not a single Latin letter."""
    return (len(word) > 1 or not word.isascii()) and all(
        unicodedata.category(char)[0] in "LMN" for char in word
    )
