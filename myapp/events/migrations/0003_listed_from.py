"""How the search stays fast with a million events: statistics that fit what is listed, and texts at hand."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models import Q

# A row is too long for its page because of the description, which is kept three times. PostgreSQL would move the longest
# value out, `search`, which is read for every row that a search looks at; the descriptions are read for one event.
KEEP_AT_HAND = "ALTER TABLE events_event ALTER COLUMN search SET STORAGE MAIN"
AS_BEFORE = "ALTER TABLE events_event ALTER COLUMN search SET STORAGE EXTENDED"

# The texts of an event stand one after the other in `search`, each in two readings. Without room between them the last
# word of one and the first of the next would be neighbours, and "night jazz" would find "Jazz at night". The lexeme that
# makes room is one that no word can be, and it is taken out again.
VECTOR = """
CREATE OR REPLACE FUNCTION public.event_search_vector(title text, keywords text, place text, description text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT {0}setweight(to_tsvector('public.event_exact', title), 'A')
        {1} setweight(to_tsvector('public.event_stem', title), 'A')
        {1} setweight(to_tsvector('public.event_exact', keywords), 'B')
        {1} setweight(to_tsvector('public.event_stem', keywords), 'B')
        {1} setweight(to_tsvector('public.event_exact', place), 'C')
        {1} setweight(to_tsvector('public.event_exact', left(description, 20000)), 'D')
        {1} setweight(to_tsvector('public.event_stem', left(description, 20000)), 'D'){2}
$$;
UPDATE events_event SET title = title;
"""
WITH_ROOM = VECTOR.format("ts_delete(", "|| '§:2'::tsvector ||", ", '§')")
WITHOUT = VECTOR.format("", "||", "")


class Migration(migrations.Migration):
    """Rewrites the table once, for the new column; reversible."""

    dependencies = [("events", "0002_initial")]

    operations = [
        migrations.RunSQL(KEEP_AT_HAND, AS_BEFORE),
        migrations.RunSQL(WITH_ROOM, WITHOUT),
        migrations.RemoveIndex(model_name="event", name="events_event_upcoming_search"),
        migrations.AddField(
            model_name="event",
            name="listed_from",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(is_upcoming=True, then=models.F("starts_at"))),
                output_field=models.DateTimeField(null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["listed_from", "id"],
                condition=Q(listed_from__isnull=False),
                name="events_event_listed",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["language"],
                condition=Q(is_upcoming=True) & ~Q(language=""),
                name="events_event_language",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=GinIndex(
                fields=["search"],
                condition=Q(listed_from__isnull=False),
                fastupdate=False,
                name="events_event_listed_search",
            ),
        ),
    ]
