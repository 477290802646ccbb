"""How words are read for search, before any table uses it."""

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension, UnaccentExtension
from django.db import migrations

# Two readings of the same words: `event_stem` so that "workshops" finds "workshop", `event_exact` so that a word
# half typed finds its beginning (the stem of half a word is no beginning of the word's stem). Neither drops stop
# words: people look for "The Who". Names are qualified, because pg_restore runs with an empty search path.
FORWARDS = """
CREATE TEXT SEARCH DICTIONARY public.event_stemmer (TEMPLATE = snowball, Language = english);
CREATE TEXT SEARCH CONFIGURATION public.event_stem (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION public.event_stem
    ALTER MAPPING FOR asciiword, asciihword, hword_asciipart, word, hword, hword_part
    WITH public.unaccent, public.event_stemmer;
CREATE TEXT SEARCH CONFIGURATION public.event_exact (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION public.event_exact
    ALTER MAPPING FOR asciiword, asciihword, hword_asciipart, word, hword, hword_part
    WITH public.unaccent, simple;
CREATE FUNCTION public.event_search_vector(title text, keywords text, place text, description text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector('public.event_exact', title), 'A')
        || setweight(to_tsvector('public.event_stem', title), 'A')
        || setweight(to_tsvector('public.event_exact', keywords), 'B')
        || setweight(to_tsvector('public.event_stem', keywords), 'B')
        || setweight(to_tsvector('public.event_exact', place), 'C')
        || setweight(to_tsvector('public.event_exact', left(description, 20000)), 'D')
        || setweight(to_tsvector('public.event_stem', left(description, 20000)), 'D')
$$;
"""

BACKWARDS = """
DROP FUNCTION public.event_search_vector(text, text, text, text);
DROP TEXT SEARCH CONFIGURATION public.event_exact;
DROP TEXT SEARCH CONFIGURATION public.event_stem;
DROP TEXT SEARCH DICTIONARY public.event_stemmer;
"""


class Migration(migrations.Migration):
    """Extensions, dictionaries and the function behind the `search` column; reversible."""

    dependencies = []

    operations = [
        UnaccentExtension(),
        TrigramExtension(),
        BtreeGinExtension(),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
