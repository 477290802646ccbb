"""The words that stand in events: what a mistyped search is corrected against."""

from collections.abc import Iterable

from django.db import connection, transaction

_WORDS = """
    to_tsvector('public.event_exact', concat_ws(' ', title, keywords, place_label, left(description_text, 20000)))
"""


def learn(event_ids: Iterable[int]) -> None:
    """Add the words of these events that are not known yet: one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO events_word (word, events)
            SELECT lexeme, count(*) FROM events_event, unnest({_WORDS})
            WHERE id = ANY(%s) AND is_upcoming AND length(lexeme) BETWEEN 3 AND 60 AND lexeme !~ '[0-9]'
            GROUP BY lexeme
            ORDER BY lexeme  -- two that learn the same words wait for each other in turn, never both
            ON CONFLICT (word) DO NOTHING
            """,  # noqa: S608 - the text put in is the constant above
            [list(event_ids)],
        )


@transaction.atomic
def relearn() -> int:
    """Count the words of all upcoming events anew and forget the others; returns how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE counted AS
            SELECT word, ndoc AS events FROM ts_stat($$ SELECT {_WORDS} FROM events_event WHERE is_upcoming $$)
            WHERE length(word) BETWEEN 3 AND 60 AND word !~ '[0-9]'
            """  # noqa: S608 - the text put in is the constant above
        )
        cursor.execute(
            """
            INSERT INTO events_word (word, events) SELECT word, events FROM counted ORDER BY word
            ON CONFLICT (word) DO UPDATE SET events = excluded.events WHERE events_word.events <> excluded.events
            """
        )
        # Last: who publishes an event just now with a word that is being forgotten waits no longer than need be.
        cursor.execute("DELETE FROM events_word WHERE word NOT IN (SELECT word FROM counted)")
        cursor.execute("SELECT count(*) FROM counted")
        known = int(cursor.fetchone()[0])
        cursor.execute("DROP TABLE counted")
        return known
