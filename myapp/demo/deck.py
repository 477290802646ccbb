"""Which event comes next: every topic once before any comes twice, and never the same one soon again."""

import datetime as dt
import random
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

from myapp.demo.bank import Topic

_LOOK_AHEAD = 64  # how far down a pile to look for a card that may be played


@dataclass
class Card:
    """A topic in the hands of one organisation, and when it was played."""

    topic: Topic
    organisation: int
    played: int = 0
    last: dt.date = dt.date.min


class Deck:
    """All topics of all organisations, in a pile for each format."""

    def __init__(self, chance: random.Random, cards: Sequence[Card], gap: int) -> None:
        self._gap = gap
        self._busy: set[tuple[int, dt.date]] = set()
        piles: dict[str, list[Card]] = defaultdict(list)
        for card in cards:
            piles[card.topic.format.key].append(card)
        for pile in piles.values():
            chance.shuffle(pile)
        self._piles = {key: deque(pile) for key, pile in piles.items()}
        self._keys = list(piles)
        self._weights = [
            list(accumulate(len(piles[key]) * piles[key][0].topic.format.days[weekday] for key in self._keys))
            for weekday in range(7)
        ]

    def draw(self, chance: random.Random, day: dt.date, key: str = "") -> Card:
        """Return the card to play on that day; with `key`, one of that format."""
        for patience in range(60):
            kind = key or chance.choices(self._keys, cum_weights=self._weights[day.weekday()])[0]
            card = self._from_pile(self._piles[kind], day, strict=patience < 40)
            if card:
                self._busy.add((card.organisation, day))
                card.played += 1
                card.last = day
                return card
        raise ValueError(f"there are too few topics for {day}")

    def _from_pile(self, pile: deque[Card], day: dt.date, *, strict: bool) -> Card | None:
        """Take the first card that may be played and put it under the pile."""
        for place, card in enumerate(islice(pile, _LOOK_AHEAD)):
            months = card.topic.wish.months
            if months and day.month not in months:
                continue
            if strict and (abs((day - card.last).days) < self._gap or (card.organisation, day) in self._busy):
                continue
            del pile[place]
            pile.append(card)
            return card
        pile.rotate(-_LOOK_AHEAD)
        return None
