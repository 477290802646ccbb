"""How long the search takes on a campus with a million events: the worst of twelve words, by date and by relevance.

    DATABASE_URL=… python benchmarks/search_million.py [--repeat 9]

Makes the database on the first run, which takes some ten minutes. Each word is searched as a visitor searches it,
through `search()` with its marks. "cpu" is what PostgreSQL's process worked for it, which budgets are held against (a
machine that does other things as well makes the clock lie), "sql" the time we waited for it, "all" the whole. The twelve
words go from the commonest to the rarest, with several in the middle, where the planner changes its mind: the worst
word is not the commonest one.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import _million

WANTED = (10**9, 50_000, 20_000, 11_000, 8_000, 6_000, 4_000, 3_000, 1_000, 200, 30, 3)
TYPOS = 200
BUDGET_DATE, BUDGET_RELEVANCE, BUDGET_TYPO = 5.0, 20.0, 10.0


class Timing(NamedTuple):
    """Milliseconds of one way to ask: the processor's in PostgreSQL, then by the clock: waiting for it, and all of it."""

    cpu: float
    sql: float
    all: float


def measure(ask: Callable[[], object], repeat: int) -> Timing:
    """Ask once to warm up, then `repeat` times; medians."""
    from django.db import connection

    waited = 0.0

    def timed(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal waited
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            waited += time.perf_counter() - started

    cpu, sql, whole = [], [], []
    with connection.execute_wrapper(timed):
        ask()
        for _ in range(repeat):
            waited, worked, started = 0.0, backend_cpu(), time.perf_counter()
            ask()
            whole.append((time.perf_counter() - started) * 1000)
            cpu.append((backend_cpu() - worked) * 1000)
            sql.append(waited * 1000)
    return Timing(statistics.median(cpu), statistics.median(sql), statistics.median(whole))


def backend_cpu() -> float:
    """Return how many seconds of a processor our connection's process has used: on a busy machine the clock lies."""
    from django.db import connection

    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def words_to_ask() -> list[tuple[str, int]]:
    """Return the word nearest to each wanted number of upcoming events, and that number."""
    from django.db.models import F
    from django.db.models.functions import Abs

    from myapp.events.models import Word

    chosen: dict[str, int] = {}
    for wanted in WANTED:
        nearest = (
            Word.objects.exclude(word__in=chosen).alias(off=Abs(F("events") - wanted)).order_by("off", "word")
        )
        word = nearest.first()
        if word is None:
            raise SystemExit("The vocabulary is empty: run `manage.py maintain` on this database.")
        chosen[word.word] = word.events
    return sorted(chosen.items(), key=lambda one: -one[1])


def mistyped(word: str, chance: random.Random) -> str:
    """Return the word with one mistake of those people make: letters swapped, one missing, doubled or another."""
    at = chance.randrange(len(word) - 1)
    match chance.choice(["swap", "swap", "drop", "double", "change"]):
        case "swap":
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case "drop":
            return word[:at] + word[at + 1 :]
        case "double":
            return word[:at] + word[at] + word[at:]
    return word[:at] + chance.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :]


def main() -> None:
    """Print the table, and say which budget is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=9)
    repeat = parser.parse_args().repeat
    _million.use()
    worst_date = table_of("by date", "date", repeat)
    worst_relevance = table_of("by relevance", "relevance", repeat)
    worst_typo = typos(repeat)
    kept = True
    print()
    for name, seen, budget in (
        ("by date", worst_date, BUDGET_DATE),
        ("by relevance", worst_relevance, BUDGET_RELEVANCE),
        ("a typo more", worst_typo, BUDGET_TYPO),
    ):
        kept = kept and seen <= budget
        print(
            f"{name:14} worst {seen:5.1f} ms, budget {budget:.0f} ms: {'kept' if seen <= budget else 'BROKEN'}"
        )
    raise SystemExit(not kept)


def table_of(title: str, order: str, repeat: int) -> float:
    """Print the twelve words in one order; returns the worst."""
    from myapp.events.filters import EventFilters
    from myapp.events.marks import mark_rows
    from myapp.events.search import TEXTS, search

    print(f"\n{title:24} {'events':>8} {'found':>6} {'cpu':>7} {'sql':>7} {'all':>7}  ms")
    worst = 0.0
    for word, events in words_to_ask():
        filters = EventFilters(q=word, order=order)

        def ask(filters: EventFilters = filters) -> None:
            mark_rows(search(filters, also=TEXTS).rows, filters.q)

        found = search(filters)
        timing = measure(ask, repeat)
        worst = max(worst, timing.cpu)
        number = "100+" if found.capped else str(found.count)
        print(f"{word:24} {events:8,} {number:>6} {timing.cpu:7.1f} {timing.sql:7.1f} {timing.all:7.1f}")
    return worst


def typos(repeat: int) -> float:
    """Print what correcting costs for the twelve words and how many of many typos are understood; returns the worst."""
    from myapp.events.models import Word
    from myapp.events.spelling import corrections

    chance = random.Random(2)
    print(f"\n{'a typo':24} {'meant':>24} {'cpu':>7} {'sql':>7} {'all':>7}  ms")
    worst = 0.0
    for word, _ in words_to_ask():
        typo = mistyped(word, chance)
        timing = measure(partial(corrections, [typo]), repeat)
        worst = max(worst, timing.cpu)
        meant = corrections([typo]).get(typo, "-")
        print(f"{typo:24} {meant:>24} {timing.cpu:7.1f} {timing.sql:7.1f} {timing.all:7.1f}")
    known = list(Word.objects.filter(events__gte=20).order_by("word").values_list("word", flat=True))
    sample = chance.sample(known, TYPOS)
    understood = 0
    slowest = 0.0
    for word in sample:
        typo = mistyped(word, chance)
        started = time.perf_counter()
        understood += corrections([typo]).get(typo, typo) == word
        slowest = max(slowest, (time.perf_counter() - started) * 1000)
    print(f"{understood} of {TYPOS} typos understood; the slowest took {slowest:.1f} ms")
    return worst


if __name__ == "__main__":
    main()
